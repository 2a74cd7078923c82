import { assertEquals, assertRejects } from "@std/assert";
import { type Manifest, ManifestError, readManifest, writeManifest } from "./manifest.ts";

const subject = { id: "p", kind: "paired", images: { ct: "c", mr: "m" }, labels: { ct: "l" } };
const good = {
  format: "crosswarp-cohort",
  version: 1,
  profile: "own",
  seed: 3,
  subjects: [subject],
};

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["c", "m", "l", "t"]) await Deno.writeTextFile(`${folder}/${name}`, "");
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readManifest() returns what writeManifest() wrote, with paths that can be opened", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cohort.json`;
    const whole = {
      ...good,
      breathing: "balanced",
      voxelSizes: { ct: [1, 1, 1.5] },
      subjects: [{
        ...subject,
        truth: "t",
        trueImages: { mr: "m" },
        exclude: { mr: [58] },
        trust: "qform",
      }],
    };
    await writeManifest(path, whole as unknown as Manifest);
    const { subjects: [read], ...rest } = await readManifest(path);
    assertEquals({ ...rest, subjects: whole.subjects } as unknown, whole);
    assertEquals(read.images, { ct: `${folder}/c`, mr: `${folder}/m` });
    assertEquals([read.labels.ct, read.truth], [`${folder}/l`, `${folder}/t`]);
    assertEquals(read.trueImages, { mr: `${folder}/m` });
    assertEquals(read.exclude, { mr: [58] });
  }));

const one = (change: Record<string, unknown>) => ({
  ...good,
  subjects: [{ ...subject, ...change }],
});
const bad: readonly (readonly [string, unknown, string])[] = [
  ["another format", { ...good, format: "x" }, `"format" must be "crosswarp-cohort", got "x"`],
  ["a later version", { ...good, version: 2 }, `"version" must be 1, got 2`],
  ["a list", [], "the manifest must be an object, got []"],
  ["an unknown field", { ...good, sedd: 1 }, `unknown field "sedd"`],
  ["a fractional seed", { ...good, seed: 1.5 }, `"seed" must be a whole number, got 1.5`],
  ["a voxel size of 0", { ...good, voxelSizes: { ct: [0, 1, 1] } }, "voxelSizes.ct must be three"],
  ["no subjects", { ...good, subjects: undefined }, `"subjects" must be a list, got nothing`],
  ["two of one id", { ...good, subjects: [subject, subject] }, `"p" is there twice`],
  ["an id with a slash", one({ id: "a/b" }), "subjects[0].id must begin with"],
  ["an unknown kind", one({ kind: "pet" }), `subjects[0].kind must be "ct", "mr" or "paired"`],
  ["no MR in a pair", one({ images: { ct: "c" } }), "subjects[0].images.mr is missing"],
  ["an MR in a CT subject", one({ kind: "ct" }), `of kind "ct" but has a file for mr`],
  ["a path that is a number", one({ labels: { ct: 3 } }), "subjects[0].labels.ct must be a path"],
  ["a breathing of numbers", { ...one({}), breathing: 3 }, '"breathing" must be a text'],
  ["an attribution of numbers", { ...one({}), attribution: 3 }, '"attribution" must be a text'],
  ["no labels", one({ labels: undefined }), "subjects[0].labels is missing"],
  ["an unknown modality", one({ images: { pet: "c" } }), `unknown field "pet"`],
  ["a label id of 0", one({ exclude: { ct: [0] } }), "exclude.ct must be a list of label ids"],
  ["an unknown matrix", one({ trust: "pixdim" }), 'trust must be "sform" or "qform", got "pixdim"'],
  ["a missing file", one({ labels: { ct: "gone" } }), "subject p, labels.ct: no file at"],
  [
    "a missing true image",
    one({ trueImages: { ct: "gone" } }),
    "subject p, trueImages.ct: no file",
  ],
  [
    "a true image of an unpaired subject",
    one({ kind: "ct", images: { ct: "c" }, trueImages: { mr: "m" } }),
    'only a subject of kind "paired" has true images',
  ],
  ["a missing truth", one({ truth: "gone" }), "subject p, truth: no file at"],
];

for (const [name, json, message] of bad) {
  Deno.test(`readManifest() refuses ${name}`, () =>
    inFolder(async (folder) => {
      const path = `${folder}/cohort.json`;
      await Deno.writeTextFile(path, JSON.stringify(json));
      const error = await assertRejects(() => readManifest(path), ManifestError, message);
      assertEquals(error.message.startsWith(path), true);
    }));
}

Deno.test("readManifest() tells a missing manifest from one that is not JSON", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cohort.json`;
    await assertRejects(() => readManifest(path), ManifestError, `There is no manifest at ${path}`);
    await Deno.writeTextFile(path, "{");
    await assertRejects(() => readManifest(path), ManifestError, `${path} is not JSON`);
  }));

Deno.test("writeManifest() writes nothing that readManifest() would refuse", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cohort.json`;
    const wrong = { ...good, version: 2 } as unknown as Manifest;
    await assertRejects(() => writeManifest(path, wrong), ManifestError);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }));
