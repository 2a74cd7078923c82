import { assert, assertEquals, assertRejects } from "@std/assert";
import { readManifest, writeManifest } from "../cohort/manifest.ts";
import { RandomState } from "../host/random.ts";
import { PatchSampler } from "../gan/training/patch_sampler.ts";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { ImageGeometryError, TruncatedFileError } from "../volume/nifti_errors.ts";
import { encodeNifti, encodeNiftiLabels } from "../volume/write_nifti.ts";
import { readTrainingImages, TrainingImagesError } from "./training_images.ts";

const STS = new URL("../../shared/data/sts/", import.meta.url);
const isThere = await Deno.stat(STS).then(() => true, () => false);

const grid = Grid.axisAligned([8, 6, 20], [2, 2, 2]);

/** Two CT and one MR with a liver between 12 and 20 mm, as folders and as a manifest. */
async function withImages(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const data = Float32Array.from(
      { length: grid.voxels },
      (_, i) => 100 * Math.floor(i / 48) - 900,
    );
    const labels = Int32Array.from(
      { length: grid.voxels },
      (_, i) => Math.floor(i / 48) >= 6 && Math.floor(i / 48) <= 10 ? 58 : 0,
    );
    for (const name of ["ct", "mr"]) await Deno.mkdir(`${folder}/${name}`);
    const image = await encodeNifti({ grid, data });
    for (const path of ["ct/b", "ct/a", "mr/c"]) {
      await Deno.writeFile(`${folder}/${path}.nii.gz`, image);
    }
    await Deno.writeFile(
      `${folder}/labels.nii.gz`,
      await encodeNiftiLabels({ grid, data: labels }),
    );
    await Deno.writeTextFile(`${folder}/ct/notes.txt`, "not an image");
    await writeManifest(`${folder}/cohort.json`, {
      format: "crosswarp-cohort",
      version: 1,
      profile: "mine",
      subjects: [
        {
          id: "one",
          kind: "ct",
          images: { ct: "ct/a.nii.gz" },
          labels: { ct: "labels.nii.gz" },
        },
        { id: "two", kind: "mr", images: { mr: "mr/c.nii.gz" }, labels: {} },
      ],
    });
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

gpuTest(
  "readTrainingImages() follows the manifest's trusted matrix",
  (gpu) =>
    withImages(async (folder) => {
      // The z step is 2 mm in the sform; a header with 3 mm in pixdim is contradictory.
      const bytes = await encodeNifti(
        { grid, data: new Float32Array(grid.voxels).map((_, i) => i) },
        { compressed: false },
      );
      new DataView(bytes.buffer).setFloat32(88, 3, true);
      await Deno.writeFile(`${folder}/ct/a.nii.gz`, bytes);
      const source = { manifest: `${folder}/cohort.json` };
      await assertRejects(
        () => readTrainingImages(gpu, { source, region: "all" }),
        ImageGeometryError,
        "2 x 2 x 3 mm by pixdim",
      );
      const manifest = await readManifest(source.manifest);
      const subjects = manifest.subjects.map((subject) => ({
        ...subject,
        trust: "qform" as const,
      }));
      await writeManifest(source.manifest, { ...manifest, subjects });
      const notices: string[] = [];
      const onNotice = (notice: string) => void notices.push(notice);
      const { ct } = await readTrainingImages(gpu, { source, region: "all", onNotice });
      assertEquals([ct[0].grid.spacing[2], notices.length], [3, 1]);
      // The option takes precedence over the manifest.
      const chosen = await readTrainingImages(gpu, {
        source,
        region: "all",
        trust: "sform",
        onNotice,
      });
      assertEquals(chosen.ct[0].grid.spacing[2], 2);
    }),
);

gpuTest("readTrainingImages() takes folders as they are", (gpu) =>
  withImages(async (folder) => {
    const names: string[] = [];
    const { ct, mr } = await readTrainingImages(gpu, {
      source: { ct: `${folder}/ct`, mr: `${folder}/mr` },
      region: "all",
      onProgress: ({ name, total }) => names.push(`${name} of ${total}`),
    });
    assertEquals(names, ["a of 3", "b of 3", "c of 3"]);
    assertEquals([ct.length, mr.length], [2, 1]);
    assertEquals(ct[0].grid.size, grid.size);
    assertEquals(ct[0].scale, { low: -1000, high: 1000 });
    assertEquals([ct[0].data[0], ct[0].data.at(-1)], [Math.fround(12.75 / 127.5 - 1), 1]);
    assertEquals(mr[0].scale, { low: 0, high: 1000 });
    const ctScale = { low: -200, high: 300 };
    const narrow = await readTrainingImages(gpu, {
      source: { ct: `${folder}/ct`, mr: `${folder}/mr` },
      region: "all",
      ctScale,
    });
    assertEquals([narrow.ct[0].scale, narrow.mr[0].scale], [ctScale, mr[0].scale]);
    assertEquals([narrow.ct[0].data[0], narrow.ct[0].data.at(-1)], [-1, 1]);
  }));

gpuTest(
  "readTrainingImages() resamples, and cuts a manifest's regions",
  (gpu) =>
    withImages(async (folder) => {
      const source = { manifest: `${folder}/cohort.json` };
      const whole = await readTrainingImages(gpu, { source, region: "all", voxel: 4 });
      assertEquals(whole.ct[0].grid.size, [4, 3, 10]);
      const labelled = `${folder}/labelled.json`;
      await writeManifest(labelled, {
        format: "crosswarp-cohort",
        version: 1,
        profile: "mine",
        subjects: (["ct", "mr"] as const).map((kind) => ({
          id: kind,
          kind,
          images: { [kind]: `${kind}/${kind === "ct" ? "a" : "c"}.nii.gz` },
          labels: { [kind]: "labels.nii.gz" },
        })),
      });
      const cut = await readTrainingImages(gpu, {
        source: { manifest: labelled },
        region: "thorax",
        voxel: 2,
      });
      for (const [kind, { name, grid, data }] of [["ct", cut.ct[0]], ["mr", cut.mr[0]]] as const) {
        assertEquals(name, kind);
        // The liver, from 12 to 20 mm, with 5 mm and a voxel on both sides.
        assertEquals(grid.world([0, 0, 0])[2], 5);
        assertEquals(grid.size, [8, 6, 12]);
        assert(data.every((value) => value >= -1 && value <= 1));
      }
      await assertRejects(
        () => readTrainingImages(gpu, { source, region: "thorax", voxel: 2 }),
        TrainingImagesError,
        "two has no labels, by which the thorax is found",
      );
      await assertRejects(
        () => readTrainingImages(gpu, { source, region: "abdomen", voxel: 2 }),
        TrainingImagesError,
        "labels.nii.gz: The labels hold no structure of the abdomen",
      );
    }),
);

gpuTest(
  "readTrainingImages() takes links to files, and names a file that is bad",
  (gpu) =>
    withImages(async (folder) => {
      const source = { ct: `${folder}/ct`, mr: `${folder}/mr` };
      await Deno.symlink(`${folder}/ct/b.nii.gz`, `${folder}/ct/linked.nii.gz`);
      const { ct } = await readTrainingImages(gpu, { source, region: "all" });
      assertEquals(ct.map(({ name }) => name), ["a", "b", "linked"]);
      await Deno.truncate(`${folder}/mr/c.nii.gz`, 60);
      await assertRejects(
        () => readTrainingImages(gpu, { source, region: "all" }),
        TruncatedFileError,
        `${folder}/mr/c.nii.gz`,
      );
      const blank = { grid, data: new Float32Array(grid.voxels).fill(3) };
      await Deno.writeFile(`${folder}/mr/c.nii.gz`, await encodeNifti(blank));
      await assertRejects(
        () => readTrainingImages(gpu, { source, region: "all" }),
        TrainingImagesError,
        `${folder}/mr/c.nii.gz: The MR is 3 everywhere`,
      );
    }),
);

gpuTest("readTrainingImages() stops when it is told to", (gpu) =>
  withImages(async (folder) => {
    const stop = new AbortController();
    const names: string[] = [];
    await assertRejects(
      () =>
        readTrainingImages(gpu, {
          source: { ct: `${folder}/ct`, mr: `${folder}/mr` },
          region: "all",
          signal: stop.signal,
          onProgress: ({ name }) => {
            names.push(name);
            stop.abort();
          },
        }),
      DOMException,
    );
    assertEquals(names, ["a"]);
  }));

gpuTest(
  "readTrainingImages() reads real images, from which patches can be drawn",
  async (gpu) => {
    const images = await readTrainingImages(gpu, {
      source: { ct: new URL("train_ct", STS).pathname, mr: new URL("train_mr", STS).pathname },
      region: "all",
    });
    for (const modality of ["ct", "mr"] as const) {
      const volumes = images[modality];
      const names = volumes.map(({ name }) => name);
      assert(names.length > 0);
      assertEquals(names, names.toSorted());
      const options = { volumes, plane: "axial", crop: 64, channels: 3 } as const;
      const sampler = new PatchSampler({ ...options, random: RandomState.of(1, modality) });
      for (let n = 0; n < 10; n++) {
        const patch = sampler.next();
        assert(patch.every((value) => value >= -1 && value <= 1), modality);
        assert(new Set(patch).size > 50, `a patch of ${modality} has structure`);
      }
    }
  },
  { skips: isThere ? undefined : "no ../shared/data/sts" },
);

gpuTest("readTrainingImages() says what is missing", (gpu) =>
  withImages(async (folder) => {
    const reading = (ct: string, mr = `${folder}/mr`) => () =>
      readTrainingImages(gpu, { source: { ct, mr }, region: "all" });
    await assertRejects(reading(`${folder}/none`), TrainingImagesError, "Cannot read the folder");
    await Deno.mkdir(`${folder}/empty`);
    await assertRejects(reading(`${folder}/empty`), TrainingImagesError, "has no image file");
    await writeManifest(`${folder}/few.json`, {
      format: "crosswarp-cohort",
      version: 1,
      profile: "mine",
      subjects: [{ id: "one", kind: "ct", images: { ct: "ct/a.nii.gz" }, labels: {} }],
    });
    await assertRejects(
      () => readTrainingImages(gpu, { source: { manifest: `${folder}/few.json` }, region: "all" }),
      TrainingImagesError,
      'has no subject of kind "mr"',
    );
  }));
