/**
 * The places for the images, labels and masks: by the file dialog, or by dropping files anywhere.
 *
 * @module
 */

import { orientationOf } from "../volume/orientation.ts";
import { byId, make } from "./dom.ts";
import { droppedFiles, grouped } from "./dropped_files.ts";
import {
  type GivenFile,
  gridOf,
  type InputName,
  INPUTS,
  isIntensity,
  type SentImage,
} from "./protocol.ts";

/** The names of the inputs for people. */
const TITLES: Readonly<Record<InputName, string>> = {
  fixed: "Fixed image",
  moving: "Moving image",
  movingLabels: "Labels of the moving image",
  fixedLabels: "Labels of the fixed image",
  movingMask: "Mask of the moving image",
  fixedMask: "Mask of the fixed image",
};

/** The use of each input, shown while it is empty. */
const USES: Readonly<Record<InputName, string>> = {
  fixed: "Stays as it is. Drop a file or a DICOM folder, or click.",
  moving: "Is warped onto the fixed image. Drop a file or a DICOM folder, or click.",
  movingLabels: "Are warped with the image.",
  fixedLabels: "For Dice coefficients.",
  movingMask: "Voxels where it is 0 are ignored.",
  fixedMask: "Voxels where it is 0 are ignored.",
};

/** Options of {@link ImageSlots}. */
export interface SlotsOptions {
  /** The user gives a file as an input. */
  readonly onFile: (input: InputName, file: GivenFile) => void;
  /** Dropped folders cannot be used, for one reason each. */
  readonly onProblems: (problems: readonly string[]) => void;
  /** The user removes an input. */
  readonly onRemove: (input: InputName) => void;
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

/** The places for the inputs. */
export class ImageSlots {
  readonly #options: SlotsOptions;
  readonly #slots = new Map<InputName, HTMLElement>();
  #isEnabled = true;

  /** Makes the places, and accepts files that are dropped on the page. */
  constructor(options: SlotsOptions) {
    this.#options = options;
    for (const input of INPUTS) {
      const slot = this.#makeSlot(input);
      this.#slots.set(input, slot);
      byId(input === "fixed" || input === "moving" ? "slots" : "optional-slots").append(slot);
    }
    this.#acceptDrops();
  }

  /** Shows that nothing is there. */
  empty(input: InputName): void {
    this.#write(input, "", USES[input]);
  }

  /** Shows that a file is read. */
  reading(input: InputName, name: string): void {
    this.#write(input, "filled", `${name}: reading ...`);
  }

  /** Shows the image of an input, and the other series of its file. */
  fill(input: InputName, { name, grid }: SentImage, choice?: SeriesChoice): void {
    const { size, spacing } = gridOf(grid);
    const voxels = spacing.map((mm) => Number(mm.toPrecision(3))).join(" x ");
    const orientation = orientationOf(gridOf(grid));
    this.#write(
      input,
      "filled",
      `${name}: ${size.join(" x ")} voxels of ${voxels} mm, ${orientation}`,
      choice,
    );
    if (input !== "fixed" && input !== "moving") byId<HTMLDetailsElement>("more-slots").open = true;
  }

  /** Shows the reason why a file cannot be used, and its series. */
  refuse(input: InputName, reason: string, choice?: SeriesChoice): void {
    this.#write(input, "wrong", reason, choice);
    if (input !== "fixed" && input !== "moving") byId<HTMLDetailsElement>("more-slots").open = true;
  }

  /** Asks for one of several DICOM series of a file or folder. */
  choose(input: InputName, name: string, choice: SeriesChoice): void {
    this.#write(input, "open", `${name} holds ${choice.series.length} DICOM series.`, choice);
  }

  /** Allows changes, or forbids them during a registration. */
  set isEnabled(isEnabled: boolean) {
    this.#isEnabled = isEnabled;
    for (const slot of this.#slots.values()) {
      for (const control of slot.querySelectorAll<HTMLInputElement>("input, button, select")) {
        control.disabled = !isEnabled;
      }
    }
  }

