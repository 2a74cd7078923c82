/**
 * A place for files: by the file dialog, or by dropping files on it.
 *
 * @module
 */

import { orientationOf } from "../volume/orientation.ts";
import { make } from "./dom.ts";
import { gridOf, type SentImage } from "./protocol.ts";

/** Options of a {@link Slot}. */
export interface SlotOptions {
  /** The name of its content for people. */
  readonly title: string;
  /** The use of its content, shown while it is empty. */
  readonly use: string;
  /** True if several files can be selected together. */
  readonly isMultiple: boolean;
  /** The suffixes that the file dialog offers; "" for all files. */
  readonly accept: string;
  /** The user selects files. */
  readonly onFiles: (files: readonly File[]) => void;
  /** The user removes the content. */
  readonly onRemove: () => void;
}

/** The DICOM series of an input, of which a person can choose one. */
export interface SeriesChoice {
  /** The series, one line each. */
  readonly series: readonly string[];
  /** The number of the chosen series, from 1; undefined if none is chosen. */
  readonly chosen: string | undefined;
  /** Is called with the number of another series, from 1. */
  readonly onChoice: (number: string) => void;
}

/** A place for files. */
export class Slot {
  /** The element. */
  readonly element: HTMLElement;
  readonly #options: SlotOptions;

  /** Makes a place without content. */
  constructor(options: SlotOptions) {
    this.#options = options;
    const { title, use, isMultiple, accept, onFiles, onRemove } = options;
    const file = make("input", { type: "file", multiple: isMultiple, accept, ariaLabel: title });
    file.addEventListener("change", () => {
      const files = [...file.files ?? []];
      // The same file can be chosen again.
      file.value = "";
      if (files.length > 0) onFiles(files);
    });
    const remove = make("button", {
      type: "button",
      textContent: "\u00d7",
      title: "Remove",
      ariaLabel: `Remove: ${title}`,
      hidden: true,
    });
    remove.addEventListener("click", (event) => {
      event.preventDefault();
      onRemove();
    });
    this.element = make(
      "label",
      { className: "slot" },
      file,
      make("strong", { textContent: title }),
      make("span", { className: "what", textContent: use }),
      remove,
    );
  }

  /** True if it holds a file, or a file is read. */
  get isFilled(): boolean {
    return this.element.classList.contains("filled");
  }

  /** Shows that nothing is there. */
  empty(): void {
    this.#write("", this.#options.use);
  }

  /** Shows that a file is read. */
  reading(name: string): void {
    this.#write("filled", `${name}: reading ...`);
  }

  /** Shows a content in words. */
  fill(text: string, choice?: SeriesChoice): void {
    this.#write("filled", text, choice);
  }

  /** Shows an image, and the other series of its file. */
  fillWithImage({ name, grid }: SentImage, choice?: SeriesChoice): void {
    const { size, spacing } = gridOf(grid);
    const voxels = spacing.map((mm) => Number(mm.toPrecision(3))).join(" x ");
    const orientation = orientationOf(gridOf(grid));
    this.fill(`${name}: ${size.join(" x ")} voxels of ${voxels} mm, ${orientation}`, choice);
  }

  /** Shows the reason why a file cannot be used, and its series. */
  refuse(reason: string, choice?: SeriesChoice): void {
    this.#write("wrong", reason, choice);
  }

  /** Asks for one of several DICOM series of a file or folder. */
  choose(name: string, choice: SeriesChoice): void {
    this.#write("open", `${name} holds ${choice.series.length} DICOM series.`, choice);
  }

  /** Allows changes, or forbids them during the work. */
  set isEnabled(isEnabled: boolean) {
    for (
      const control of this.element.querySelectorAll<HTMLInputElement>("input, button, select")
    ) {
      control.disabled = !isEnabled;
    }
  }

  #write(state: "" | "filled" | "open" | "wrong", text: string, choice?: SeriesChoice): void {
    this.element.className = `slot ${state}`;
    const what = this.element.querySelector(".what")!;
    what.textContent = text;
    if (choice !== undefined) what.append(seriesList(this.#options.title, choice));
    this.element.querySelector("button")!.hidden = state === "";
  }
}

function seriesList(title: string, { series, chosen, onChoice }: SeriesChoice): HTMLElement {
  const select = make("select", { ariaLabel: `DICOM series: ${title}` });
  if (chosen === undefined) select.append(new Option("Choose a series", ""));
  series.forEach((text, i) => select.append(new Option(text, String(i + 1))));
  select.value = chosen ?? "";
  select.addEventListener("change", () => onChoice(select.value));
  return select;
}
