/**
 * The page: it joins the places for images, the parameters, the worker, the progress, the viewer and the result of a
 * registration, and the part for syntheses.
 *
 * @module
 */

import { VERSION } from "../host/version.ts";
import type { DisplacementField } from "../volume/volume.ts";
import { shellWord } from "../host/shell_word.ts";
import type { Scene } from "../pictures/scene.ts";
import { byId } from "./dom.ts";
import { acceptDrops } from "./drops.ts";
import { errorWords, REGISTRATION_WORDS, unavailableWords } from "./error_words.ts";
import { ImageSlots } from "./image_slots.ts";
import { LongWork } from "./long_work.ts";
import { bytesAvailable, memoryProblem } from "./memory_need.ts";
import { showMessage, showNotices, wordElements } from "./messages.ts";
import { commandLine, registerForm } from "./parameters.ts";
import {
  type AdapterReport,
  type GivenFile,
  gridOf,
  type InputName,
  INPUTS,
  isIntensity,
  labelsOf,
  type Outcome,
  type Requests,
  type SentImage,
  volumeOf,
} from "./protocol.ts";
import { markChosen, takeArrowKeys } from "./radio_group.ts";
import { showResult } from "./result_panel.ts";
import type { SeriesChoice } from "./slot.ts";
import { SYNTHESIS_NAMES, SynthesisPanel } from "./synthesis_panel.ts";
import { permitOnlySynthesisFile } from "./synthesis_program.ts";
import { REGISTRATION_NAMES, ViewControls } from "./view_controls.ts";
import { startWorker, WorkerClient, WorkError } from "./worker_client.ts";

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
/** True while the page shows the synthesis and not the registration. */
let isSynthesis = false;

permitOnlySynthesisFile();
const slots = new ImageSlots({
  onFile: (input, file) => void readFile(input, file),
  onRemove: (input) => void removeInput(input),
  onProblems: (paragraphs) => showMessage({ title: "The folder cannot be used", paragraphs }),
});
const program = byId("worker").textContent;
const client = new WorkerClient<Requests>(() => startWorker(program), () => {
  // The files of the result were in the earlier worker.
  clearResult();
  update();
  void restoreInputs();
});
const work = new LongWork(() => update());
const controls = new ViewControls(() => byId(isSynthesis ? "synthesise" : "register").click());
const synthesis = new SynthesisPanel({
  work,
  read: (file) => client.request("readImage", file),
  onChange: () => update(),
  onResult: () => {
    const { mode } = controls.viewer.view;
    controls.viewer.change({ mode: mode === "fixed" ? "swipe" : mode });
  },
});
const parameters = registerForm((key) => {
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
  slots.of(input).reading(file.name);
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
    slots.of(input).fillWithImage(answer.image, choiceOf(input));
  } catch (error) {
    if (reading.get(input) !== read) return;
    const found = error instanceof WorkError && isIntensity(input) ? error.series : [];
    if (found.length > 0) seriesLists.set(input, found);
    const choice = choiceOf(input);
    if (choice === undefined || found.length === 0) {
      slots.of(input).refuse((error as Error).message, choice);
    } else slots.of(input).choose(file.name, choice);
  }
  slots.reveal(input);
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
  slots.of(input).empty();
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
      if (image === undefined) slots.of(input).empty();
      else {
        slots.of(input).fillWithImage(image, choiceOf(input));
        slots.reveal(input);
      }
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
  await work.run({
    stage: "Making a phantom",
    isRegistration: false,
    words: REGISTRATION_WORDS,
    whenStopped: () => "Nothing was changed.",
    body: async (options) => {
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
          slots.of(input).empty();
        } else {
          images.set(input, image);
          slots.of(input).fillWithImage(image);
          slots.reveal(input);
        }
      }
      controls.viewer.change({ mode: "overlay", hasContours: true });
      return "The phantom is ready: MR at exhale is the fixed image, CT at inhale the moving one. Press Register.";
    },
  });
}

