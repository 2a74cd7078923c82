/** The parts of the page that need no browser. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseFlags } from "../tasks/_flags.ts";
import { hasEffect, REGISTER_FLAGS } from "../tasks/_register_flags.ts";
import { SYNTHESISE_FLAGS, synthesisSettings } from "../tasks/_synthesise_flags.ts";
import { Grid } from "../volume/grid.ts";
import { droppedFiles, grouped, groupedFolder } from "./dropped_files.ts";
import { errorWords, SYNTHESIS_WORDS, unavailableWords } from "./error_words.ts";
import { guessInputs } from "./image_slots.ts";
import { flagWords } from "./flag_form.ts";
import { modelIn, splitModels } from "./given_model.ts";
import {
  bytesNeeded,
  memoryProblem,
  synthesisBytes,
  synthesisMemoryProblem,
} from "./memory_need.ts";
import { commandLine } from "./parameters.ts";
import { type GivenFile, INPUTS } from "./protocol.ts";
import { targetOf } from "./radio_group.ts";
import { shellWord } from "../host/shell_word.ts";

Deno.test("guessInputs() knows labels, masks, CT and MR by their names", () => {
  assertEquals(guessInputs(["ct.nii.gz", "mr.nii.gz"], INPUTS), ["moving", "fixed"]);
  assertEquals(guessInputs(["a.nii", "b.nii", "c.nii"], INPUTS), ["fixed", "moving", undefined]);
  assertEquals(
    guessInputs(["ct_labels.nii.gz", "patient-7_T1.nii", "CT-7.nii", "mr_mask.nii"], INPUTS),
    ["movingLabels", "fixed", "moving", "fixedMask"],
  );
  // The fixed image is there.
  assertEquals(guessInputs(["mr.nii.gz"], ["moving"]), ["moving"]);
});

const filesOf = (names: readonly string[]) => names.map((name) => new File([], name));
const namesOf = (files: readonly GivenFile[]) =>
  files.map((given) =>
    given instanceof File ? given.name : [given.name, ...given.files.map(({ name }) => name)]
  );

Deno.test("grouped() makes one folder of the files without a suffix of an image", () => {
  const grouping = (...names: string[]) => namesOf(grouped(filesOf(names), "study"));
  assertEquals(grouping("a.nii.gz", "b.nrrd"), ["a.nii.gz", "b.nrrd"]);
  assertEquals(grouping("IM1", "b.nii", "2.dcm", "1.2.840.3", "notes.txt"), [
    "b.nii",
    "notes.txt",
    ["study", "IM1", "2.dcm", "1.2.840.3"],
  ]);
  // An enhanced DICOM file is a whole image.
  assertEquals(grouping("enhanced.dcm"), ["enhanced.dcm"]);
  assertEquals(grouping(".DS_Store", "a.nii.gz", "._a.nii.gz"), ["a.nii.gz"]);
  // A person chose the hidden file alone.
  assertEquals(grouping(".a.nii"), [".a.nii"]);
});

Deno.test("groupedFolder() leaves out hidden files and those that are no images", () => {
  const grouping = (...names: string[]) => namesOf(groupedFolder(filesOf(names), "study"));
  assertEquals(grouping("IM1", "IM2", "notes.txt", ".DS_Store", "Thumbs.db"), [
    ["study", "IM1", "IM2"],
  ]);
  assertEquals(grouping("t1.nii.gz", "t1.json", "t1.png"), ["t1.nii.gz"]);
  assertThrows(() => grouping(), Error, "The folder study has no files.");
  assertThrows(() => grouping(".DS_Store", "a.txt"), Error, "The folder study has no image files.");
});

Deno.test("droppedFiles() uses the files of a drop whose folders the browser refuses", async () => {
  const image = new File([], "a.nii");
  const refused = () => Promise.reject(new DOMException("Not allowed", "NotAllowedError"));
  const entryOf = (name: string, files: readonly string[]) => {
    let left = [...files];
    const readEntries = (done: (entries: unknown[]) => void) => {
      const entries = left.map((file) => ({
        isDirectory: false,
        file: (use: (file: File) => void) => use(new File([], file)),
      }));
      left = [];
      done(entries);
    };
    return { isDirectory: true, name, createReader: () => ({ readEntries }) };
  };
  const item = (entry: unknown, handle: () => Promise<unknown> = refused) => ({
    kind: "file",
    webkitGetAsEntry: () => entry,
    getAsFileSystemHandle: handle,
  });
  const transfer = {
    files: [image, ...filesOf(["study", "empty", ".DS_Store"])],
    items: [
      item({ isDirectory: false }),
      item(entryOf("study", ["IM1", "IM2", "notes.txt"])),
      item(entryOf("empty", [])),
      item(null, () => Promise.resolve({ kind: "file" })),
    ],
  };
  const { files, problems } = await droppedFiles(transfer as unknown as DataTransfer);
  assertEquals(namesOf(files), ["a.nii", ["study", "IM1", "IM2"]]);
  assertEquals(problems, ["The folder empty has no files."]);
});

Deno.test("splitModels() takes models from loose files and from folders", () => {
  const folder = (name: string, ...names: string[]) => ({ name, files: filesOf(names) });
  const { models, rest } = splitModels({
    loose: filesOf(["ct.nii.gz", "checkpoint.json", "checkpoint-0000040.safetensors"]),
    folders: [
      folder("trained", "checkpoint.json", "checkpoint-0000002.safetensors", "log.jsonl"),
      folder("study", "IM1", "IM2"),
    ],
    problems: ["a problem"],
  });
  assertEquals(namesOf(models), [
    ["model", "checkpoint.json", "checkpoint-0000040.safetensors"],
    ["trained", "checkpoint.json", "checkpoint-0000002.safetensors"],
  ]);
  assertEquals(namesOf([...rest.loose, ...rest.folders]), ["ct.nii.gz", ["study", "IM1", "IM2"]]);
  assertEquals(rest.problems, ["a problem"]);
  assertEquals(modelIn(filesOf(["ct.nii.gz"])), undefined);
});

Deno.test("flagWords() of a form are read by synthesise", () => {
  const words = flagWords({ to: "mr", sliceStride: "2", allPatches: true });
  assertEquals(words, ["--to", "mr", "--slice-stride", "2", "--all-patches"]);
  const spec = { name: "synthesise", summary: "", flags: SYNTHESISE_FLAGS };
  const files = ["--model", "m", "--image", "i", "--out", "o"];
  assertEquals(synthesisSettings(parseFlags(spec, [...files, ...words])), {
    to: "mr",
    stitch: "full",
    stride: undefined,
    sliceStride: 2,
    skipEmpty: false,
  });
});

Deno.test("commandLine() is read by register, with quotes for a shell", () => {
  const names = { fixed: "the mr.nii.gz", moving: "ct.nii.gz" };
  const args = commandLine(names, { spacing: "25", noFolding: true });
  const spec = { name: "register", summary: "", flags: REGISTER_FLAGS };
  const flags = parseFlags(spec, args);
  assertEquals(
    commandLine({ fixed: "study" }, {}, new Map([["fixed", "2"]])),
    ["--fixed", "study", "--fixed-series", "2", "--out", "registered"],
  );
  assertEquals([flags.fixed, flags.spacing, flags.noFolding], ["the mr.nii.gz", 25, true]);
  assertEquals([flags.similarity, flags.seed], ["automatic", 12345]);
  assertEquals(
    args.map(shellWord).join(" "),
    "--fixed 'the mr.nii.gz' --moving ct.nii.gz --spacing 25 --no-folding --out registered",
  );
  assertEquals(shellWord("it's"), `'it'\\''s'`);
});

Deno.test("hasEffect() knows the flags of a method and of a similarity", () => {
  const nmi = { method: "control-grid", similarity: "nmi" } as const;
  const gaussNewton = { method: "mind-gauss-newton", similarity: "nmi+mind" } as const;
  assertEquals(hasEffect("beta", nmi), false);
  assertEquals(hasEffect("beta", { ...nmi, similarity: "nmi+mind" }), true);
  assertEquals(hasEffect("beta", { ...nmi, similarity: "automatic" }), false);
  assertEquals(hasEffect("channelWindow", { ...nmi, similarity: "automatic" }), true);
  assertEquals(hasEffect("keepInterpolated", nmi), false);
  assertEquals(hasEffect("keepInterpolated", { ...nmi, similarity: "automatic" }), true);
  assertEquals(hasEffect("keepInterpolated", gaussNewton), false);
  assertEquals(hasEffect("alpha", nmi), false);
  assertEquals(hasEffect("alpha", gaussNewton), true);
  assertEquals(hasEffect("spacing", gaussNewton), false);
  assertEquals(hasEffect("resolution", gaussNewton), true);
});

Deno.test("memoryProblem() refuses what cannot fit, and only that", () => {
  const large = Grid.axisAligned([512, 512, 512], [1, 1, 1]);
  const small = Grid.axisAligned([64, 64, 64], [1, 1, 1]);
  // 2^27 voxels of 4 bytes are half a GiB; 22 arrays of them are 11 GiB.
  assertEquals(bytesNeeded(large, large), 11 * 2 ** 30);
  assertStringIncludes(memoryProblem(large, large, 4)!, "need about 11.0 GiB");
  assertEquals(memoryProblem(small, small, 4), undefined);
  assertEquals(memoryProblem(large, large, 16), undefined);
  // A browser that reports 8 GiB at most reports 8 GiB for more, too; some report nothing.
  assertEquals(memoryProblem(large, large, 8), undefined);
  assertEquals(memoryProblem(large, large, undefined), undefined);
});

Deno.test("synthesisMemoryProblem() counts the voxels that the model sees, and its results", () => {
  const image = Grid.axisAligned([256, 256, 128], [1, 1, 2]);
  const model = { crop: 256, filters: 64 };
  // 2^23 voxels in 14 arrays, and six results of 2^16 pixels and 64 filters.
  assertEquals(synthesisBytes(image, model), 4 * (14 * 2 ** 23 + 6 * 2 ** 22));
  assertEquals(synthesisBytes(image, { ...model, voxel: 1 }), 4 * (14 * 2 ** 24 + 6 * 2 ** 22));
  assertEquals(synthesisBytes(image, { ...model, voxel: 4 }), synthesisBytes(image, model));
  assertStringIncludes(synthesisMemoryProblem(image, model, 0.5)!, "needs about 0.5 GiB");
  assertEquals(synthesisMemoryProblem(image, model, 1), undefined);
});

Deno.test("unavailableWords() tells an old browser, a hidden card and an insecure address apart", () => {
  const none = { hasWebGpu: false, isSoftware: false };
  assertStringIncludes(unavailableWords(none, false)!.title, "not secure");
  assertStringIncludes(unavailableWords(none, true)!.title, "no WebGPU");
  const hidden = { ...none, hasWebGpu: true };
  assertStringIncludes(unavailableWords(hidden, true)!.title, "no graphics card");
  assertEquals(unavailableWords({ ...hidden, description: "a card" }, true), undefined);
});

Deno.test("errorWords() leaves out the advice of the command line", () => {
  const message =
    "--spacing must be at least 0.1\nRun `crosswarp register --help` to see the flags.";
  assertEquals(errorWords("UsageError", message).paragraphs, ["--spacing must be at least 0.1"]);
  const memory = errorWords("RangeError", "Array buffer allocation failed");
  assertEquals(memory.title, "Too little memory");
  assertEquals(
    errorWords("GpuLostError", "a line", SYNTHESIS_WORDS).paragraphs[1],
    "Close other programs that use the graphics card, or choose --stitch cheap, and synthesise again.",
  );
  assertEquals(errorWords("Error", "a line").title, "This cannot be registered");
});

Deno.test("the keys of a radio group go round its buttons", () => {
  assertEquals(["ArrowRight", "ArrowDown"].map((key) => targetOf(key, 2, 3)), [0, 0]);
  assertEquals(["ArrowLeft", "ArrowUp"].map((key) => targetOf(key, 0, 3)), [2, 2]);
  assertEquals(["Home", "End", "ArrowRight"].map((key) => targetOf(key, 1, 3)), [0, 2, 2]);
  // A letter, and a key on an element that is no button of the group.
  assertEquals([targetOf("a", 1, 3), targetOf("Home", -1, 3)], [undefined, undefined]);
});
