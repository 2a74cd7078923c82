/**
 * The completion script for fish.
 *
 * @module
 */

import type { CompletedCommand, CompletedFlag } from "./completed_flags.ts";

/** The second word is the command, also if a command stands after it, as in `help register`. */
const FUNCTIONS = `
# Completes crosswarp in fish. \`crosswarp completions fish\` printed this file.
function __crosswarp_uses -d "True if this is the command"
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end
function __crosswarp_list -d "These words, each after the words before the last comma"
    set -l head (string replace -r '^(?:--[a-z0-9-]+=)?(.*,)?[^,]*$' '$1' -- (commandline -ct))
    printf '%s\\n' $head$argv
end
complete -c crosswarp -f
complete -c crosswarp -n __fish_use_subcommand -l help -d 'List the commands'
complete -c crosswarp -n __fish_use_subcommand -l version -d 'Print the version'
`;

/** The script that `crosswarp completions fish` prints. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = FUNCTIONS.trim().split("\n");
  for (const { name, summary, flags, words } of commands) {
    lines.push(
      `complete -c crosswarp -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    );
    const start = `complete -c crosswarp -n '__crosswarp_uses ${name}'`;
    if (words.length > 0) lines.push(`${start} -a ${quoted(words.join(" "))}`);
    for (const flag of flags) lines.push(`${start} ${flagOptions(flag)}`);
  }
  return lines.join("\n") + "\n";
}

function flagOptions({ name, summary, value, words }: CompletedFlag): string {
  const start = `-l ${name} -d ${quoted(summary)}`;
  switch (value) {
    case "none":
      return start;
    case "file":
      return `${start} -r -F`;
    case "folder":
      return `${start} -x -a '(__fish_complete_directories)'`;
    case "word":
      return `${start} -x -a ${quoted(words.join(" "))}`;
    case "list":
      return `${start} -x -a '(__crosswarp_list ${words.join(" ")})'`;
    case "text":
      return `${start} -x`;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
