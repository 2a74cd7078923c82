/**
 * The part of the page for syntheses: the model, the image, the parameters, and the result.
 *
 * @module
 */

import { shellWord } from "../host/shell_word.ts";
import type { Scene } from "../pictures/scene.ts";
import { SYNTHESISE_FLAGS } from "../tasks/_synthesise_flags.ts";
import { byId } from "./dom.ts";
import { downloadItem } from "./downloads.ts";
import { grouped, groupedDrop, listDrop } from "./dropped_files.ts";
import { DROPPED_WHILE_RUNNING, errorWords, SYNTHESIS_WORDS } from "./error_words.ts";
import { FlagForm, flagWords, type ParameterTexts } from "./flag_form.ts";
import { type GivenModel, modelIn, splitModels } from "./given_model.ts";
import type { LongWork } from "./long_work.ts";
import { bytesAvailable, synthesisMemoryProblem } from "./memory_need.ts";
import { showMessage, showNotices } from "./messages.ts";
import { type FileToRead, type GivenFile, gridOf, type ReadImage, volumeOf } from "./protocol.ts";
import { showMeasures } from "./result_panel.ts";
import { type SeriesChoice, Slot } from "./slot.ts";
import { loadSynthesisProgram } from "./synthesis_program.ts";
import type { ModelReport, SynthesisOutcome, SynthesisRequests } from "./synthesis_protocol.ts";
import type { ImageNames } from "./view_controls.ts";
import { startWorker, WorkerClient, WorkError } from "./worker_client.ts";

/** The names of the images in the viewer. */
export const SYNTHESIS_NAMES: ImageNames = {
  fixed: "Source",
  moving: "Synthesis",
  isWarped: false,
};

/** Flags that are no parameters of the form: the files, and the series, which the place of the image asks for. */
const ELSEWHERE: readonly string[] = ["model", "image", "series", "out"];

/** Options of {@link SynthesisPanel}. */
export interface SynthesisPanelOptions {
  /** The place of long work. */
  readonly work: LongWork;
  /** Reads an image. */
  readonly read: (file: FileToRead) => Promise<ReadImage>;
  /** Is called when something has changed that the page shows. */
  readonly onChange: () => void;
  /** Is called with a new result before it is shown. */
  readonly onResult: () => void;
}

/** The part of the page for syntheses. */
export class SynthesisPanel {
  readonly #options: SynthesisPanelOptions;
  readonly #form: FlagForm;
  readonly #modelSlot: Slot;
  readonly #imageSlot: Slot;
  #client: WorkerClient<SynthesisRequests> | undefined;
  /** True while this part is shown and there is a graphics card. */
  #isUsable = false;
  #model: { readonly given: GivenModel; readonly report?: ModelReport | undefined } | undefined;
  #image: ReadImage | undefined;
  /** The file of the image, also of one that could not be read: another --trust may accept it. */
  #file: GivenFile | undefined;
  #series: string | undefined;
  #seriesList: readonly string[] | undefined;
  /** The latest read of an image, until it ends. */
  #reading: object | undefined;
  #outcome: SynthesisOutcome | undefined;
  #scene: Scene = {};

