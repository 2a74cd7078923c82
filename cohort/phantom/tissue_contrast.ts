/**
 * The appearance of tissues: CT numbers and T1-weighted MR intensities, with texture that moves with the
 * body. The T1 contrast is not a function of the CT number: fat and marrow are bright, bone, air, bile
 * and urine dark, liver brighter than spleen and muscle, independent of their order in CT.
 *
 * @module
 */

import { TISSUE } from "./anatomy.ts";
import { REALISM } from "./realism.ts";
import { RandomStream, SMOOTH_NOISE_DEVIATION, smoothNoise } from "./random.ts";

/** The noise-free intensity of a tissue at a point of the reference anatomy. */
export type Contrast = (tissue: number, x: number, y: number, z: number) => number;

/** CT number (HU), and its variation between bodies. */
const HU: Readonly<Record<keyof typeof TISSUE, readonly [number, number]>> = {
  air: [-1000, 0],
  skin: [10, 10],
  fat: [-102, 5],
  muscle: [55, 5],
  cortical: [780, 60],
  marrow: [190, 35],
  disc: [85, 8],
  canal: [25, 5],
  rightLung: [-830, 25],
  leftLung: [-830, 25],
  airway: [-990, 3],
  mediastinum: [5, 8],
  myocardium: [58, 5],
  blood: [42, 4],
  vessel: [42, 4],
  // Fatty livers are common: the deviation between persons is about 10 HU.
  liver: [58, 9],
  spleen: [50, 4],
  gallbladder: [8, 5],
  stomachWall: [42, 5],
  stomach: [22, 15],
  gas: [-970, 15],
  pancreas: [38, 5],
  rightKidney: [33, 3],
  leftKidney: [33, 3],
  renalSinus: [-70, 10],
  rightPsoas: [56, 4],
  leftPsoas: [56, 4],
  bladder: [4, 4],
  bowelWall: [42, 5],
  bowel: [22, 15],
  firstLumbarCortical: [680, 60],
  firstLumbarMarrow: [190, 35],
  cartilage: [110, 15],
  hepaticVein: [42, 4],
};

/** T1-weighted signal, and the relative deviation of its gain from body to body. */
const T1: Readonly<Record<keyof typeof TISSUE, readonly [number, number]>> = {
  air: [0, 0],
  skin: [420, 0.1],
  fat: [980, 0.05],
  muscle: [300, 0.08],
  cortical: [60, 0.1],
  marrow: [620, 0.15],
  disc: [260, 0.12],
  canal: [140, 0.15],
  rightLung: [45, 0.2],
  leftLung: [45, 0.2],
  airway: [8, 0.2],
  mediastinum: [520, 0.12],
  myocardium: [330, 0.1],
  blood: [190, 0.25],
  vessel: [150, 0.3],
  liver: [450, 0.1],
  // Spleen, kidney, muscle and the stomach's wall have nearly the same T1 (about 1 s at 1.5 T).
  spleen: [295, 0.1],
  gallbladder: [170, 0.2],
  stomachWall: [330, 0.1],
  stomach: [240, 0.3],
  gas: [12, 0.2],
  pancreas: [500, 0.1],
  rightKidney: [315, 0.1],
  leftKidney: [315, 0.1],
  renalSinus: [760, 0.1],
  rightPsoas: [310, 0.08],
  leftPsoas: [310, 0.08],
  bladder: [125, 0.2],
  bowelWall: [330, 0.1],
  bowel: [300, 0.3],
  firstLumbarCortical: [70, 0.1],
  firstLumbarMarrow: [620, 0.15],
  cartilage: [240, 0.1],
  hepaticVein: [250, 0.2],
};

