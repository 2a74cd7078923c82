/**
 * The properties of a task's flags that a shell needs to complete them.
 *
 * @module
 */

import { type Flag, kebabCase, type TaskSpec } from "../_flags.ts";

/** The maximum length of a flag's description in characters. */
const MAX_SUMMARY = 80;

/** The values of a flag: no value, the names of files or of folders, known words, a list of these, or any text. */
export type CompletedValue = "none" | "file" | "folder" | "word" | "list" | "text";

/** A flag of a command. */
export interface CompletedFlag {
  /** The name, without hyphens in front. */
  readonly name: string;
  /** The first sentence of its description in one line, without the full stop. */
  readonly summary: string;
  /** The kind of its value. */
  readonly value: CompletedValue;
  /** The known words of `word` and `list`. */
  readonly words: readonly string[];
  /** True if the flag may be given several times. */
  readonly canRepeat: boolean;
}

/** A command with its flags. */
export interface CompletedCommand {
  /** The name. */
  readonly name: string;
  /** One line that describes the command. */
  readonly summary: string;
  /** Its flags. */
  readonly flags: readonly CompletedFlag[];
  /** The words that can follow the command if it has no flags. */
  readonly words: readonly string[];
}

/** The flags of a declaration in its order, and `--help`. Aliases are not completed. */
export function completedFlags({ flags }: TaskSpec): CompletedFlag[] {
  const found = Object.entries(flags).map(([key, flag]): CompletedFlag => {
    const words = wordsOf(flag);
    return {
      name: kebabCase(key),
      summary: firstSentence(flag.help),
      value: valueOf(flag, words),
      words,
      canRepeat: ["list", "paths", "numbers", "integers"].includes(flag.type),
    };
  });
  found.push({
    name: "help",
    summary: "Show the flags",
    value: "none",
    words: [],
    canRepeat: false,
  });
  return found;
}

function valueOf(flag: Flag, words: readonly string[]): CompletedValue {
  if (flag.type === "boolean") return "none";
  if (words.length > 0) return flag.type === "list" ? "list" : "word";
  if (flag.valueName === "FILE") return "file";
  return flag.valueName === "FOLDER" ? "folder" : "text";
}

function wordsOf(flag: Flag): readonly string[] {
  if (flag.type === "choice" || flag.type === "list") return flag.choices ?? [];
  if (flag.type !== "string" || !flag.valueName?.includes("|")) return [];
  // Words or a number, as in `gradient|change|N`.
  return flag.valueName.split("|").filter((word) => word !== word.toUpperCase());
}

/** The first sentence, without the full stop; a long one is cut between two words. */
function firstSentence(text: string): string {
  const sentence = text.replace(/\.\s+[A-Z].*$/s, "").replace(/\.$/, "");
  if (sentence.length <= MAX_SUMMARY) return sentence;
  return sentence.slice(0, MAX_SUMMARY - 3).replace(/\W*\s\S*$/, "...");
}
