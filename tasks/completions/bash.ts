/**
 * The completion script for bash 3.2 or newer.
 *
 * @module
 */

import type { CompletedCommand, CompletedFlag } from "./completed_flags.ts";

/** The script that `crosswarp completions bash` prints. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# Completes crosswarp in bash. \`crosswarp completions bash\` printed this file.
_crosswarp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  local kind=word words="" head="" IFS=$' \\t\\n'
  # Bash splits --flag=value at the sign.
  if [[ $current == "=" ]]; then current=""
  elif [[ $before == "=" ]]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  if ((COMP_CWORD == 1)); then
    words="${names} --help --version"
  else
    case "\${COMP_WORDS[1]} $before" in
${commands.flatMap(valueCases).map((line) => `      ${line}`).join("\n")}
      *)
        case "\${COMP_WORDS[1]}" in
${commands.filter(({ flags }) => flags.length > 0).map(flagCase).join("\n")}
        esac ;;
    esac
  fi
  COMPREPLY=()
  case $kind in
    word) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    list)
      # The words before the last comma are complete.
      head="\${current%"\${current##*,}"}"
      COMPREPLY=($(compgen -P "$head" -W "$words" -- "\${current##*,}")) ;;
    file | folder)
      IFS=$'\\n'
      compopt -o filenames 2>/dev/null
      if [[ $kind == file ]]; then COMPREPLY=($(compgen -f -- "$current"))
      else COMPREPLY=($(compgen -d -- "$current")); fi ;;
  esac
}
complete -F _crosswarp crosswarp
`;
}

/** The cases of the words that stand after a flag, or after a command without flags. */
function valueCases({ name, flags, words }: CompletedCommand): string[] {
  if (flags.length === 0) return [`"${name} ${name}") words="${words.join(" ")}" ;;`];
  const cases: string[] = [];
  for (const kind of ["file", "folder", "text"] as const) {
    const patterns = flags.filter(({ value }) => value === kind).map((flag) => after(name, flag));
    if (patterns.length > 0) cases.push(`${patterns.join(" | ")}) kind=${kind} ;;`);
  }
  for (const flag of flags) {
    if (flag.value !== "word" && flag.value !== "list") continue;
    cases.push(`${after(name, flag)}) kind=${flag.value} words="${flag.words.join(" ")}" ;;`);
  }
  return cases;
}

function after(command: string, flag: CompletedFlag): string {
  return `"${command} --${flag.name}"`;
}

function flagCase({ name, flags }: CompletedCommand): string {
  return `          ${name}) words="${flags.map((flag) => `--${flag.name}`).join(" ")}" ;;`;
}
