/**
 * Command-line flags, declared once: the declaration gives the values' types, the defaults, the checks
 * and the text of `--help`.
 *
 * @module
 */

import { didYouMean } from "./_did_you_mean.ts";

/** The words before a task's name on the command line: those of a clone, or those of the command in cli.ts. */
export type Program = "deno task" | "crosswarp";

/** The properties that every kind of flag has. */
interface FlagBase {
  /** One or two sentences for `--help`. */
  readonly help: string;
  /** True if the user must give the flag. A flag with a default is never required. */
  readonly required?: boolean | undefined;
  /** The placeholder of the value in `--help`, such as `FILE`. */
  readonly valueName?: string | undefined;
  /** The value's unit, for `--help`. */
  readonly unit?: string | undefined;
  /** Other names of the flag in kebab case, without hyphens in front, such as its name of an earlier version. */
  readonly aliases?: readonly string[] | undefined;
}

/** A flag with any text, a path for instance. */
export interface StringFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "string";
  /** The value of a flag that is not given. */
  readonly default?: string | undefined;
}

/** A flag with a number; the bounds are allowed values. */
export interface NumberFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "number" | "integer";
  /** The value of a flag that is not given. */
  readonly default?: number | undefined;
  /** Minimum value. */
  readonly min?: number | undefined;
  /** Maximum value. */
  readonly max?: number | undefined;
}

/** A flag without a value. It is false when absent; a negative one is declared as `noRigid`. */
export interface BooleanFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "boolean";
}

/** A flag with one of a few words. */
export interface ChoiceFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "choice";
  /** The allowed words. */
  readonly choices: readonly string[];
  /** The value of a flag that is not given. */
  readonly default?: string | undefined;
}

/** A flag with several values, separated by commas or given by repeating the flag. */
export interface ListFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "list";
  /** The allowed words. Default: all words. */
  readonly choices?: readonly string[] | undefined;
  /** The values of a flag that is not given. */
  readonly default?: readonly string[] | undefined;
}

/** A flag with one or more paths, given by repeating the flag. Paths may contain commas. */
export interface PathsFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "paths";
}

/** A flag with several numbers, separated by commas or given by repeating the flag. */
export interface NumberListFlag extends FlagBase {
  /** The kind of value. */
  readonly type: "numbers" | "integers";
  /** The values of a flag that is not given. */
  readonly default?: readonly number[] | undefined;
  /** Minimum value. */
  readonly min?: number | undefined;
  /** Maximum value. */
  readonly max?: number | undefined;
}

/** One flag of a task. */
export type Flag =
  | StringFlag
  | NumberFlag
  | BooleanFlag
  | ChoiceFlag
  | ListFlag
  | PathsFlag
  | NumberListFlag;

/**
 * A task's declaration. `movingLabels` in `flags` is `--moving-labels` on the command line. Every task
 * exports its own as `TASK`, `as const`, so that the flags' words stay types.
 */
export interface TaskSpec<
  F extends Readonly<Record<string, Flag>> = Readonly<Record<string, Flag>>,
> {
  /** The task's name in deno.json. */
  readonly name: string;
  /** One sentence that describes the task. */
  readonly summary: string;
  /** Additional lines for `--help`, after the flags. */
  readonly details?: string | undefined;
  /** Command lines for `--help`, without the program and the task's name. */
  readonly examples?: readonly string[] | undefined;
  /** The task's flags. */
  readonly flags: F;
}

type Value<F extends Flag> = F extends { type: "boolean" } ? boolean
  : F extends { type: "number" | "integer" } ? number
  : F extends { type: "choice"; choices: readonly (infer C)[] } ? C
  : F extends { type: "list"; choices: readonly (infer C)[] } ? readonly C[]
  : F extends { type: "list" | "paths" } ? readonly string[]
  : F extends { type: "numbers" | "integers" } ? readonly number[]
  : string;

type IsGiven<F extends Flag> = F extends { type: "boolean" } ? true
  : F extends { required: true } ? true
  : F extends { default: string | number | readonly (string | number)[] } ? true
  : false;

/** The parsed values; a flag that is neither required nor has a default may be undefined. */
export type FlagValues<F extends Readonly<Record<string, Flag>>> = {
  -readonly [K in keyof F]: IsGiven<F[K]> extends true ? Value<F[K]> : Value<F[K]> | undefined;
};

/** The parsed values of a task's flags, as in `FlagsOf<typeof TASK>`. */
export type FlagsOf<T extends TaskSpec> = FlagValues<T["flags"]>;

/** A command line that the task cannot accept. `runTask` prints it and exits with 2. */
export class UsageError extends Error {
  /** The error's name. */
  override name = "UsageError";
}

/** A request of `--help`. `runTask` prints the text and exits with 0. */
export class HelpRequest extends Error {
  /** The error's name. */
  override name = "HelpRequest";
}

/**
 * Reads a command line: `--flag value`, `--flag=value`, lists by commas or repetition.
 *
 * @param program - The program that help and errors name.
 * @throws {HelpRequest} with the text when `--help` or `-h` is among the arguments.
 * @throws {UsageError} on an unknown flag, a missing or bad value, a flag given twice, a missing
 * required flag, a flag together with its alias, or an argument that belongs to no flag.
 */