  #makeSlot(input: InputName): HTMLElement {
    const file = make("input", {
      type: "file",
      // The files of a DICOM series can be selected together; they often have no suffix.
      multiple: isIntensity(input),
      accept: isIntensity(input) ? "" : ".nii,.gz,.nrrd,.mha,.zip",
      ariaLabel: TITLES[input],
    });
    file.addEventListener("change", () => {
      const chosen = grouped([...file.files ?? []]);
      if (chosen.length === 1) this.#options.onFile(input, chosen[0]);
      else if (chosen.length > 1) this.#ask(chosen);
      // The same file can be chosen again.
      file.value = "";
    });
    const remove = make("button", {
      type: "button",
      textContent: "\u00d7",
      title: "Remove",
      ariaLabel: `Remove: ${TITLES[input]}`,
      hidden: true,
    });
    remove.addEventListener("click", (event) => {
      event.preventDefault();
      this.#options.onRemove(input);
    });
    const slot = make(
      "label",
      { className: "slot" },
      file,
      make("strong", { textContent: TITLES[input] }),
      make("span", { className: "what", textContent: USES[input] }),
      remove,
    );
    slot.dataset.input = input;
    return slot;
  }

  #write(
    input: InputName,
    state: "" | "filled" | "open" | "wrong",
    text: string,
    choice?: SeriesChoice,
  ): void {
    const slot = this.#slots.get(input)!;
    slot.className = `slot ${state}`;
    const what = slot.querySelector(".what")!;
    what.textContent = text;
    if (choice !== undefined) what.append(seriesList(TITLES[input], choice));
    slot.querySelector("button")!.hidden = state === "";
  }

  #acceptDrops(): void {
    const cover = byId("drop");
    let depth = 0;
    const slotAt = (event: DragEvent) => (event.target as Element).closest<HTMLElement>(".slot");
    const mark = (slot: HTMLElement | null) => {
      for (const other of this.#slots.values()) other.classList.toggle("over", other === slot);
    };
    addEventListener("dragenter", (event) => {
      event.preventDefault();
      depth++;
      cover.hidden = false;
    });
    addEventListener("dragover", (event) => {
      event.preventDefault();
      mark(slotAt(event));
    });
    addEventListener("dragleave", () => {
      depth--;
      if (depth <= 0) cover.hidden = true;
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      cover.hidden = true;
      mark(null);
      const slot = slotAt(event);
      if (event.dataTransfer === null || !this.#isEnabled) return;
      void droppedFiles(event.dataTransfer).then(({ files, problems }) => {
        // A folder takes time to list.
        if (!this.#isEnabled) return;
        if (files.length > 1 || (slot === null && files.length > 0)) {
          this.#ask(files, problems);
          return;
        }
        if (slot !== null && files.length === 1) {
          this.#options.onFile(slot.dataset.input as InputName, files[0]);
        }
        // A file that is given removes the earlier message.
        if (problems.length > 0) this.#options.onProblems(problems);
      });
    });
  }

  /** Asks for the use of each file, with a guess by its name; above them it shows the problems of a drop. */
  #ask(files: readonly GivenFile[], problems: readonly string[] = []): void {
    const free = INPUTS.filter((input) => !this.#slots.get(input)!.classList.contains("filled"));
    const guesses = guessInputs(files.map(({ name }) => name), free);
    const rows = files.map((file, index) => {
      const select = make("select");
      select.append(new Option("do not use", ""));
      for (const input of INPUTS) select.append(new Option(TITLES[input], input));
      select.value = guesses[index] ?? "";
      return { file, select };
    });
    byId("choose-rows").replaceChildren(
      ...problems.map((textContent) => make("p", { className: "small", textContent })),
      ...rows.map(({ file, select }) => make("label", {}, nameOf(file), select)),
    );
    const dialog = byId<HTMLDialogElement>("choose");
    dialog.returnValue = "cancel";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "use") return;
      for (const { file, select } of rows) {
        if (select.value !== "") this.#options.onFile(select.value as InputName, file);
      }
    }, { once: true });
    dialog.showModal();
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

function nameOf(file: GivenFile): string {
  return file instanceof File ? file.name : `${file.name} (${file.files.length} files)`;
}

/**
 * Guesses the use of files by their names: labels and masks by these words, CT as the moving image and MR as the fixed
 * one, as the command line's examples have it.
 *
 * @param names - The names of the files.
 * @param free - The inputs that have no file.
 * @returns An input for each file, no input twice; undefined if there is none left.
 */
export function guessInputs(
  names: readonly string[],
  free: readonly InputName[],
): (InputName | undefined)[] {
  const left = new Set(free);
  const take = (wanted: readonly InputName[]): InputName | undefined => {
    const found = wanted.find((input) => left.has(input));
    if (found !== undefined) left.delete(found);
    return found;
  };
  const isOf = (name: string, pattern: RegExp) => pattern.test(name.replaceAll(/[_.\-\d]+/g, " "));
  const wantedOf = (name: string): readonly InputName[] => {
    const isMoving = isOf(name, /\b(moving|ct|source)\b/i);
    const isFixed = isOf(name, /\b(fixed|mri?|t1|t2|target|reference)\b/i);
    if (isOf(name, /\b(labels?|seg|segmentation|organs?|rois?)\b/i)) {
      return isFixed ? ["fixedLabels", "movingLabels"] : ["movingLabels", "fixedLabels"];
    }
    if (isOf(name, /\bmasks?\b/i)) {
      return isMoving ? ["movingMask", "fixedMask"] : ["fixedMask", "movingMask"];
    }
    if (isMoving && !isFixed) return ["moving", "fixed"];
    return ["fixed", "moving"];
  };
  // Files whose names say what they are choose first.
  const order = names.map((name, index) => ({ index, wanted: wantedOf(name) }));
  order.sort((a, b) => Number(b.wanted[0] !== "fixed") - Number(a.wanted[0] !== "fixed"));
  const guesses: (InputName | undefined)[] = names.map(() => undefined);
  for (const { index, wanted } of order) guesses[index] = take(wanted);
  return guesses;
}
