/**
 * The time of a patch-averaged synthesis, against a loop that reads every patch back.
 *
 * @module
 */

import {
  type CycleGanSettings,
  Generator,
  RandomState,
  synthesiseVolume,
  type SynthesisOptions,
  Tensorflow,
} from "../gan/mod.ts";
import { countPatches } from "../gan/synthesis/synthesis.ts";
import { tf } from "../gan/tensorflow.ts";
import { type Gpu, PLANES } from "../kernels/mod.ts";
import type { Triple } from "../volume/affine.ts";

/** The time of a synthesis. */
export interface SynthesisTime {
  readonly patches: number;
  readonly seconds: number;
  /** Seconds of the loop over single patches, extrapolated from some of them. */
  readonly naiveSeconds: number;
  readonly naivePatches: number;
}

/** Synthesises a volume of noise in coronal patches, with full and with cheap stitching. */
export async function timeSynthesis(
  gpu: Gpu,
  { crop, channels, generatorFilters: filters, blocks }: CycleGanSettings,
  size: Triple,
  naivePatches: number,
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
  const each = await naiveLoop(options, naivePatches);
  const timed = async (stitch: "full" | "cheap"): Promise<SynthesisTime> => {
    const began = performance.now();
    await synthesiseVolume({
      ...options,
      stitch,
      onProgress: ({ patches, total }) => onProgress(patches, total),
    });
    const patches = countPatches({ ...options, stitch });
    return {
      patches,
      seconds: (performance.now() - began) / 1000,
      naiveSeconds: each * patches,
      naivePatches,
    };
  };
  const times = { full: await timed("full"), cheap: await timed("cheap") };
  generator.dispose();
  return times;
}

/** Seconds per patch that is cut on the host, uploaded, read back and added on the host. */
async function naiveLoop(
  { generator, size: [nx, ny], image, crop }: SynthesisOptions,
  count: number,
): Promise<number> {
  const { channels } = generator.options;
  const sums = new Float64Array(image.length);
  let began = 0;
  // The first patch compiles.
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
    const patch = tf.tensor4d(values, [1, crop, crop, channels]);
    const result = generator.apply(patch);
    (await result.data()).forEach((value, i) => sums[at[i]] += value);
    tf.dispose([patch, result]);
  }
  return (performance.now() - began) / 1000 / count;
}