export function parseFlags<const F extends Readonly<Record<string, Flag>>>(
  spec: TaskSpec<F>,
  args: readonly string[],
  program: Program = "deno task",
): FlagValues<F> {
  // The key of every name and of every alias.
  const keys = new Map<string, keyof F & string>();
  for (const [key, { aliases = [] }] of Object.entries(spec.flags)) {
    for (const name of [kebabCase(key), ...aliases]) keys.set(name, key);
  }
  const usage = (message: string) =>
    new UsageError(`${message}\nRun \`${program} ${spec.name} --help\` to see the flags.`);
  const isBoolean = (name: string) => spec.flags[keys.get(name) ?? ""].type === "boolean";
  const { needsHelp, texts, complaints } = readArguments(args, [...keys.keys()], isBoolean);
  if (needsHelp) throw new HelpRequest(helpText(spec, program));
  if (complaints.length > 0) throw usage(complaints[0]);
  const values: Record<string, unknown> = {};
  const present = new Set<string>();
  for (const [key, flag] of Object.entries<Flag>(spec.flags)) {
    const given = (candidate: string) => texts.get(candidate) ?? [];
    const own = kebabCase(key);
    const used = [own, ...flag.aliases ?? []].filter((candidate) => given(candidate).length > 0);
    if (used.length > 1) {
      throw usage(`${used.map((one) => `--${one}`).join(" and ")} are the same flag: give one`);
    }
    const name = used[0] ?? own;
    const found = given(name);
    if (found.length > 0) present.add(key);
    if (found.length > 1 && !isList(flag) && flag.type !== "paths") {
      throw usage(`--${name} is given twice`);
    }
    if (flag.type === "boolean") {
      values[key] = found.length > 0;
      continue;
    }
    if (found.includes("")) throw usage(`--${name} needs a value`);
    if (found.length === 0) {
      if (flag.required) throw usage(`--${name} is required`);
      values[key] = "default" in flag ? flag.default : undefined;
    } else {
      values[key] = readValue(`--${name}`, flag, found, usage);
    }
  }
  givenKeys.set(values, present);
  return values as FlagValues<F>;
}

/** The keys of the flags that were on the command line, by the values that {@link parseFlags} returned. */
const givenKeys = new WeakMap<object, ReadonlySet<string>>();

/**
 * Says whether a flag was on the command line: with its default value, too.
 *
 * @param flags - The values that {@link parseFlags} returned.
 * @param key - The flag's key, such as `movingLabels`.
 */
export function isGiven(flags: object, key: string): boolean {
  return givenKeys.get(flags)?.has(key) ?? false;
}

/**
 * A copy of parsed values with other ones, which count as given.
 *
 * @param flags - The values that {@link parseFlags} returned.
 * @param values - The other values by the flags' keys. Those that are undefined count as not given.
 */
export function withValues<T extends object, V extends object>(
  flags: T,
  values: V,
): Omit<T, keyof V> & V {
  const changed = { ...flags, ...values };
  const given = new Set(givenKeys.get(flags));
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) given.delete(key);
    else given.add(key);
  }
  givenKeys.set(changed, given);
  return changed;
}

/**
 * The command line of the values that were given, in the order of the declaration. Values that no command line can
 * have, such as objects, are left out.
 *
 * @param spec - The task's declaration.
 * @param flags - The values that {@link parseFlags} or {@link withValues} returned.
 */
export function commandLineOf(spec: TaskSpec, flags: object): string[] {
  const args: string[] = [];
  for (const [key, flag] of Object.entries<Flag>(spec.flags)) {
    const value = (flags as Readonly<Record<string, unknown>>)[key];
    if (!isGiven(flags, key) || value === undefined || value === false) continue;
    const name = `--${kebabCase(key)}`;
    if (flag.type === "boolean") args.push(name);
    else if (flag.type === "paths") {
      for (const path of value as readonly string[]) args.push(name, path);
    } else if (Array.isArray(value)) args.push(name, value.join(","));
    else if (typeof value !== "object") args.push(name, String(value));
  }
  return args;
}

/** The parts of a command line. */
interface Arguments {
  /** True if `--help` or `-h` is among them. */
  readonly needsHelp: boolean;
  /** The values by the flag's name; an empty text for a flag without a value. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** The problems. They are not thrown, because `--help` takes precedence over them. */
  readonly complaints: readonly string[];
}

