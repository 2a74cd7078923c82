/**
 * Flags that follow from declared options: those of the similarities and of the registration methods.
 *
 * @module
 */

import {
  type OptionDeclaration,
  type OptionDeclarations,
  optionProblem,
} from "../registration/option_declarations.ts";
import { type Flag, kebabCase, UsageError } from "./_flags.ts";

/** The owner of options, such as a similarity. */
export interface OptionOwner {
  /** The owner's name in `--help`. */
  readonly name: string;
  /** The owner's options. */
  readonly options: OptionDeclarations;
}

/**
 * A flag for each option of the owners. An option that several owners share is one flag. A flag with a number
 * has no default of its own, because the default may depend on the owner.
 *
 * @example Usage
 * ```ts
 * import { optionFlags } from "./_option_flags.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const window = { type: "number", default: 10, min: 0.1, unit: "mm", help: "the window" } as const;
 * const flags = optionFlags([{ name: "lncc", options: { window } }]);
 * assertEquals(flags.window.help, "lncc: the window. The default is 10.");
 * ```
 */
export function optionFlags(owners: readonly OptionOwner[]): Record<string, Flag> {
  const names = new Set(owners.flatMap(({ options }) => Object.keys(options)));
  return Object.fromEntries([...names].map((name) => {
    const having = owners.filter(({ options }) => name in options);
    return [name, flagOf(having.map((owner) => owner.name).join(", "), having[0].options[name])];
  }));
}

function flagOf(owners: string, option: OptionDeclaration): Flag {
  const help = `${owners}: ${option.help}`;
  switch (option.type) {
    case "number": {
      const { min, max, unit } = option;
      return { type: "number", min, max, unit, help: `${help}. The default is ${option.default}.` };
    }
    case "boolean":
      return { type: "boolean", help: `${help}.` };
    case "choice": {
      const { choices } = option;
      if (option.numberAbove === undefined) {
        return { type: "choice", choices, default: option.default, help: `${help}.` };
      }
      const valueName = [...choices, "N"].join("|");
      return { type: "string", valueName, default: option.default, help: `${help}.` };
    }
  }
}

/**
 * The options of one owner among the parsed flags, as the library takes them.
 *
 * @throws {UsageError} when a value is not allowed.
 */
export function optionValues(
  options: OptionDeclarations,
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, valueOf(name, option, flags[name])]),
  );
}

function valueOf(name: string, option: OptionDeclaration, given: unknown): unknown {
  if (given === undefined) return undefined;
  const isNumber = option.type === "choice" && typeof given === "string" &&
    !option.choices.includes(given) && given.trim() !== "";
  const value = isNumber ? Number(given) : given;
  const problem = optionProblem(option, value);
  if (problem !== undefined) {
    throw new UsageError(`--${kebabCase(name)} ${problem}, got "${given}"`);
  }
  return value;
}
