/**
 * A T1-weighted MR look-alike of a CT: the same anatomy in a contrast that is not a function of HU.
 *
 * @module
 */

import type { LabelVolume, Triple, Volume } from "../volume/mod.ts";
import { smoothOnHost } from "./host_smoothing.ts";
import type { Random } from "./random.ts";
import { SmoothNoise } from "./smooth_noise.ts";

/**
 * HU to signal (fat = 1): air and cortical bone are dark, fat is bright, water is dark, soft
 * tissue lies between and marrow above it. The map rises and falls three times.
 */
const signalOfHu: readonly (readonly [number, number])[] = [
  [-1000, 0],
  [-900, 0.02],
  [-600, 0.07],
  [-300, 0.2],
  [-170, 0.8],
  [-100, 1],
  [-60, 0.85],
  [-25, 0.4],
  [0, 0.28],
  [20, 0.36],
  [45, 0.5],
  [75, 0.54],
  [130, 0.62],
  [220, 0.72],
  [350, 0.45],
  [600, 0.18],
  [1000, 0.06],
  [3000, 0.02],
];

/** The strength of each effect. */
export interface T1LikeOptions {
  /** Each label's signal is multiplied by a random factor between these ([0.8, 1.25]). */
  readonly gain?: readonly [number, number] | undefined;
  /** Standard deviation of the texture, a fraction of the signal (0.05). */
  readonly texture?: number | undefined;
  /** Largest magnitude of the log of the bias field (0.25). */
  readonly bias?: number | undefined;
  /** Standard deviation of each channel of the Rician noise, a fraction of fat's signal (0.03). */
  readonly noise?: number | undefined;
}

/**
 * The T1-like image on the CT's grid, in 0..about 1500 with fat near 1000.
 *
 * @param options.body 1 where there is a body; nothing outside it gives signal (the table does not).
 */
export function t1Like(
  options: { ct: Volume; labels: LabelVolume; body: LabelVolume; random: Random } & T1LikeOptions,
): Volume {
  const { ct, labels, body, random } = options;
  const { gain = [0.8, 1.25], texture = 0.05, bias = 0.25, noise = 0.03 } = options;
  const { grid } = ct;
  const { size, spacing, voxels } = grid;
  const signal = new Float32Array(voxels);

  // Gains change over a voxel or so, as partial volume does. Ids in rising order: the same
  // organ gets the same gain whatever the voxel size.
  const gains = new Map<number, number>();
  for (const id of [...new Set(labels.data)].sort((a, b) => a - b)) {
    gains.set(id, id === 0 ? 1 : random.uniform(...gain));
  }
  for (let i = 0; i < voxels; i++) {
    signal[i] = gains.get(labels.data[i])!;
  }
  const inVoxels = (mm: number): Triple => [mm / spacing[0], mm / spacing[1], mm / spacing[2]];
  smoothOnHost(signal, size, inVoxels(1.5));
  for (let i = 0; i < voxels; i++) signal[i] *= body.data[i] ? lookUp(ct.data[i]) : 0;

  const biasField = new SmoothNoise({ grid, random, sigma: 100 }).scaleTo(bias);
  const textured = new Float32Array(voxels);
  for (let i = 0; i < voxels; i++) textured[i] = random.normal();
  smoothOnHost(textured, size, inVoxels(3.5));
  let square = 0;
  for (let i = 0; i < voxels; i++) square += textured[i] ** 2;
  const textureScale = texture / Math.sqrt(square / voxels);

  const value = new Float64Array(1);
  let i = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, i++) {
        biasField.sample(...grid.world([x, y, z]), value);
        const clean = signal[i] * (1 + textureScale * textured[i]) * Math.exp(value[0]);
        signal[i] = 1000 * Math.hypot(clean + noise * random.normal(), noise * random.normal());
      }
    }
  }
  return { grid, data: signal };
}

function lookUp(hu: number): number {
  const last = signalOfHu.length - 1;
  if (hu <= signalOfHu[0][0]) return signalOfHu[0][1];
  for (let k = 1; k <= last; k++) {
    const [high, above] = signalOfHu[k];
    if (hu > high) continue;
    const [low, below] = signalOfHu[k - 1];
    return below + (above - below) * (hu - low) / (high - low);
  }
  return signalOfHu[last][1];
}