/** CT numbers of one body; `breath` (0..1) thins the lungs out, `uneven` is {@link Realism.unevenCt}. */
export function ctContrast(seed: number, breath: number, uneven = REALISM.unevenCt): Contrast {
  const random = new RandomStream(seed, 71);
  const texture = Math.floor(random.between(0, 1e6));
  const base = tableOf(HU, (mean, deviation) => random.around(mean, deviation));
  alike(base);
  const lungs = 75 * (0.5 - breath);
  base[TISSUE.rightLung] += lungs;
  base[TISSUE.leftLung] += lungs;
  return (tissue, x, y, z) => {
    const value = base[tissue];
    switch (KIND[tissue]) {
      case PLAIN:
        return value;
      case LUNG:
        // Vessels, and the back denser than the front (patients lie on it).
        return value - 0.35 * y + 760 * lungVessel(texture, x, y, z);
      case BONE:
        return value + 130 * smoothNoise(texture + 1, x / 3, y / 3, z / 3);
      case CORTEX:
        return value + 150 * smoothNoise(texture + 2, x / 9, y / 9, z / 9);
      case FAT:
        return value + 55 * strand(texture + 3, x, y, z) +
          8 * smoothNoise(texture + 4, x / 9, y / 9, z / 9);
      case MUSCLE:
        return value - 60 * streak(texture + 5, x, y, z) +
          uneven * unevenness(texture + 9, x, y, z);
      case LOOSE:
        return value - 60 + 90 * strand(texture + 6, x, y, z) +
          45 * smoothNoise(texture + 6, x / 13, y / 13, z / 13);
      case CONTENT:
        return value + 28 * smoothNoise(texture + 7, x / 14, y / 14, z / 14);
      default:
        return value + 5 * smoothNoise(texture + 8, x / 7, y / 7, z / 7) +
          uneven * unevenness(texture + 9, x, y, z);
    }
  };
}

/**
 * T1-weighted signal of one body, before bias field and noise; fat is near 1000. `uneven` is
 * {@link Realism.unevenMr}.
 */
export function mrContrast(seed: number, uneven = REALISM.unevenMr): Contrast {
  const random = new RandomStream(seed, 72);
  const texture = Math.floor(random.between(0, 1e6));
  const base = tableOf(T1, (mean, deviation) => mean * random.around(1, deviation));
  alike(base);
  return (tissue, x, y, z) => {
    const value = base[tissue];
    switch (KIND[tissue]) {
      case PLAIN:
        return value;
      case LUNG:
        return value + 130 * lungVessel(texture, x, y, z);
      case BONE:
        return value * (1 + 0.16 * smoothNoise(texture + 1, x / 6, y / 6, z / 6));
      case FAT:
        return value *
          (1 - 0.35 * strand(texture + 3, x, y, z) +
            0.05 * smoothNoise(texture + 4, x / 12, y / 12, z / 12));
      case MUSCLE:
        return value * (1 + 0.9 * streak(texture + 5, x, y, z) +
          uneven * unevenness(texture + 9, x, y, z));
      case LOOSE:
        return value *
          (1.15 - 0.6 * strand(texture + 6, x, y, z) -
            0.3 * smoothNoise(texture + 6, x / 13, y / 13, z / 13));
      case CONTENT:
        // Some loops have contents that are bright in T1, others do not.
        return value * (1 + 0.8 * smoothNoise(texture + 7, x / 38, y / 38, z / 38));
      default:
        return value *
          (1 + 0.07 * smoothNoise(texture + 8, x / 9, y / 9, z / 9) +
            uneven * unevenness(texture + 9, x, y, z));
    }
  };
}

/** The part of the T1-weighted signal of each tissue that comes from fat; 0 for all others. */
const FAT_PARTS: Readonly<Partial<Record<keyof typeof TISSUE, number>>> = {
  fat: 0.95,
  renalSinus: 0.8,
  mediastinum: 0.7,
  marrow: 0.6,
  firstLumbarMarrow: 0.6,
};

/** The fat's part of the signal by tissue. */
export const FAT_PART: Float64Array = new Float64Array(64);
for (const [name, part] of Object.entries(FAT_PARTS)) {
  FAT_PART[TISSUE[name as keyof typeof TISSUE]] = part;
}

