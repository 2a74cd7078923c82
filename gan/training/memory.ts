/**
 * The GPU memory that a training needs.
 *
 * @module
 */

import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { checkSettings, type CycleGanSettings } from "../model/settings.ts";
import type { Ops } from "../tensorflow.ts";

/** Counts the weights of both generators and both discriminators. */
export function countWeights(settings: CycleGanSettings): number {
  const { channels: c, generatorFilters: f, blocks, strides, discriminatorNorm } = settings;
  const norms = 2 * (f + 2 * f + 4 * f + 8 * f * blocks + 2 * f + f);
  const generator = 2 * 49 * c * f + 2 * 9 * (2 * f * f + 8 * f * f) +
    2 * blocks * 9 * 16 * f * f + norms;
  let discriminator = 0;
  let before = c;
  strides.forEach((_, layer) => {
    const isLast = layer === strides.length - 1;
    const after = isLast ? 1 : settings.discriminatorFilters * 2 ** Math.min(layer, 3);
    discriminator += 16 * before * after;
    if (layer > 0 && !isLast && discriminatorNorm) discriminator += 2 * after;
    before = after;
  });
  return 2 * (generator + discriminator);
}

/** Intermediate results with the regression on registered pairs, as a multiple of those without it. */
const PAIRED_FACTOR = 1.5;

/**
 * Estimates the bytes of GPU memory that a training needs, with an error of about 10 %: the weights with their
 * gradients and running means, the pool, and the intermediate results of both cycles and of the regression on
 * registered pairs, which adds two syntheses to the four of the cycles. The factors were measured for patches of 48 to
 * 128 pixels, 8 to 32 filters, 1 to 12 channels and 3 to 9 blocks.
 */
export function trainingBytes(settings: CycleGanSettings, ops: Ops = "own"): number {
  const { crop, channels, generatorFilters, blocks, pool } = settings;
  const pixels = crop * crop;
  const cycles = (41 + 4.5 * blocks) * pixels * generatorFilters + 30 * pixels * channels;
  const features = (settings.pairWeight > 0 ? PAIRED_FACTOR : 1) * cycles;
  const persistent = 4 * countWeights(settings) + 2 * pool * pixels * channels;
  return Math.ceil(4 * 1.1 * (persistent + (ops === "stock" ? 7 : 1) * features));
}

/** Bytes of the largest binding: a feature map of two images, or the filters of two networks. */
function largestBinding({ crop, generatorFilters: filters }: CycleGanSettings): number {
  return 4 * 2 * Math.max((crop + 6) ** 2 * filters, 9 * 16 * filters ** 2);
}

/**
 * Refuses a training that needs more memory than the GPU has free.
 *
 * @throws {GpuMemoryError} if it does; the message names the largest settings that fit.
 * @throws {RangeError} if a setting is invalid.
 */
export function checkTrainingFits(gpu: Gpu, settings: CycleGanSettings, ops: Ops = "own"): void {
  checkSettings(settings);
  const needed = trainingBytes(settings, ops);
  const free = gpu.memoryBytes - gpu.liveBytes;
  const fits = (change: Partial<CycleGanSettings>) => {
    const changed = { ...settings, ...change };
    return trainingBytes(changed, ops) <= free && largestBinding(changed) <= gpu.maxBindingBytes;
  };
  if (fits({})) return;
  const advice: string[] = [];
  for (let crop = settings.crop - 4; crop >= 16; crop -= 4) {
    if (!fits({ crop })) continue;
    advice.push(`a patch of ${crop} instead of ${settings.crop} pixels`);
    break;
  }
  for (let filters = settings.generatorFilters - 4; filters >= 4; filters -= 4) {
    if (!fits({ generatorFilters: filters, discriminatorFilters: filters })) continue;
    advice.push(`${filters} instead of ${settings.generatorFilters} filters`);
    break;
  }
  const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const what = needed > free
    ? `needs about ${mebibytes(needed)} on the GPU; ${mebibytes(free)} are free`
    : `needs a binding of ${mebibytes(largestBinding(settings))}; this adapter allows ` +
      mebibytes(gpu.maxBindingBytes);
  throw new GpuMemoryError(
    `This training ${what}. ` +
      (advice.length > 0 ? `The largest that fits: ${advice.join(", or ")}.` : "Nothing fits."),
  );
}
