/**
 * The scripts with which shells complete the commands, flags and words of `crosswarp`. They follow from the
 * declarations of the tasks, and contain all words: a shell need not run `crosswarp` at each press of Tab.
 *
 * @module
 */

import type { TaskSpec } from "../_flags.ts";
import { bashScript } from "./bash.ts";
import { type CompletedCommand, completedFlags } from "./completed_flags.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

/** The shells that have a script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell that has a script. */
export type Shell = (typeof SHELLS)[number];

/** Returns true if a word is a shell that has a script. */
export function isShell(text: string): text is Shell {
  return (SHELLS as readonly string[]).includes(text);
}

/** A command with its declaration. `help` and `completions` have none. */
export interface DeclaredCommand {
  /** The command's name. */
  readonly name: string;
  /** One line that describes the command. */
  readonly summary: string;
  /** The declaration of its flags. */
  readonly spec: TaskSpec | undefined;
}

/** The script of a shell. */
export function completionScript(shell: Shell, declared: readonly DeclaredCommand[]): string {
  const tasks = declared.filter(({ spec }) => spec !== undefined).map(({ name }) => name);
  const commands = declared.map(({ name, summary, spec }): CompletedCommand => {
    if (spec !== undefined) return { name, summary, flags: completedFlags(spec), words: [] };
    return { name, summary, flags: [], words: name === "completions" ? SHELLS : tasks };
  });
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

/** The text of `crosswarp completions --help`. */
export function completionHelp(): string {
  return `Prints a script with which a shell completes commands, flags, choices and file names.

Usage: crosswarp completions ${SHELLS.join("|")}

Write the script to a file that the shell reads, and write it again after an update of crosswarp:
  mkdir -p ~/.local/share/bash-completion/completions
  crosswarp completions bash > ~/.local/share/bash-completion/completions/crosswarp

  crosswarp completions zsh > "\${fpath[1]}/_crosswarp"

  crosswarp completions fish > ~/.config/fish/completions/crosswarp.fish
`;
}
