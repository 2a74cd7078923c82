/**
 * The page: it joins the places for images, the parameters, the worker, the progress, the viewer and the result.
 *
 * @module
 */

import { VERSION } from "../host/version.ts";
import type { DisplacementField } from "../volume/volume.ts";
import { byId, make } from "./dom.ts";
import { errorWords, unavailableWords, type Words } from "./error_words.ts";
import { ImageSlots, type SeriesChoice } from "./image_slots.ts";
import { bytesAvailable, memoryProblem } from "./memory_need.ts";
import { commandLine, Parameters } from "./parameters.ts";
import { ProgressPanel } from "./progress_panel.ts";
import {
  type AdapterReport,
  type GivenFile,
  gridOf,
  type InputName,
  INPUTS,
  isIntensity,
  labelsOf,
  type Outcome,
  type SentImage,
  volumeOf,
} from "./protocol.ts";
import { hideResult, setBusy, showResult } from "./result_panel.ts";
import { shellWord } from "../host/shell_word.ts";
import { ViewControls } from "./view_controls.ts";
import type { Scene } from "../pictures/scene.ts";
import { WorkerClient, WorkError } from "./worker_client.ts";

/** The images that are there. */
const images = new Map<InputName, SentImage>();
/** The files of the inputs, also of those that could not be read: another --trust may accept them. */
const files = new Map<InputName, GivenFile>();
/** The numbers of the DICOM series that were chosen, from 1. */
const series = new Map<InputName, string>();
/** The DICOM series of the files that have several, one line each. */
const seriesLists = new Map<InputName, readonly string[]>();
/** The warnings about the files. */
const notices = new Map<InputName, readonly string[]>();
/** The latest read of each input whose file is still read. */
const reading = new Map<InputName, object>();
let outcome: Outcome | undefined;
let adapter: AdapterReport | undefined;
let running: AbortController | undefined;

/** Starts the worker, whose program is in the page. The page needs no other file and no request. */
function startWorker(): Worker {
  const program = new Blob([byId("worker").textContent!], { type: "text/javascript" });
  const url = URL.createObjectURL(program);
  const worker = new Worker(url);
  // The worker has begun to read it; a timer lets slow computers finish.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return worker;
}

const slots = new ImageSlots({
  onFile: (input, file) => void readFile(input, file),
  onRemove: (input) => void removeInput(input),
  onProblems: (paragraphs) => showMessage({ title: "The folder cannot be used", paragraphs }),
});
const client = new WorkerClient(startWorker, () => {
  // The files of the result were in the earlier worker.
  clearResult();
  update();
  void restoreInputs();
});
const progress = new ProgressPanel();
const controls = new ViewControls(() => byId("register").click());
const parameters = new Parameters((key) => {
  showCommand();
  if (key === "trust" || key === "") readAgain();
});

async function readFile(input: InputName, file: GivenFile, chosen?: string): Promise<void> {
  clearResult();
  const read = {};
  reading.set(input, read);
  if (files.get(input) !== file) seriesLists.delete(input);
  files.set(input, file);
  images.delete(input);
  notices.delete(input);
  if (chosen === undefined) series.delete(input);
  else series.set(input, chosen);
  slots.reading(input, file.name);
  showMessage(undefined);
  update();
  const { trust } = parameters.texts;
  try {
    const answer = await client.request("read", {
      input,
      file,
      trust: trust as string | undefined,
      series: chosen,
    });
    // Meanwhile another file may have taken the place, or the file may have been removed.
    if (reading.get(input) !== read) return;
    images.set(input, answer.image);
    notices.set(input, answer.notices);
    slots.fill(input, answer.image, choiceOf(input));
  } catch (error) {
    if (reading.get(input) !== read) return;
    const found = error instanceof WorkError && isIntensity(input) ? error.series : [];
    if (found.length > 0) seriesLists.set(input, found);
    const choice = choiceOf(input);
    if (choice === undefined || found.length === 0) {
      slots.refuse(input, (error as Error).message, choice);
    } else slots.choose(input, file.name, choice);
  }
  reading.delete(input);
  update();
}