/** Splits a command line. A value may begin with one hyphen, such as a negative number, but not with two. */
function readArguments(
  args: readonly string[],
  names: readonly string[],
  isBoolean: (name: string) => boolean,
): Arguments {
  let needsHelp = false;
  const texts = new Map<string, string[]>();
  const complaints: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") {
      // No word may stand after the flags.
      for (const word of args.slice(i + 1)) complaints.push(`Unexpected argument "${word}"`);
      break;
    }
    const [flag, ...rest] = args[i].split("=");
    const name = flag.replace(/^--?/, "");
    if (flag === "--help" || flag === "-h") {
      needsHelp = true;
    } else if (!/^-./.test(flag)) {
      complaints.push(`Unexpected argument "${args[i]}"`);
    } else if (!flag.startsWith("--") || !names.includes(name)) {
      complaints.push(`Unknown flag ${flag}${didYouMean(name, names, "--")}`);
    } else if (isBoolean(name) && rest.length > 0) {
      complaints.push(`${flag} takes no value`);
    } else {
      const takesNext = rest.length === 0 && !isBoolean(name) && i + 1 < args.length &&
        !args[i + 1].startsWith("--");
      const text = takesNext ? args[++i] : rest.join("=");
      texts.set(name, [...texts.get(name) ?? [], text]);
    }
  }
  return { needsHelp, texts, complaints };
}

type ValuedFlag = Exclude<Flag, BooleanFlag>;
type SingleFlag = Exclude<ValuedFlag, PathsFlag>;

function readValue(
  name: string,
  flag: ValuedFlag,
  texts: readonly string[],
  usage: (message: string) => UsageError,
): unknown {
  if (isList(flag)) {
    const parts = texts.flatMap((text) => text.split(",")).map((text) => text.trim());
    if (parts.includes("")) throw usage(`${name} has an empty value in its list`);
    return parts.map((part) => readOne(name, flag, part, usage));
  }
  if (flag.type === "paths") return texts;
  return readOne(name, flag, texts[0], usage);
}

function readOne(
  name: string,
  flag: SingleFlag,
  text: string,
  usage: (message: string) => UsageError,
): string | number {
  switch (flag.type) {
    case "string":
      return text;
    case "choice":
    case "list":
      if (flag.choices !== undefined && !flag.choices.includes(text)) {
        throw usage(`${name} must be one of ${flag.choices.join(", ")}, not "${text}"`);
      }
      return text;
    default: {
      const whole = flag.type === "integer" || flag.type === "integers";
      const value = text.trim() === "" ? NaN : Number(text);
      if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) {
        throw usage(`${name} must be a ${whole ? "whole " : ""}number, not "${text}"`);
      }
      if (flag.min !== undefined && value < flag.min) {
        throw usage(`${name} must be at least ${flag.min}, not ${value}`);
      }
      if (flag.max !== undefined && value > flag.max) {
        throw usage(`${name} must be at most ${flag.max}, not ${value}`);
      }
      return value;
    }
  }
}

/** The text of `--help`, with a maximum of 100 columns for the flags. */
export function helpText(
  spec: TaskSpec<Readonly<Record<string, Flag>>>,
  program: Program = "deno task",
): string {
  const rows = Object.entries(spec.flags).map(([key, flag]) => ({
    left: `  --${kebabCase(key)}${flag.type === "boolean" ? "" : ` ${valueName(flag)}`}`,
    right: describe(flag),
  }));
  rows.push({ left: "  --help", right: "Show this text." });
  const column = Math.min(34, Math.max(...rows.map((row) => row.left.length)) + 2);
  const lines = [spec.summary, "", `Usage: ${program} ${spec.name} [flags]`, ""];
  for (const { left, right } of rows) {
    const wrapped = wrap(right, 100 - column);
    if (left.length + 2 > column) lines.push(left);
    else lines.push(left.padEnd(column) + wrapped.shift());
    for (const line of wrapped) lines.push(" ".repeat(column) + line);
  }
  if (spec.details !== undefined) lines.push("", ...spec.details.trim().split("\n"));
  if (spec.examples !== undefined && spec.examples.length > 0) {
    lines.push("", "Examples:");
    for (const example of spec.examples) {
      lines.push(`  ${program} ${spec.name} ${example}`.trimEnd());
    }
  }
  return lines.join("\n") + "\n";
}

/** A key in kebab case: `moving-labels` for `movingLabels`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isList(flag: Flag): flag is ListFlag | NumberListFlag {
  return flag.type === "list" || flag.type === "numbers" || flag.type === "integers";
}

function valueName(flag: Flag): string {
  if (flag.valueName !== undefined) return flag.valueName;
  if (flag.type === "choice") return flag.choices.join("|");
  if (flag.unit !== undefined) return flag.unit.toUpperCase();
  if (flag.type === "string") return "TEXT";
  return isList(flag) ? "A,B,..." : "N";
}

function describe(flag: Flag): string {
  const notes: string[] = [];
  if (flag.unit !== undefined) notes.push(`in ${flag.unit}`);
  if ("choices" in flag && flag.type === "list" && flag.choices) {
    notes.push(`of ${flag.choices.join(", ")}`);
  }
  if ("min" in flag && flag.min !== undefined) notes.push(`minimum ${flag.min}`);
  if ("max" in flag && flag.max !== undefined) notes.push(`maximum ${flag.max}`);
  if (flag.required) notes.push("required");
  const text = "default" in flag ? String(flag.default ?? "") : "";
  if (text !== "") notes.push(`default ${text}`);
  if (flag.aliases !== undefined) {
    notes.push(`alias: ${flag.aliases.map((alias) => `--${alias}`).join(", ")}`);
  }
  return notes.length === 0 ? flag.help : `${flag.help} (${notes.join("; ")})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
