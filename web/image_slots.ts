/**
 * The places for the images, labels and masks: by the file dialog, or by dropping files anywhere.
 *
 * @module
 */

import { byId, make } from "./dom.ts";
import { droppedFiles, grouped } from "./dropped_files.ts";
import { DROPPED_WHILE_RUNNING } from "./error_words.ts";
import { showMessage } from "./messages.ts";
import { type GivenFile, type InputName, INPUTS, isIntensity } from "./protocol.ts";
import { Slot } from "./slot.ts";

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

/** The places for the inputs. */
export class ImageSlots {
  readonly #options: SlotsOptions;
  readonly #slots = new Map<InputName, Slot>();
  #isEnabled = true;

  /** Makes the places. */
  constructor(options: SlotsOptions) {
    this.#options = options;
    for (const input of INPUTS) {
      const slot = new Slot({
        title: TITLES[input],
        use: USES[input],
        // The files of a DICOM series can be selected together; they often have no suffix.
        isMultiple: isIntensity(input),
        accept: isIntensity(input) ? "" : ".nii,.gz,.nrrd,.mha,.zip",
        onFiles: (files) => {
          const chosen = grouped(files);
          if (chosen.length === 1) options.onFile(input, chosen[0]);
          else this.#ask(chosen);
        },
        onRemove: () => options.onRemove(input),
      });
      slot.element.dataset.input = input;
      this.#slots.set(input, slot);
      byId(isIntensity(input) ? "slots" : "optional-slots").append(slot.element);
    }
  }

  /** The place of an input. */
  of(input: InputName): Slot {
    return this.#slots.get(input)!;
  }

  /** Opens the part of the page with the place of an input. */
  reveal(input: InputName): void {
    if (!isIntensity(input)) byId<HTMLDetailsElement>("more-slots").open = true;
  }

  /** Allows changes, or forbids them during a registration. */
  set isEnabled(isEnabled: boolean) {
    this.#isEnabled = isEnabled;
    for (const slot of this.#slots.values()) slot.isEnabled = isEnabled;
  }

  /**
   * Takes the files of a drop.
   *
   * @param slot - The element of the place on which they were dropped; null elsewhere.
   */
  async takeDrop(transfer: DataTransfer, slot: HTMLElement | null): Promise<void> {
    const { files, problems } = await droppedFiles(transfer);
    // A folder takes time to list.
    if (!this.#isEnabled) {
      showMessage(DROPPED_WHILE_RUNNING);
      return;
    }
    if (files.length > 1 || (slot === null && files.length > 0)) {
      this.#ask(files, problems);
      return;
    }
    if (slot !== null && files.length === 1) {
      this.#options.onFile(slot.dataset.input as InputName, files[0]);
    }
    // A file that is given removes the earlier message.
    if (problems.length > 0) this.#options.onProblems(problems);
  }

  /** Asks for the use of each file, with a guess by its name; above them it shows the problems of a drop. */
  #ask(files: readonly GivenFile[], problems: readonly string[] = []): void {
    const free = INPUTS.filter((input) => !this.of(input).isFilled);
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
