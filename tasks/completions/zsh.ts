/**
 * The completion script for zsh.
 *
 * @module
 */

import type { CompletedCommand, CompletedFlag } from "./completed_flags.ts";

/** The script that `crosswarp completions zsh` prints. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => quoted(`${name}:${summary}`));
  return `#compdef crosswarp
# Completes crosswarp in zsh. \`crosswarp completions zsh\` printed this file.
_crosswarp() {
  local -a commands
  commands=(
${described.map((text) => `    ${text}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then compadd -- --help --version
    else _describe -t commands command commands; fi
    return
  fi
  # From here the command is the first word.
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _crosswarp ]]; then _crosswarp "$@"; else compdef _crosswarp crosswarp; fi
`;
}

function commandCase({ name, flags, words }: CompletedCommand): string {
  const specs = flags.length > 0
    ? flags.map(flagSpec)
    : [quoted(`1:${name === "help" ? "command" : "shell"}:(${words.join(" ")})`)];
  return `    ${name})\n      _arguments \\\n${
    specs.map((spec) => `        ${spec}`).join(" \\\n")
  } ;;`;
}

function flagSpec({ name, summary, value, words, canRepeat }: CompletedFlag): string {
  const repeat = canRepeat ? "*" : "";
  const sign = value === "none" ? "" : "=";
  const text = `${repeat}--${name}${sign}[${summary.replace(/[[\]\\]/g, "\\$&")}]`;
  switch (value) {
    case "none":
      return quoted(text);
    case "file":
      return quoted(`${text}:file:_files`);
    case "folder":
      return quoted(`${text}:folder:_files -/`);
    case "word":
      return quoted(`${text}:${name}:(${words.join(" ")})`);
    case "list":
      return quoted(`${text}:${name}:_values -s , ${name} ${words.join(" ")}`);
    case "text":
      return quoted(`${text}:${name}: `);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
