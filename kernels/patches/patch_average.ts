/**
 * Patch-averaged synthesis (section 3.1 of the paper): a volume is cut into overlapping patches of
 * P x P pixels in C adjacent planes, each patch passes through a network, and every voxel becomes the
 * weighted mean of the results of its patches. Patches are added in a fixed order, so that two runs give
 * the same bytes.
 *
 * @module
 */

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { PatchAverage } from "./patch_average_steps.ts";
import {
  type PatchAverageOptions,
  patchesBetween,
  type PatchPosition,
  regionLayout,
} from "./patch_regions.ts";
import { patchWindow } from "./patch_starts.ts";

export { PatchAverage } from "./patch_average_steps.ts";
export type { PatchAverageOptions, PatchPosition } from "./patch_regions.ts";

/** Options of {@link patchAverage}. */
export interface PatchAverageRunOptions extends PatchAverageOptions {
  /**
   * The network. Its input holds patches one after the other, each float32 [patch, patch, channels] with
   * the channel fastest. It returns as many patches of the same shape, in place or in a buffer that does
   * not change before the next call. It may return before the GPU has finished.
   */
  readonly network: (
    input: GpuBuffer,
    patches: readonly PatchPosition[],
  ) => GpuBuffer | GPUBuffer | Promise<GpuBuffer | GPUBuffer>;
  /**
   * Returns true for patches whose result is `fill` everywhere. They do not pass through the network. Default: no
   * patch is empty.
   */
  readonly isEmpty?: ((patch: PatchPosition) => boolean) | undefined;
  /** Aborts the run; the promise is then rejected with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/** The progress of a run. */
export interface PatchAverageProgress {
  /** Number of patches that are done. */
  readonly patches: number;
  /** Total number of patches. */
  readonly total: number;
}

/** Milliseconds between waits for the GPU. The waits permit Ctrl-C and limit the length of the queue. */
const MILLISECONDS_BETWEEN_WAITS = 500;

/**
 * The weighted mean of a network's results over all patches of a volume; x fastest, like the image.
 *
 * @throws {RangeError} when an option makes no sense, or the result of the network is too small.
 *
 * @example Usage
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { patchAverage } from "./patch_average.ts";
 * import { PLANES } from "./plane_stack.ts";
 * import { assertEquals } from "@std/assert";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const image = Float32Array.from({ length: 9 * 5 * 7 }, (_, i) => Math.sin(i));
 *   const same = await patchAverage(gpu, {
 *     image, size: [9, 5, 7], axes: PLANES.coronal, weights: "feather",
 *     patch: 4, channels: 3, stride: 2, sliceStride: 2,
 *     network: (patches) => patches,
 *   });
 *   assertEquals(same, image);
 * }
 * ```
 */
export async function patchAverage(
  gpu: Gpu,
  options: PatchAverageRunOptions,
): Promise<Float32Array> {
  const { network, isEmpty, signal, onProgress, batch = 1 } = options;
  signal?.throwIfAborted();
  const average = PatchAverage.of(gpu, options);
  let input: GpuBuffer | undefined;
  let filled: GpuBuffer | undefined;
  try {
    const values = batch * average.patchValues;
    input = gpu.buffer("patches", 4 * values);
    if (isEmpty !== undefined) {
      filled = gpu.buffer("empty patches", 4 * values);
      gpu.write(filled, new Float32Array(values).fill(options.fill ?? -1));
    }
    let done = 0;
    let sinceWait = 0;
    let batches = 1;
    let began = performance.now();
    const { total } = average;
    for (const slab of average.slabs) {
      average.load(slab);
      const patches = average.patchesOf(slab);
      let recorder = gpu.record("patch average");
      for (const { inOrder, busy } of batchesOf(patches, batch, isEmpty)) {
        let output: GpuBuffer | undefined;
        if (busy.length > 0) {
          average.gather(recorder, busy, input);
          recorder.submit();
          const result = await network(input, busy);
          output = "handle" in result ? result : borrowed(result);
          recorder = gpu.record("patch average");
        }
        let from = 0;
        for (const { run, areEmpty } of inOrder) {
          average.accumulate(recorder, run, areEmpty ? filled! : output!, areEmpty ? 0 : from);
          if (!areEmpty) from += run.length;
          done += run.length;
        }
        if (++sinceWait < batches) continue;
        recorder.submit();
        recorder = gpu.record("patch average");
        await gpu.finish();
        signal?.throwIfAborted();
        onProgress?.({ patches: done, total });
        const each = (performance.now() - began) / sinceWait;
        batches = Math.min(Math.max(1, Math.round(MILLISECONDS_BETWEEN_WAITS / each)), 1024);
        [sinceWait, began] = [0, performance.now()];
      }
      recorder.submit();
      await average.store();
      signal?.throwIfAborted();
    }
    if (sinceWait > 0) onProgress?.({ patches: done, total });
    return average.result;
  } finally {
    input?.destroy();
    filled?.destroy();
    average.destroy();
  }
}

/** Consecutive patches that are accumulated after one call of the network. */
interface PatchBatch {
  /** All patches in runs of empty patches and of others. A run has at most `batch` patches. */
  readonly inOrder: readonly { readonly run: PatchPosition[]; readonly areEmpty: boolean }[];
  /** The patches that pass through the network. */
  readonly busy: readonly PatchPosition[];
}

/** Cuts patches into batches with `batch` patches for the network each, in their order. */
function* batchesOf(
  patches: readonly PatchPosition[],
  batch: number,
  isEmpty: (patch: PatchPosition) => boolean = () => false,
): Generator<PatchBatch> {
  let inOrder: { run: PatchPosition[]; areEmpty: boolean }[] = [];
  let busy: PatchPosition[] = [];
  for (const patch of patches) {
    const areEmpty = isEmpty(patch);
    if (!areEmpty && busy.length === batch) {
      yield { inOrder, busy };
      inOrder = [];
      busy = [];
    }
    if (!areEmpty) busy.push(patch);
    const last = inOrder.at(-1);
    if (last?.areEmpty === areEmpty && last.run.length < batch) last.run.push(patch);
    else inOrder.push({ run: [patch], areEmpty });
  }
  if (inOrder.length > 0) yield { inOrder, busy };
}

/** A buffer of the network as a `GpuBuffer`, which this module must not destroy. */
function borrowed(handle: GPUBuffer): GpuBuffer {
  return { label: handle.label || "network output", bytes: handle.size, handle, destroy() {} };
}

/**
 * The plain twin of {@link patchAverage}: sums of weights and weighted values, and their quotient.
 *
 * @param options - As for {@link patchAverage}; `batch` is ignored.
 * @param network - Maps one patch, the channel fastest, to one of the same shape.
 */
export function patchAverageReference(
  options: PatchAverageOptions,
  network: (input: Float32Array, position: PatchPosition) => Float32Array,
): Float32Array {
  const { image, patch, channels, weights = "uniform", fill = -1 } = options;
  const { stack, starts } = regionLayout(options);
  const inPlane = patchWindow(patch, weights);
  const through = patchWindow(channels, weights);
  const sums = new Float64Array(image.length);
  const weight = new Float64Array(image.length);
  for (const position of patchesBetween(starts, [0, starts[1].length], [0, starts[2].length])) {
    const [left, top, front] = position.start;
    const inPatch = Array.from({ length: patch * patch * channels }, (_, i) => {
      const channel = i % channels;
      const column = Math.floor(i / channels) % patch;
      const row = Math.floor(i / (channels * patch));
      return {
        voxel: stack.voxel(left + column, top + row, front + channel),
        counts: inPlane[column] * inPlane[row] * through[channel],
      };
    });
    const input = inPatch.map(({ voxel }) => voxel < 0 ? fill : image[voxel]);
    network(Float32Array.from(input), position).forEach((value, i) => {
      const { voxel, counts } = inPatch[i];
      if (voxel < 0) return;
      sums[voxel] += counts * value;
      weight[voxel] += counts;
    });
  }
  return Float32Array.from(sums, (sum, i) => sum / weight[i]);
}