/** The series of an input's file; undefined if it does not have several. */
function choiceOf(input: InputName): SeriesChoice | undefined {
  const file = files.get(input);
  const list = seriesLists.get(input);
  if (file === undefined || list === undefined) return undefined;
  return {
    series: list,
    chosen: series.get(input),
    onChoice: (number) => void readFile(input, file, number),
  };
}

/** Reads all files again, because the trusted matrix of their headers has changed. */
function readAgain(): void {
  // All at once: a later read could meet a file that was replaced or removed meanwhile.
  for (const [input, file] of [...files]) void readFile(input, file, series.get(input));
}

async function removeInput(input: InputName): Promise<void> {
  clearResult();
  reading.delete(input);
  images.delete(input);
  files.delete(input);
  series.delete(input);
  seriesLists.delete(input);
  notices.delete(input);
  slots.empty(input);
  update();
  await client.request("remove", { input });
}

async function swapImages(): Promise<void> {
  clearResult();
  for (
    const [one, other] of [["fixed", "moving"], ["fixedLabels", "movingLabels"], [
      "fixedMask",
      "movingMask",
    ]] as const
  ) {
    for (const map of [images, files, series, seriesLists, notices] as Map<InputName, unknown>[]) {
      const [first, second] = [map.get(one), map.get(other)];
      for (const [input, value] of [[one, second], [other, first]] as const) {
        if (value === undefined) map.delete(input);
        else map.set(input, value);
      }
    }
    for (const input of [one, other]) {
      const image = images.get(input);
      if (image === undefined) slots.empty(input);
      else slots.fill(input, image, choiceOf(input));
    }
  }
  update();
  const restored = restoreInputs();
  // A file without an image was refused, or its series is not chosen: its place says so again.
  for (const [input, file] of [...files]) {
    if (!images.has(input)) void readFile(input, file, series.get(input));
  }
  await restored;
}

/** Gives the worker the images that the page has, with the warnings about their files. */
async function restoreInputs(): Promise<void> {
  // All messages go at once: messages keep their order, so that a registration cannot meet half of the inputs.
  const sent = INPUTS.map((input) => {
    const image = images.get(input);
    return image === undefined
      ? client.request("remove", { input })
      : client.request("put", { input, image, notices: notices.get(input) ?? [] });
  });
  try {
    await Promise.all(sent);
  } catch (error) {
    showMessage(errorWords("WorkerError", (error as Error).message));
  }
}

async function makeDemo(): Promise<void> {
  await work("Making a phantom", false, async (options) => {
    const answer = await client.request("demo", undefined, options);
    clearResult();
    for (const input of INPUTS) {
      const image = answer.images[input];
      files.delete(input);
      series.delete(input);
      seriesLists.delete(input);
      notices.delete(input);
      if (image === undefined) {
        images.delete(input);
        slots.empty(input);
      } else {
        images.set(input, image);
        slots.fill(input, image);
      }
    }
    controls.viewer.change({ mode: "overlay", hasContours: true });
    return "The phantom is ready: MR at exhale is the fixed image, CT at inhale the moving one. Press Register.";
  });
}

async function register(): Promise<void> {
  if (running !== undefined || reading.size > 0) return;
  const fixed = images.get("fixed");
  const moving = images.get("moving");
  if (fixed === undefined || moving === undefined) return;
  const { deviceMemory } = navigator as { deviceMemory?: number | undefined };
  const problem = memoryProblem(gridOf(fixed.grid), gridOf(moving.grid), deviceMemory);
  if (problem !== undefined) {
    showMessage(errorWords("MemoryError", problem));
    return;
  }
  await work("Starting", true, async (options) => {
    const memoryBytes = bytesAvailable(deviceMemory);
    const found = await client.request("register", { args: args(), memoryBytes }, options);
    outcome = found;
    showResult(found, (file) => void save(file));
    byId("notices").replaceChildren(
      ...found.notices.map((text) => make("li", { textContent: text })),
    );
    const { mode } = controls.viewer.view;
    controls.viewer.change({ isAfter: true, mode: mode === "fixed" ? "overlay" : mode });
    return `Registered in ${found.seconds.toFixed(1)} s`;
  });
}

