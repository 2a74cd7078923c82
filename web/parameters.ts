/**
 * The form of the method and its parameters, made from the declaration of the flags of `register`.
 *
 * @module
 */

import { kebabCase } from "../tasks/_flags.ts";
import { hasEffect, REGISTER_FLAGS, type RegisterFlags } from "../tasks/_register_flags.ts";
import { FlagForm, flagWords, type ParameterTexts } from "./flag_form.ts";
import { type InputName, INPUTS } from "./protocol.ts";

/** Flags that are no parameters of a registration in the page: its files, and the work of the command line. */
const ELSEWHERE: readonly string[] = [...INPUTS, "out", "resume", "strict"];

/** The flags that are shown first; the others are in a part that opens. */
const FIRST: readonly string[] = [
  "method",
  "similarity",
  "regulariser",
  "lambda",
  "spacing",
  "resolution",
  "noFolding",
  "rigidOnly",
];

/**
 * Makes the form.
 *
 * @param onChange - Is called after each change, with the key of the flag.
 */
export function registerForm(onChange: (key: string) => void): FlagForm {
  return new FlagForm({
    form: "parameters",
    defaults: "defaults",
    flags: Object.fromEntries(
      Object.entries(REGISTER_FLAGS).filter(([key]) => !ELSEWHERE.includes(key)),
    ),
    first: FIRST,
    hasEffect: (key, valueOf) =>
      hasEffect(key, {
        method: valueOf("method") as RegisterFlags["method"],
        similarity: valueOf("similarity") as RegisterFlags["similarity"],
      }),
    onChange,
  });
}

/**
 * The command line of `register` for a registration of the page.
 *
 * @param names - The names of the files.
 * @param texts - The values of the form.
 * @param series - The numbers of the chosen DICOM series. Default: none.
 */
export function commandLine(
  names: Readonly<Partial<Record<InputName, string>>>,
  texts: ParameterTexts,
  series: ReadonlyMap<InputName, string> = new Map(),
): string[] {
  const args: string[] = [];
  for (const input of INPUTS) {
    const name = names[input];
    if (name !== undefined) args.push(`--${kebabCase(input)}`, name);
    const number = series.get(input);
    if (number !== undefined) args.push(`--${input}-series`, number);
  }
  args.push(...flagWords(texts), "--out", "registered");
  return args;
}
