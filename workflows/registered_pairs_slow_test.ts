import { assert, assertEquals, assertGreater } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { CT_SCALE, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { Modality } from "../volume/modality.ts";
import { Grid } from "../volume/grid.ts";
import { registerTrainingPairs } from "./registered_pairs.ts";
import type { TrainingImage } from "./training_images.ts";

const SIZE = 32;

/** A body with an organ, whose height differs from subject to subject; the MR has the opposite contrast. */
function subject(name: string, of: Modality, height: number): TrainingImage {
  const grid = Grid.axisAligned([SIZE, SIZE, SIZE], [8, 8, 8]);
  const hounsfield = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % SIZE - 15.5;
    const y = Math.floor(i / SIZE) % SIZE - 15.5;
    const z = Math.floor(i / SIZE ** 2) - 15.5;
    if (Math.hypot(x, y) > 13 || Math.abs(z) > 14) return -1000;
    return Math.hypot(x, y, z - height) < 7 ? 60 : -100;
  });
  const ct = toNetwork(hounsfield, CT_SCALE);
  const data = of === "ct" ? ct : ct.map((value) => value === -1 ? -1 : 0.3 - 8 * (value + 0.1));
  return { name, grid, data, scale: of === "ct" ? CT_SCALE : { low: 0, high: 1 } };
}

/** Overlap of the organ in both images: voxels of both divided by voxels of either, away from the skin. */
function agreement(ct: Float32Array, mr: Float32Array): number {
  let both = 0;
  let either = 0;
  ct.forEach((value, i) => {
    const x = i % SIZE - 15.5;
    const y = Math.floor(i / SIZE) % SIZE - 15.5;
    const z = Math.floor(i / SIZE ** 2) - 15.5;
    if (Math.hypot(x, y) > 10 || Math.abs(z) > 12) return;
    const inCt = value > -0.02;
    const inMr = mr[i] < -0.3;
    if (inCt && inMr) both++;
    if (inCt || inMr) either++;
  });
  return both / either;
}

gpuTest(
  "registerTrainingPairs() lays organs of different subjects on each other, and keeps the results",
  async (gpu) => {
    const folder = await Deno.makeTempDir();
    try {
      const images = {
        ct: [subject("a", "ct", 3), subject("b", "ct", -2)],
        mr: [subject("c", "mr", 3), subject("d", "mr", -2)],
      };
      const names: string[] = [];
      const options = {
        images,
        folder,
        onProgress: ({ name }: { name: string }) => names.push(name),
      };
      const pairs = await registerTrainingPairs(gpu, options);
      assertEquals(pairs.map(({ name }) => name), ["a_d", "b_c"]);
      assertEquals(names, ["a_d", "b_c", ""]);
      const [{ onMr, onCt }] = pairs;
      const before = agreement(images.ct[0].data, images.mr[1].data);
      assertGreater(agreement(onMr.ct, onMr.mr), before + 0.2);
      assertGreater(agreement(onCt.ct, onCt.mr), before + 0.2);
      assertEquals([onMr.mr, onCt.ct], [images.mr[1].data, images.ct[0].data]);
      assert(onMr.weight !== undefined && onCt.weight !== undefined);

      const time = async (name: string) => (await Deno.stat(`${folder}/${name}_ct.nii.gz`)).mtime!;
      const first = await time("a_d");
      assertEquals(await registerTrainingPairs(gpu, options), pairs);
      assertEquals(await time("a_d"), first, "the second call reads the results");
      // Another image of the same name is registered anew; the other pair stays.
      const other = await time("b_c");
      const changed = { ct: [subject("a", "ct", 1), images.ct[1]], mr: images.mr };
      const again = await registerTrainingPairs(gpu, { ...options, images: changed });
      assert(await time("a_d") > first);
      assertEquals(await time("b_c"), other);
      assertEquals(again[0].onCt.ct, changed.ct[0].data);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