/** Runs long work with its progress, its cancelling and its errors. */
async function work(
  stage: string,
  isRegistration: boolean,
  body: (options: {
    signal: AbortSignal;
    onProgress: ProgressPanel["update"];
  }) => Promise<string>,
): Promise<void> {
  const hadResult = outcome !== undefined;
  if (isRegistration) clearResult();
  const controller = new AbortController();
  running = controller;
  showMessage(undefined);
  progress.begin(stage, isRegistration);
  update();
  byId("progress").scrollIntoView({ block: "nearest" });
  try {
    const end = await body({
      signal: controller.signal,
      onProgress: (state) => {
        if (!controller.signal.aborted) progress.update(state);
      },
    });
    progress.end(end);
  } catch (error) {
    progress.hide();
    if (controller.signal.aborted) {
      const text = hadResult && outcome === undefined
        ? "Your images are still here; the earlier result is gone."
        : "Nothing was changed.";
      showMessage({ title: "Stopped", paragraphs: [text] }, false);
    } else {
      const kind = error instanceof WorkError ? error.kind : "Error";
      showMessage(errorWords(kind, (error as Error).message));
    }
  } finally {
    running = undefined;
    update();
  }
}

/** Makes a file of the result and gives it to the browser's downloads. */
async function save(file: string): Promise<void> {
  setBusy(file, true);
  try {
    const bytes = await client.request("encode", { file });
    const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    make("a", { href: url, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    const kind = error instanceof WorkError ? error.kind : "Error";
    showMessage(errorWords(kind, (error as Error).message, "This file cannot be saved"));
  } finally {
    setBusy(file, false);
  }
}

function args(): string[] {
  const names: Partial<Record<InputName, string>> = {};
  for (const [input, { name }] of images) names[input] = name;
  return commandLine(names, parameters.texts, series);
}

function clearResult(): void {
  outcome = undefined;
  hideResult();
  if (running === undefined) progress.hide();
}

function showMessage(words: Words | undefined, isError = true): void {
  const message = byId("message");
  message.className = isError ? "error" : "";
  message.replaceChildren(...words === undefined ? [] : wordElements(words));
}

function wordElements({ title, paragraphs }: Words): HTMLElement[] {
  return [
    make("h2", { textContent: title }),
    ...paragraphs.map((text) => make("p", { textContent: text })),
  ];
}

function showCommand(): void {
  const names: Partial<Record<InputName, string>> = {
    fixed: "fixed.nii.gz",
    moving: "moving.nii.gz",
  };
  for (const [input, { name }] of images) names[input] = name;
  const words = commandLine(names, parameters.texts, series).map(shellWord);
  byId("command").textContent = `crosswarp register ${words.join(" ")}`;
}

let shown: { readonly key: readonly unknown[]; readonly scene: Scene } | undefined;

/** The images for the viewer: the same object as long as they are the same. */
function sceneOf(): Scene {
  const key = [
    images.get("fixed"),
    images.get("moving"),
    images.get("fixedLabels"),
    images.get("movingLabels"),
    outcome,
  ];
  if (shown !== undefined && key.every((value, i) => value === shown!.key[i])) return shown.scene;
  const [fixed, moving, fixedLabels, movingLabels] = key.slice(0, 4) as (SentImage | undefined)[];
  // The same grid object for the same image, by which the viewer knows it.
  const before = shown;
  const keep = <T>(index: number, earlier: T | undefined, make: () => T): T =>
    before !== undefined && before.key[index] === key[index] && earlier !== undefined
      ? earlier
      : make();
  const scene: Scene = {
    fixed: fixed && keep(0, before?.scene.fixed, () => volumeOf(fixed)),
    moving: moving && keep(1, before?.scene.moving, () => volumeOf(moving)),
    fixedLabels: fixedLabels && keep(2, before?.scene.fixedLabels, () => labelsOf(fixedLabels)),
    movingLabels: movingLabels && keep(3, before?.scene.movingLabels, () => labelsOf(movingLabels)),
    result: undefined,
  };
  shown = { key, scene: withResult(scene) };
  return shown.scene;
}

function withResult(scene: Scene): Scene {
  if (outcome === undefined || scene.fixed === undefined) return scene;
  const { grid } = scene.fixed;
  const { warped, warpedLabels, field, jacobian, rigid } = outcome;
  return {
    ...scene,
    result: {
      warped: { grid, data: warped },
      warpedLabels: warpedLabels && { grid, data: warpedLabels },
      field: { grid, components: field } satisfies DisplacementField,
      jacobian: { grid, data: jacobian },
      rigid,
    },
  };
}

/** Brings the whole page up to date. */
function update(): void {
  const scene = sceneOf();
  if (scene !== controls.viewer.scene) controls.viewer.show(scene);
  else controls.update();
  const isRunning = running !== undefined;
  const isReading = reading.size > 0;
  const hasBoth = images.has("fixed") && images.has("moving");
  slots.isEnabled = !isRunning;
  parameters.canReadAgain = !isRunning;
  const button = byId<HTMLButtonElement>("register");
  button.hidden = isRunning;
  button.disabled = isReading || !hasBoth || adapter?.description === undefined;
  byId("cancel").hidden = !isRunning;
  byId<HTMLButtonElement>("demo").disabled = isRunning || isReading;
  byId<HTMLButtonElement>("swap").disabled = isRunning || isReading || images.size === 0;
  byId("hint").hidden = hasBoth;
  if (outcome === undefined) {
    const texts = [...notices.values()].flat();
    byId("notices").replaceChildren(...texts.map((text) => make("li", { textContent: text })));
  }
  showCommand();
}

/** Light, dark, or as the system says. */
function switchTheme(): void {
  const { dataset } = document.documentElement;
  const themes = ["system", "light", "dark"];
  const next = themes[(themes.indexOf(dataset.theme ?? "system") + 1) % themes.length];
  if (next === "system") delete dataset.theme;
  else dataset.theme = next;
  byId("theme").textContent = `Theme: ${next}`;
  progress.redraw();
}

async function findAdapter(): Promise<void> {
  try {
    adapter = await client.request("adapter", undefined);
  } catch (error) {
    showMessage(errorWords("WorkerError", (error as Error).message));
    return;
  }
  const words = unavailableWords(adapter, globalThis.isSecureContext);
  const box = byId("unavailable");
  box.hidden = words === undefined;
  if (words !== undefined) box.replaceChildren(...wordElements(words));
  byId("adapter").textContent = adapter.description === undefined
    ? adapter.hasWebGpu ? "No graphics card" : "No WebGPU"
    : adapter.isSoftware
    ? `On the processor (${adapter.description})`
    : `On ${adapter.description}`;
  update();
}

byId("demo").addEventListener("click", () => void makeDemo());
byId("swap").addEventListener("click", () => void swapImages());
byId("register").addEventListener("click", () => void register());
byId("cancel").addEventListener("click", () => {
  byId("stage").textContent = "Stopping ...";
  running?.abort();
});
byId("theme").addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => progress.redraw());
addEventListener("resize", () => progress.redraw());
byId("version").textContent = `crosswarp ${VERSION}`;
for (const input of INPUTS) slots.empty(input);
update();
void findAdapter();
