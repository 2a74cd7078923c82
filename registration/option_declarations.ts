/**
 * Declarations of options: one declaration gives an option's default, its check, its flag and its text in
 * `--help`.
 *
 * @module
 */

import type { Complete } from "../host/defaults.ts";

/** An option with a number. */
export interface NumberOption {
  /** The kind of value. */
  readonly type: "number";
  /** The value of an option that is not given. */
  readonly default: number;
  /** Minimum. */
  readonly min: number;
  /** Maximum. Default: no maximum. */
  readonly max?: number | undefined;
  /** The value's unit. */
  readonly unit?: string | undefined;
  /** Describes the option in `--help`, without a full stop. */
  readonly help: string;
}

/** An option that is on or off, and off when it is not given. */
export interface BooleanOption {
  /** The kind of value. */
  readonly type: "boolean";
  /** The value of an option that is not given. */
  readonly default: false;
  /** Describes the option in `--help`, without a full stop. */
  readonly help: string;
}

/** An option with one of a few words, or with a number in place of a word. */
export interface ChoiceOption {
  /** The kind of value. */
  readonly type: "choice";
  /** The allowed words. */
  readonly choices: readonly string[];
  /** The word of an option that is not given. */
  readonly default: string;
  /** Allows numbers above this limit, too; only words are allowed when it is absent. */
  readonly numberAbove?: number | undefined;
  /** Describes the option in `--help`, without a full stop. */
  readonly help: string;
}

/** The declaration of one option. */
export type OptionDeclaration = NumberOption | BooleanOption | ChoiceOption;

/** The declarations of all options in `T`, by their names. */
export type OptionDeclarations<T extends object = Readonly<Record<string, unknown>>> = {
  readonly [K in keyof T]-?: OptionDeclaration;
};

/**
 * The reason that a value is not allowed, such as "must be 0 to 1"; undefined when it is allowed.
 *
 * @example Usage
 * ```ts
 * import { optionProblem } from "./option_declarations.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const beta = { type: "number", default: 0.8, min: 0, max: 1, help: "the weight" } as const;
 * assertEquals(optionProblem(beta, 1.2), "must be 0 to 1");
 * assertEquals(optionProblem(beta, 0.5), undefined);
 * ```
 */
export function optionProblem(option: OptionDeclaration, value: unknown): string | undefined {
  switch (option.type) {
    case "number": {
      const { min, max = Infinity, unit } = option;
      if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) {
        return undefined;
      }
      const range = max === Infinity ? `at least ${min}` : `${min} to ${max}`;
      return `must be ${range}${unit === undefined ? "" : ` ${unit}`}`;
    }
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "choice": {
      const { choices, numberAbove } = option;
      if (choices.includes(value as string)) return undefined;
      if (
        numberAbove !== undefined && typeof value === "number" && Number.isFinite(value) &&
        value > numberAbove
      ) return undefined;
      const allowed = choices.map((word) => `"${word}"`);
      if (numberAbove !== undefined) allowed.push(`a number above ${numberAbove}`);
      return `must be ${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
    }
  }
}

/**
 * The options of `declarations` with their defaults filled in.
 *
 * @param owner - The owner of the options in messages, such as "the similarity nmi".
 * @param declarations - The options that the owner has.
 * @param given - The given options; `undefined` is the same as absent.
 * @throws {RangeError} when a given option does not belong to the owner or has a value that is not allowed.
 */
export function completeOptions<T extends object>(
  owner: string,
  declarations: OptionDeclarations<T>,
  given: T,
): Complete<T> {
  const known = new Map(Object.entries<OptionDeclaration>(declarations));
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const option = known.get(name);
    if (option === undefined) throw new RangeError(`\`${name}\` does nothing with ${owner}`);
    const problem = optionProblem(option, value);
    if (problem !== undefined) throw new RangeError(`\`${name}\` ${problem}, got ${value}`);
  }
  const values = [...known].map(([name, option]) => [
    name,
    (given as Record<string, unknown>)[name] ?? option.default,
  ]);
  return Object.fromEntries(values) as Complete<T>;
}