async function register(): Promise<void> {
  if (work.isRunning || reading.size > 0) return;
  const fixed = images.get("fixed");
  const moving = images.get("moving");
  if (fixed === undefined || moving === undefined) return;
  const { deviceMemory } = navigator as { deviceMemory?: number | undefined };
  const problem = memoryProblem(gridOf(fixed.grid), gridOf(moving.grid), deviceMemory);
  if (problem !== undefined) {
    showMessage(errorWords("MemoryError", problem));
    return;
  }
  const hadResult = outcome !== undefined;
  clearResult();
  await work.run({
    stage: "Starting",
    isRegistration: true,
    words: REGISTRATION_WORDS,
    whenStopped: () =>
      hadResult
        ? "Your images are still here; the earlier result is gone."
        : "Nothing was changed.",
    body: async (options) => {
      const memoryBytes = bytesAvailable(deviceMemory);
      const found = await client.request("register", { args: args(), memoryBytes }, options);
      outcome = found;
      showResult(found, (file) => client.request("encode", { file }));
      const { mode } = controls.viewer.view;
      controls.viewer.change({ isAfter: true, mode: mode === "fixed" ? "overlay" : mode });
      return `Registered in ${found.seconds.toFixed(1)} s`;
    },
  });
}

function args(): string[] {
  const names: Partial<Record<InputName, string>> = {};
  for (const [input, { name }] of images) names[input] = name;
  return commandLine(names, parameters.texts, series);
}

function clearResult(): void {
  outcome = undefined;
  work.forget();
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
  const hasAdapter = adapter?.description !== undefined;
  if (isSynthesis) controls.showScene(synthesis.scene, SYNTHESIS_NAMES);
  else controls.showScene(sceneOf(), REGISTRATION_NAMES);
  for (const button of byId("tasks").querySelectorAll<HTMLButtonElement>("button")) {
    markChosen(button, (button.dataset.task === "synthesise") === isSynthesis);
    button.disabled = work.isRunning;
  }
  for (const element of document.querySelectorAll<HTMLElement>("[data-for]")) {
    element.hidden = (element.dataset.for === "synthesise") !== isSynthesis;
  }
  byId("cancel").hidden = !work.isRunning;
  synthesis.update({ isShown: isSynthesis, hasAdapter });
  updateRegistration(hasAdapter);
}

/** Brings the part of the page with the registration up to date. */
function updateRegistration(hasAdapter: boolean): void {
  const { isRunning } = work;
  const isReading = reading.size > 0;
  const hasBoth = images.has("fixed") && images.has("moving");
  slots.isEnabled = !isRunning;
  parameters.canReadAgain = !isRunning;
  const button = byId<HTMLButtonElement>("register");
  button.hidden = isRunning || isSynthesis;
  button.disabled = isReading || !hasBoth || !hasAdapter;
  byId<HTMLButtonElement>("demo").disabled = isRunning || isReading;
  byId<HTMLButtonElement>("swap").disabled = isRunning || isReading || images.size === 0;
  byId("hint").hidden = hasBoth || isSynthesis;
  byId("result").hidden = outcome === undefined || isSynthesis;
  if (!isSynthesis) showNotices(outcome?.notices ?? [...notices.values()].flat());
  showCommand();
}

/** Shows the part of the page for a registration, or that for a synthesis. */
function chooseTask(task: string): void {
  if (work.isRunning || (task === "synthesise") === isSynthesis) return;
  isSynthesis = task === "synthesise";
  showMessage(undefined);
  work.forget();
  update();
}

/** Light, dark, or as the system says. */
function switchTheme(): void {
  const { dataset } = document.documentElement;
  const themes = ["system", "light", "dark"];
  const next = themes[(themes.indexOf(dataset.theme ?? "system") + 1) % themes.length];
  if (next === "system") delete dataset.theme;
  else dataset.theme = next;
  byId("theme").textContent = `Theme: ${next}`;
  work.progress.redraw();
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
for (const button of byId("tasks").querySelectorAll<HTMLButtonElement>("button")) {
  button.addEventListener("click", () => chooseTask(button.dataset.task!));
}
takeArrowKeys(byId("tasks"));
acceptDrops((transfer, slot) => void (isSynthesis ? synthesis : slots).takeDrop(transfer, slot));
byId("theme").addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => work.progress.redraw());
addEventListener("resize", () => work.progress.redraw());
byId("version").textContent = `crosswarp ${VERSION}`;
for (const input of INPUTS) slots.of(input).empty();
update();
void findAdapter();
