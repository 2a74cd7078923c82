/**
 * A form of parameters, made from the declarations of the flags of a command.
 *
 * @module
 */

import { type Flag, kebabCase } from "../tasks/_flags.ts";
import { byId, make } from "./dom.ts";

/**
 * Values of a form by the flags' keys; an empty field and a choice that is the default are absent, and a number that
 * cannot be read is NaN.
 */
export type ParameterTexts = Readonly<Record<string, string | true>>;

/** Stands for a text that is no number. */
const NO_NUMBER = "NaN";

/** Options of {@link FlagForm}. */
export interface FlagFormOptions {
  /** The id of the form. */
  readonly form: string;
  /** The id of the button that restores the defaults. */
  readonly defaults: string;
  /** The flags of the form by their keys. */
  readonly flags: Readonly<Record<string, Flag>>;
  /** The keys of the flags that are shown first; the others are in a part that opens. */
  readonly first: readonly string[];
  /** Says whether a flag has an effect; `valueOf` returns the value of another flag. Default: all have. */
  readonly hasEffect?: ((key: string, valueOf: (key: string) => string) => boolean) | undefined;
  /** Is called after each change, with the key of the flag, or with "" after a return to the defaults. */
  readonly onChange: (key: string) => void;
}

/** The form. */
export class FlagForm {
  readonly #options: FlagFormOptions;
  readonly #fields = new Map<string, HTMLInputElement | HTMLSelectElement>();

  /** Makes the form. */
  constructor(options: FlagFormOptions) {
    this.#options = options;
    const { flags, first, onChange } = options;
    const form = byId<HTMLFormElement>(options.form);
    const more = make("details", {}, make("summary", { textContent: "More parameters" }));
    for (const [key, flag] of Object.entries(flags)) {
      const field = makeField(flag);
      field.addEventListener("input", () => {
        this.#show();
        onChange(key);
      });
      this.#fields.set(key, field);
      const name = make("code", { textContent: `--${kebabCase(key)}` });
      const label = make("label", { title: helpOf(flag) }, name, field);
      if (flag.type === "boolean") label.className = "check";
      (first.includes(key) ? form : more).append(label);
    }
    if (first.length < Object.keys(flags).length) form.append(more);
    form.addEventListener("submit", (event) => event.preventDefault());
    byId(options.defaults).addEventListener("click", () => {
      form.reset();
      this.#show();
      onChange("");
    });
    this.#show();
  }

  /** The values that were given and have an effect. */
  get texts(): ParameterTexts {
    const texts: Record<string, string | true> = {};
    for (const [key, flag] of Object.entries(this.#options.flags)) {
      const field = this.#fields.get(key)!;
      if (field.closest("label")!.hidden) continue;
      if (flag.type === "boolean") {
        if ((field as HTMLInputElement).checked) texts[key] = true;
      } else if (field.validity.badInput) {
        // The browser does not give the text of a number field that is no number. The reader of the flags refuses this.
        texts[key] = NO_NUMBER;
      } else if (field.value !== "" && !(flag.type === "choice" && field.value === flag.default)) {
        // A number counts also if it is the declared default: for a small image another one is used.
        texts[key] = field.value;
      }
    }
    return texts;
  }

  /** Allows changes after which all files are read again, or forbids them during the work. */
  set canReadAgain(canReadAgain: boolean) {
    this.#fields.get("trust")!.disabled = !canReadAgain;
    byId<HTMLButtonElement>(this.#options.defaults).disabled = !canReadAgain;
  }

  /** Hides the flags that have no effect. */
  #show(): void {
    const { hasEffect } = this.#options;
    if (hasEffect === undefined) return;
    const valueOf = (key: string) => this.#fields.get(key)!.value;
    for (const [key, field] of this.#fields) {
      field.closest("label")!.hidden = !hasEffect(key, valueOf);
    }
  }
}

/** The words of a command line that give the values of a form. */
export function flagWords(texts: ParameterTexts): string[] {
  return Object.entries(texts).flatMap(([key, text]) => {
    const name = `--${kebabCase(key)}`;
    return text === true ? [name] : [name, text];
  });
}

function makeField(flag: Flag): HTMLInputElement | HTMLSelectElement {
  switch (flag.type) {
    case "boolean":
      return make("input", { type: "checkbox" });
    case "choice": {
      const select = make("select");
      if (flag.default === undefined) {
        select.append(
          new Option(flag.required ? "choose" : "as the file says", ""),
        );
      }
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
