/**
 * The form of the method and its parameters, made from the declaration of the flags of `register`.
 *
 * @module
 */

import { type Flag, kebabCase } from "../tasks/_flags.ts";
import { hasEffect, REGISTER_FLAGS, type RegisterFlags } from "../tasks/_register_flags.ts";
import { byId, make } from "./dom.ts";
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

/** The flags of the form by their keys. */
const FLAGS = Object.entries<Flag>(REGISTER_FLAGS).filter(([key]) => !ELSEWHERE.includes(key));

/** Values of the form by the flags' keys; an empty field and a choice that is the default are absent. */
export type ParameterTexts = Readonly<Record<string, string | true>>;

/** The form. */
export class Parameters {
  readonly #fields = new Map<string, HTMLInputElement | HTMLSelectElement>();

  /**
   * Makes the form.
   *
   * @param onChange - Is called after each change, with the key of the flag.
   */
  constructor(onChange: (key: string) => void) {
    const form = byId<HTMLFormElement>("parameters");
    const more = make("details", {}, make("summary", { textContent: "More parameters" }));
    for (const [key, flag] of FLAGS) {
      const field = makeField(flag);
      field.addEventListener("input", () => {
        this.#show();
        onChange(key);
      });
      this.#fields.set(key, field);
      const name = make("code", { textContent: `--${kebabCase(key)}` });
      const label = make("label", { title: helpOf(flag) }, name, field);
      if (flag.type === "boolean") label.className = "check";
      (FIRST.includes(key) ? form : more).append(label);
    }
    form.append(more);
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("defaults").addEventListener("click", () => {
      form.reset();
      this.#show();
      onChange("");
    });
    this.#show();
  }

  /** The values that were given and have an effect. */
  get texts(): ParameterTexts {
    const texts: Record<string, string | true> = {};
    for (const [key, flag] of FLAGS) {
      const field = this.#fields.get(key)!;
      if (field.closest("label")!.hidden) continue;
      if (flag.type === "boolean") {
        if ((field as HTMLInputElement).checked) texts[key] = true;
      } else if (field.value !== "" && !(flag.type === "choice" && field.value === flag.default)) {
        // A number counts also if it is the declared default: for a small image another one is used.
        texts[key] = field.value;
      }
    }
    return texts;
  }

  /** Allows changes after which all files are read again, or forbids them during a registration. */
  set canReadAgain(canReadAgain: boolean) {
    this.#fields.get("trust")!.disabled = !canReadAgain;
    byId<HTMLButtonElement>("defaults").disabled = !canReadAgain;
  }

  /** Hides the flags that have no effect with the chosen method and similarity. */
  #show(): void {
    const method = this.#fields.get("method")!.value as RegisterFlags["method"];
    const similarity = this.#fields.get("similarity")!.value as RegisterFlags["similarity"];
    for (const [key, field] of this.#fields) {
      field.closest("label")!.hidden = !hasEffect(key, { method, similarity });
    }
  }
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
  for (const [key, text] of Object.entries(texts)) {
    args.push(`--${kebabCase(key)}`);
    if (text !== true) args.push(text);
  }
  args.push("--out", "registered");
  return args;
}

function makeField(flag: Flag): HTMLInputElement | HTMLSelectElement {
  switch (flag.type) {
    case "boolean":
      return make("input", { type: "checkbox" });
    case "choice": {
      const select = make("select");
      if (flag.default === undefined) select.append(new Option("as the file says", ""));
      for (const choice of flag.choices) {
        const isDefault = choice === flag.default;
        select.append(new Option(choice, choice, isDefault, isDefault));
      }
      return select;
    }
    case "number":
    case "integer": {
      const field = make("input", { type: "number", step: flag.type === "integer" ? "1" : "any" });
      if (flag.min !== undefined) field.min = String(flag.min);
      if (flag.max !== undefined) field.max = String(flag.max);
      const unit = flag.unit === undefined ? "" : ` ${flag.unit}`;
      field.placeholder = flag.default === undefined ? "default" : `${flag.default}${unit}`;
      return field;
    }
    default:
      return make("input", { type: "text", placeholder: defaultOf(flag) });
  }
}

function defaultOf(flag: Flag): string {
  return "default" in flag ? String(flag.default ?? "") : "";
}

function helpOf({ help, unit }: Flag): string {
  return unit === undefined ? help : `${help} (in ${unit})`;
}