  /** Makes the places and the form. */
  constructor(options: SynthesisPanelOptions) {
    this.#options = options;
    this.#modelSlot = new Slot({
      title: "Model",
      use:
        "The folder that crosswarp train wrote. Drop it, or click and select its checkpoint files.",
      isMultiple: true,
      accept: ".json,.safetensors",
      onFiles: (files) => void this.#takeModel(modelIn(files) ?? { name: "model", files }),
      onRemove: () => this.#removeModel(),
    });
    this.#imageSlot = new Slot({
      title: "Image",
      use: "A CT or an MR image. Drop a file or a DICOM folder, or click.",
      isMultiple: true,
      accept: "",
      onFiles: (files) => this.#takeImages(grouped(files), []),
      onRemove: () => this.#removeImage(),
    });
    this.#modelSlot.element.dataset.input = "model";
    this.#imageSlot.element.dataset.input = "image";
    byId("synthesis-slots").append(this.#modelSlot.element, this.#imageSlot.element);
    this.#form = new FlagForm({
      form: "synthesis-parameters",
      defaults: "synthesis-defaults",
      flags: Object.fromEntries(
        Object.entries(SYNTHESISE_FLAGS).filter(([key]) => !ELSEWHERE.includes(key)),
      ),
      first: ["to", "stitch"],
      onChange: (key) => {
        if (key === "trust" || key === "") this.#readAgain();
        options.onChange();
      },
    });
    byId("synthesise").addEventListener("click", () => void this.#synthesise());
  }

  /** The images for the viewer: the same object as long as they are the same, by which the viewer knows them. */
  get scene(): Scene {
    const image = this.#image?.image;
    const data = this.#outcome?.data;
    const before = this.#scene;
    if (image?.data !== before.fixed?.data || data !== before.moving?.data) {
      const fixed = image?.data === before.fixed?.data ? before.fixed : image && volumeOf(image);
      this.#scene = { fixed, moving: fixed && data && { grid: fixed.grid, data } };
    }
    return this.#scene;
  }

  /** Brings this part of the page up to date. */
  update(
    { isShown, hasAdapter }: { readonly isShown: boolean; readonly hasAdapter: boolean },
  ): void {
    const { isRunning } = this.#options.work;
    const missing = [
      this.#model?.report === undefined ? "a model" : "",
      this.#image === undefined ? "an image" : "",
      this.#texts.to === undefined ? "the modality of the result (--to)" : "",
    ].filter((text) => text !== "");
    const button = byId<HTMLButtonElement>("synthesise");
    button.hidden = isRunning || !isShown;
    button.disabled = missing.length > 0 || !hasAdapter;
    const hint = byId("synthesis-hint");
    hint.hidden = !isShown || missing.length === 0 || isRunning;
    hint.textContent = `The synthesis needs ${
      missing.join(", ").replace(/, ([^,]*)$/, " and $1")
    }.`;
    for (const slot of [this.#modelSlot, this.#imageSlot]) slot.isEnabled = !isRunning;
    this.#form.canReadAgain = !isRunning;
    byId("synthesis-result").hidden = !isShown || this.#outcome === undefined;
    byId("synthesis-command").textContent = `crosswarp synthesise ${
      this.#args().map(shellWord).join(" ")
    }`;
    const wasUsable = this.#isUsable;
    this.#isUsable = isShown && hasAdapter;
    if (this.#isUsable && !wasUsable) void this.#askForProgram();
    if (isShown) showNotices([...this.#image?.notices ?? [], ...this.#outcome?.notices ?? []]);
  }

  /**
   * Takes the files of a drop.
   *
   * @param slot - The element of the place on which they were dropped; null elsewhere.
   */
  async takeDrop(transfer: DataTransfer, slot: HTMLElement | null): Promise<void> {
    const { work } = this.#options;
    const { models, rest } = splitModels(await listDrop(transfer));
    const { files, problems } = groupedDrop(rest);
    const complaints = [...problems];
    // A folder takes time to list.
    if (work.isRunning) {
      showMessage(DROPPED_WHILE_RUNNING);
      return;
    }
    showMessage(undefined);
    if (slot === this.#modelSlot.element && models.length === 0 && files.length > 0) {
      // The worker says why they are no model.
      const given = files.flatMap((file) => file instanceof File ? [file] : file.files);
      void this.#takeModel({ name: files[0].name, files: given });
      return;
    }
    if (models.length > 1) {
      complaints.push(`Drop one model at a time: these are ${namesOf(models)}.`);
    } else if (models.length === 1) void this.#takeModel(models[0]);
    this.#takeImages(files, complaints);
  }

  /** Takes one image, and shows the problems of its drop. */
  #takeImages(files: readonly GivenFile[], problems: string[]): void {
    if (files.length > 1) {
      problems.push(`Give one image at a time: these are ${namesOf(files)}.`);
    } else if (files.length === 1) void this.#readImage(files[0]);
    if (problems.length > 0) {
      showMessage({ title: "Not all of this can be used", paragraphs: problems });
    }
  }

  /** Removes the result and what was said about earlier work, because the inputs change. */
  #clearResult(): void {
    this.#outcome = undefined;
    this.#options.work.forget();
  }

  async #takeModel(given: GivenModel): Promise<void> {
    const model = { given };
    this.#model = model;
    this.#clearResult();
    showMessage(undefined);
    this.#modelSlot.reading(given.name);
    this.#options.onChange();
    try {
      const client = await this.#worker();
      const report = await client.request("model", { files: given.files });
      if (this.#model !== model) return;
      this.#model = { given, report };
      this.#modelSlot.fill(`${given.name}: ${textOf(report)}`);
    } catch (error) {
      if (this.#model !== model) return;
      this.#model = undefined;
      this.#modelSlot.refuse((error as Error).message);
    }
    this.#options.onChange();
  }

  #removeModel(): void {
    this.#model = undefined;
    this.#clearResult();
    this.#modelSlot.empty();
    this.#options.onChange();
  }

  async #readImage(file: GivenFile, chosen?: string): Promise<void> {
    const read = {};
    this.#reading = read;
    if (this.#file !== file) this.#seriesList = undefined;
    this.#file = file;
    this.#series = chosen;
    this.#image = undefined;
    this.#clearResult();
    showMessage(undefined);
    this.#imageSlot.reading(file.name);
    this.#options.onChange();
    const slot = this.#imageSlot;
    try {
      const trust = this.#texts.trust as string | undefined;
      const found = await this.#options.read({ file, trust, series: chosen });
      // Meanwhile another file may have taken the place, or the file may have been removed.
      if (this.#reading !== read) return;
      this.#image = found;
      slot.fillWithImage(found.image, this.#choice);
    } catch (error) {
      if (this.#reading !== read) return;
      const series = error instanceof WorkError ? error.series : [];
      if (series.length > 0) this.#seriesList = series;
      const choice = this.#choice;
      if (choice === undefined || series.length === 0) {
        slot.refuse((error as Error).message, choice);
      } else slot.choose(file.name, choice);
    }
    this.#reading = undefined;
    this.#options.onChange();
  }

  #removeImage(): void {
    this.#reading = undefined;
    this.#file = undefined;
    this.#series = undefined;
    this.#image = undefined;
    this.#clearResult();
    this.#imageSlot.empty();
    this.#options.onChange();
  }

  /** Reads the image again, because the trusted matrix of its header has changed. */
  #readAgain(): void {
    if (this.#file !== undefined) void this.#readImage(this.#file, this.#series);
  }

  /** The series of the image's file; undefined if it does not have several. */
  get #choice(): SeriesChoice | undefined {
    const file = this.#file;
    const series = this.#seriesList;
    if (file === undefined || series === undefined) return undefined;
    return {
      series,
      chosen: this.#series,
      onChoice: (number) => void this.#readImage(file, number),
    };
  }

  async #synthesise(): Promise<void> {
    const { work, onResult } = this.#options;
    const given = this.#image;
    const model = this.#model;
    if (work.isRunning || given === undefined || model?.report === undefined) return;
    const { image } = given;
    const { deviceMemory } = navigator as { deviceMemory?: number | undefined };
    const problem = synthesisMemoryProblem(gridOf(image.grid), model.report, deviceMemory);
    if (problem !== undefined) {
      showMessage(errorWords("MemoryError", problem));
      return;
    }
    const args = this.#args();
    const hadResult = this.#outcome !== undefined;
    this.#outcome = undefined;
    await work.run({
      stage: "Starting",
      isRegistration: false,
      words: SYNTHESIS_WORDS,
      whenStopped: () =>
        hadResult
          ? "Your image and your model are still here; the earlier result is gone."
          : "Nothing was changed.",
      body: async (options) => {
        const client = await this.#worker();
        const memoryBytes = bytesAvailable(deviceMemory);
        const ask = { image, model: model.given.files, args, memoryBytes };
        const outcome = await client.request("synthesise", ask, options);
        this.#outcome = outcome;
        this.#showResult(outcome, client);
        onResult();
        return `Synthesised in ${outcome.seconds.toFixed(1)} s`;
      },
    });
  }

  #showResult(outcome: SynthesisOutcome, client: WorkerClient<SynthesisRequests>): void {
    const { patches, seconds, cheapErrorText, file } = outcome;
    const measures: [string, string][] = [
      ["Patches", `the mean of ${patches}`],
      ["Time", `${seconds.toFixed(1)} s`],
    ];
    if (cheapErrorText !== undefined) measures.push(["Check", cheapErrorText]);
    showMeasures("synthesis-measures", measures);
    byId("synthesis-downloads").replaceChildren(
      downloadItem(file, "the synthesised image", () => client.request("encode", undefined)),
    );
  }

  /** The worker, which starts when it is needed. */
  async #worker(): Promise<WorkerClient<SynthesisRequests>> {
    const program = await loadSynthesisProgram();
    this.#client ??= new WorkerClient<SynthesisRequests>(() => startWorker(program), () => {
      // The file of the result was in the earlier worker.
      this.#outcome = undefined;
      this.#options.onChange();
    });
    return this.#client;
  }

  async #askForProgram(): Promise<void> {
    try {
      await this.#worker();
    } catch (error) {
      showMessage({ title: "No synthesis", paragraphs: [(error as Error).message] });
    }
  }

  get #texts(): ParameterTexts {
    return this.#form.texts;
  }

  /** The command line of `synthesise`. */
  #args(): string[] {
    const texts = this.#texts;
    return [
      "--model",
      this.#model?.given.name ?? "model",
      "--image",
      this.#file?.name ?? "image.nii.gz",
      ...this.#series === undefined ? [] : ["--series", this.#series],
      ...flagWords(texts),
      "--out",
      `synthesised${texts.to === undefined ? "" : `_${texts.to}`}.nii.gz`,
    ];
  }
}

function textOf({ step, steps, crop, channels, plane, region }: ModelReport): string {
  const slices = channels === 1 ? "1 slice" : `${channels} slices`;
  const part = region === "all" ? "" : `, ${region}`;
  return `${plane} patches of ${crop} x ${crop} pixels in ${slices}${part}; step ${step} of ${steps}`;
}

function namesOf(given: readonly { readonly name: string }[]): string {
  return given.map(({ name }) => name).join(", ");
}
