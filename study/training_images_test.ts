import { assertEquals, assertRejects } from "@std/assert";
import { writeManifest } from "../cohort/manifest.ts";
import { gpuTest } from "../tests/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { encodeNifti, encodeNiftiLabels } from "../volume/write_nifti.ts";
import { readTrainingImages, TrainingImagesError } from "./training_images.ts";

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
      ...{ format: "crosswarp-cohort", version: 1, profile: "mine" },
      subjects: [
        {
          ...{ id: "one", kind: "ct", images: { ct: "ct/a.nii.gz" } },
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

gpuTest("readTrainingImages() takes folders as they are", (gpu) =>
  withImages(async (folder) => {
    const names: string[] = [];
    const { ct, mr } = await readTrainingImages(gpu, {
      ...{ source: { ct: `${folder}/ct`, mr: `${folder}/mr` }, region: "all" },
      onProgress: ({ name, total }) => names.push(`${name} of ${total}`),
    });
    assertEquals(names, ["a of 3", "b of 3", "c of 3"]);
    assertEquals([ct.length, mr.length], [2, 1]);
    assertEquals(ct[0].grid.size, grid.size);
    assertEquals(ct[0].scale, { low: -1000, high: 1000 });
    assertEquals([ct[0].data[0], ct[0].data.at(-1)], [Math.fround(12.75 / 127.5 - 1), 1]);
    assertEquals(mr[0].scale, { low: 0, high: 1000 });
    const ctWindow = { low: -200, high: 300 };
    const narrow = await readTrainingImages(gpu, {
      ...{ source: { ct: `${folder}/ct`, mr: `${folder}/mr` }, region: "all", ctWindow },
    });
    assertEquals([narrow.ct[0].scale, narrow.mr[0].scale], [ctWindow, mr[0].scale]);
    assertEquals([narrow.ct[0].data[0], narrow.ct[0].data.at(-1)], [-1, 1]);
  }));

gpuTest(
  "readTrainingImages() resamples, and cuts a manifest's regions",
  (gpu) =>
    withImages(async (folder) => {
      const source = { manifest: `${folder}/cohort.json` };
      const whole = await readTrainingImages(gpu, { source, region: "all", voxel: 4 });
      assertEquals(whole.ct[0].grid.size, [4, 3, 10]);
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

gpuTest("readTrainingImages() says what is missing", (gpu) =>
  withImages(async (folder) => {
    const reading = (ct: string, mr = `${folder}/mr`) => () =>
      readTrainingImages(gpu, { source: { ct, mr }, region: "all" });
    await assertRejects(reading(`${folder}/none`), TrainingImagesError, "Cannot read the folder");
    await Deno.mkdir(`${folder}/empty`);
    await assertRejects(reading(`${folder}/empty`), TrainingImagesError, "has no NIfTI file");
    await writeManifest(`${folder}/few.json`, {
      ...{ format: "crosswarp-cohort", version: 1, profile: "mine" },
      subjects: [{ id: "one", kind: "ct", images: { ct: "ct/a.nii.gz" }, labels: {} }],
    });
    await assertRejects(
      () => readTrainingImages(gpu, { source: { manifest: `${folder}/few.json` }, region: "all" }),
      TrainingImagesError,
      'has no subject of kind "mr"',
    );
  }));