const PLAIN = 0;
const LUNG = 1;
const BONE = 2;
const CORTEX = 3;
const FAT = 4;
const MUSCLE = 5;
const LOOSE = 6;
const CONTENT = 7;
const KIND = new Uint8Array(64).fill(8);
const kinds: readonly (readonly [number, readonly number[]])[] = [
  [PLAIN, [TISSUE.air, TISSUE.skin, TISSUE.gas, TISSUE.airway, TISSUE.bladder, TISSUE.gallbladder]],
  [LUNG, [TISSUE.rightLung, TISSUE.leftLung]],
  [BONE, [TISSUE.marrow, TISSUE.firstLumbarMarrow]],
  [CORTEX, [TISSUE.cortical, TISSUE.firstLumbarCortical]],
  [FAT, [TISSUE.fat, TISSUE.renalSinus]],
  [MUSCLE, [TISSUE.muscle, TISSUE.rightPsoas, TISSUE.leftPsoas]],
  [LOOSE, [TISSUE.mediastinum]],
  [CONTENT, [TISSUE.bowel, TISSUE.stomach]],
];
for (const [kind, tissues] of kinds) for (const tissue of tissues) KIND[tissue] = kind;

function tableOf(
  table: Readonly<Record<keyof typeof TISSUE, readonly [number, number]>>,
  draw: (mean: number, deviation: number) => number,
): Float64Array {
  const base = new Float64Array(64);
  for (const [name, index] of Object.entries(TISSUE)) {
    base[index] = draw(...table[name as keyof typeof TISSUE]);
  }
  return base;
}

/**
 * The two sides of paired structures, the first lumbar vertebra and others, and the psoas and other muscles are
 * the same tissue: only the fat between two muscles shows their border.
 */
function alike(base: Float64Array): void {
  base[TISSUE.leftLung] = base[TISSUE.rightLung];
  base[TISSUE.leftKidney] = base[TISSUE.rightKidney];
  base[TISSUE.leftPsoas] = base[TISSUE.rightPsoas] = base[TISSUE.muscle];
  base[TISSUE.firstLumbarMarrow] = base[TISSUE.marrow];
}

/** Slow variation inside soft tissue, about 30 mm wide, with mean 0 and a standard deviation of 1. */
function unevenness(seed: number, x: number, y: number, z: number): number {
  return smoothNoise(seed, x / 30, y / 30, z / 30) / SMOOTH_NOISE_DEVIATION;
}

/** 1 inside a lung vessel, less at its rim: thick near the hilum, thin at the pleura. */
function lungVessel(seed: number, x: number, y: number, z: number): number {
  const hilum = Math.hypot(Math.abs(x) - 32, y + 8, (z - 205) * 0.8);
  const thick = 0.34 * Math.exp(-hilum / 60) + 0.1;
  // Two lattices, turned against each other and the axes, so that vessels run in all directions.
  const a = smoothNoise(
    seed,
    (0.8 * x + 0.36 * y - 0.48 * z) / 19,
    (0.8 * y + 0.6 * z) / 19,
    (0.6 * x - 0.48 * y + 0.64 * z) / 19,
  );
  if (Math.abs(a) > thick) return 0;
  const b = smoothNoise(
    seed + 977,
    (0.6 * x - 0.8 * y) / 19,
    (0.64 * x + 0.48 * y + 0.6 * z) / 19,
    (-0.48 * x - 0.36 * y + 0.8 * z) / 19,
  );
  const inside = 1 - (a * a + b * b) / (thick * thick);
  return inside > 0 ? Math.min(1, 2.5 * inside) : 0;
}

/** Thin sheets of connective tissue in fat: 0 to 1. */
function strand(seed: number, x: number, y: number, z: number): number {
  return Math.max(0, 1 - Math.abs(smoothNoise(seed, x / 15, y / 15, z / 15)) / 0.07);
}

/** Fat between muscle bundles, running mostly along the body: 0 to 1. */
function streak(seed: number, x: number, y: number, z: number): number {
  return Math.max(0, 1 - Math.abs(smoothNoise(seed, x / 11, y / 11, z / 45)) / 0.06);
}
