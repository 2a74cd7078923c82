/**
 * The time of a patch-averaged synthesis, against a loop that reads every region back.
 *
 * @module
 */

import {
  countPatches,
  type CycleGanSettings,
  Generator,
  RandomState,
  synthesiseVolume,
  type SynthesisOptions,
  Tensorflow,
  tf,
} from "../gan/mod.ts";
import { type Gpu, PLANES } from "../kernels/mod.ts";
import type { Triple } from "../volume/affine.ts";

/** What a synthesis took. */
export interface SynthesisTime {
  readonly regions: number;
  readonly seconds: number;
  /** Of the loop: measured over some of the regions. */
  readonly naiveSeconds: number;
  readonly naiveRegions: number;
}

/** Synthesises a volume of noise in coronal regions, with full and with cheap stitching. */
export async function timeSynthesis(
  gpu: Gpu,
  { crop, channels, generatorFilters: filters, blocks }: CycleGanSettings,
  size: Triple,
  naiveRegions: number,
  onProgress: (done: number, total: number) => void,
): Promise<Record<"full" | "cheap", SynthesisTime>> {
  using tensorflow = await Tensorflow.open(gpu);
  const random = RandomState.of(1, "synthesis");
  const generator = new Generator("generator", { channels, filters, blocks }, random);
  const image = Float32Array.from(
    { length: size[0] * size[1] * size[2] },
    () => random.between(-1, 1),
  );
  const options = { tensorflow, generator, size, image, axes: PLANES.coronal, crop };
  const each = await naiveLoop(options, naiveRegions);
  const timed = async (stitch: "full" | "cheap"): Promise<SynthesisTime> => {
    const began = performance.now();
    await synthesiseVolume({
      ...options,
      stitch,
      onProgress: ({ regions, total }) => onProgress(regions, total),
    });
    const regions = countPatches({ ...options, stitch });
    return {
      regions,
      seconds: (performance.now() - began) / 1000,
      naiveSeconds: each * regions,
      naiveRegions,
    };
  };
  const times = { full: await timed("full"), cheap: await timed("cheap") };
  generator.dispose();
  return times;
}

/** Seconds a region: cut on the host, uploaded, read back and added on the host. */
async function naiveLoop(
  { generator, size: [nx, ny], image, crop }: SynthesisOptions,
  count: number,
): Promise<number> {
  const { channels } = generator.options;
  const sums = new Float64Array(image.length);
  let began = 0;
  // The first region compiles.
  for (let n = -1; n < count; n++) {
    if (n === 0) began = performance.now();
    const values = new Float32Array(crop * crop * channels);
    const at = new Int32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const c = i % channels;
      const x = Math.floor(i / channels) % crop;
      const z = Math.floor(i / channels / crop);
      at[i] = (z * ny + c) * nx + x;
      values[i] = image[at[i]];
    }
    const region = tf.tensor4d(values, [1, crop, crop, channels]);
    const result = generator.apply(region);
    (await result.data()).forEach((value, i) => sums[at[i]] += value);
    tf.dispose([region, result]);
  }
  return (performance.now() - began) / 1000 / count;
}
