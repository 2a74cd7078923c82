/**
 * The phantom's anatomy: a trunk from neck to pelvis at end-exhale, as implicit shapes in millimetres.
 * x points to the patient's right, y to the front, z to the head; the first lumbar vertebra is at 0.
 *
 * Nothing here is measured from a patient: places and sizes are round numbers of an average adult,
 * sizes of the scored structures then being scaled to the paper's Table 1 (see `cohort_plan.ts`).
 *
 * @module
 */

import type { StructureName } from "../label_scheme.ts";

/** The tissue at a point. */
export const TISSUE = {
  air: 0,
  skin: 1,
  fat: 2,
  muscle: 3,
  cortical: 4,
  marrow: 5,
  disc: 6,
  canal: 7,
  rightLung: 8,
  leftLung: 9,
  airway: 10,
  mediastinum: 11,
  myocardium: 12,
  blood: 13,
  vessel: 14,
  liver: 15,
  spleen: 16,
  gallbladder: 17,
  stomachWall: 18,
  stomach: 19,
  gas: 20,
  pancreas: 21,
  rightKidney: 22,
  leftKidney: 23,
  renalSinus: 24,
  rightPsoas: 25,
  leftPsoas: 26,
  bladder: 27,
  bowelWall: 28,
  bowel: 29,
  firstLumbarCortical: 30,
  firstLumbarMarrow: 31,
  cartilage: 32,
  hepaticVein: 33,
} as const;

/** The scored structure of each tissue. */
export const TISSUE_STRUCTURE: Readonly<Record<number, StructureName>> = {
  [TISSUE.rightLung]: "right lung",
  [TISSUE.leftLung]: "left lung",
  [TISSUE.liver]: "liver",
  [TISSUE.hepaticVein]: "liver",
  [TISSUE.spleen]: "spleen",
  [TISSUE.gallbladder]: "gallbladder",
  [TISSUE.rightKidney]: "right kidney",
  [TISSUE.leftKidney]: "left kidney",
  [TISSUE.rightPsoas]: "right psoas",
  [TISSUE.leftPsoas]: "left psoas",
  [TISSUE.bladder]: "bladder",
  [TISSUE.firstLumbarCortical]: "lumbar vertebra 1",
  [TISSUE.firstLumbarMarrow]: "lumbar vertebra 1",
};

/** The measures of one body. */
export interface BodyMeasures {
  /** Linear size of each scored structure, 1 on average; for the lungs the height above the diaphragm. */
  readonly size: Readonly<Record<StructureName, number>>;
  /** Thickness of the fat under the skin at the flank, mm. */
  readonly fat: number;
  /** Seed of the place of the colon. */
  readonly bowelSeed: number;
}

/** The contents of a body on the day of one image; another day's differ. */
export interface BodyVisit {
  /** The phase, in radians, of the waves that place the loops of the small bowel and the gas. */
  readonly bowelPhase: number;
  /** The height above which the stomach holds gas: y in mm, to the front. */
  readonly stomachLevel: number;
  /** The radius of the vena cava in mm, which depends on breath and blood volume. */
  readonly venaCava: number;
}

/** Half-widths of the trunk: z, to the side, to front and back. */
const OUTLINE: readonly (readonly [number, number, number])[] = [
  [-300, 176, 104],
  [-260, 182, 108],
  [-220, 188, 112],
  [-160, 186, 114],
  [-100, 174, 113],
  [-50, 164, 114],
  [0, 160, 116],
  [60, 164, 118],
  [120, 170, 119],
  [180, 176, 119],
  [230, 182, 116],
  [270, 184, 108],
  [295, 172, 98],
  [312, 140, 86],
  [328, 98, 74],
  [345, 68, 64],
  [400, 62, 60],
];

/** Returns true if a point's cross-section position lies in the part of the trunk that moves with the breath. */
export function isMovingColumn(x: number, y: number): boolean {
  return power25(x / 137) + power25((y - 4) / 85) < 1 && !isBesideSpine(x, y, 0);
}

/** Returns true if a point lies in the rounded block around the spine, `within` mm inside its surface. */
function isBesideSpine(x: number, y: number, within: number): boolean {
  const sx = Math.abs(x) / (60 - within);
  const sy = (y + 80) / (52 - within);
  return sy < 0 || sx * sx * sx + sy * sy * sy < 1 ? sx < 1 : false;
}

/** |t|^2.5, the trunk's superellipse. */
function power25(t: number): number {
  return t * t * Math.sqrt(Math.abs(t));
}

/** Height of the diaphragm at end-exhale. */
export function diaphragm(x: number, y: number): number {
  const dome = (cx: number, cy: number, wx: number, wy: number) =>
    Math.exp(-((x - cx) ** 2) / (2 * wx * wx) - ((y - cy) ** 2) / (2 * wy * wy));
  return 62 + 94 * dome(66, 6, 46, 58) + 82 * dome(-66, 4, 46, 58) + 22 * dome(0, 30, 45, 40);
}

/** The anatomy of one body. */
export class Anatomy {
  readonly #m: BodyMeasures;
  readonly #visit: BodyVisit;
  readonly #half: [number, number] = [0, 0];

  /** The anatomy with these measures on the day of an image. */
  constructor(measures: BodyMeasures, visit: BodyVisit) {
    this.#m = measures;
    this.#visit = visit;
  }

  /** The tissue at a point of the body's end-exhale state. */
  tissueAt(x: number, y: number, z: number): number {
    const depth = this.#depth(x, y, z);
    if (depth <= 0) return TISSUE.air;
    if (depth < 2.2) return TISSUE.skin;
    const axial = this.#axialSkeleton(x, y, z);
    if (axial >= 0) return axial;
    if (z < -70) {
      const pelvis = pelvicBone(x, y, z);
      if (pelvis >= 0) return pelvis;
    }
    const psoas = this.#psoas(x, y, z);
    if (psoas >= 0) return psoas;
    const moving = isMovingColumn(x, y);
    if (z > 62 && moving) {
      const chest = this.#chest(x, y, z);
      if (chest >= 0) return chest;
    }
    const tube = greatVessel(x, y, z, this.#visit.venaCava);
    if (tube >= 0) return tube;
    if (moving && z < diaphragm(x, y) - 2.5 && z > -262 && depth > this.#fatAt(y, z) + 11) {
      const organ = this.#abdomen(x, y, z);
      if (organ >= 0) return organ;
    }
    return this.#wall(x, y, z, depth, moving);
  }

  /** Distance below the skin, mm, about. */
  #depth(x: number, y: number, z: number): number {
    const half = this.#half;
    halfWidths(z, half);
    const [a, b] = half;
    const rx = Math.abs(x) / a;
    const ry = Math.abs(y) / b;
    if (rx >= 1 || ry >= 1) return 0;
    // A superellipse of order 2.5, flattened a little at the back.
    const flat = y < 0 ? 1.06 * ry : ry;
    const rho = Math.pow(power25(rx) + power25(flat), 0.4);
    return (1 - rho) * (rx > ry ? a : b);
  }

  /** Thickness of the fat under the skin: thin over the chest, thick at the belly and the buttocks. */
  #fatAt(y: number, z: number): number {
    const low = Math.min(Math.max((140 - z) / 200, 0), 1);
    return this.#m.fat * (0.62 + 0.7 * low) * (y < -40 ? 1 - 0.3 * Math.min((-40 - y) / 30, 1) : 1);
  }

  #wall(x: number, y: number, z: number, depth: number, moving: boolean): number {
    const fat = this.#fatAt(y, z);
    const ax = Math.abs(x);
    if (depth < fat) return TISSUE.fat;
    // Erector spinae beside the spine, from pelvis to neck.
    const ex = (ax - 32) / 36;
    const ey = (y + 86) / (z < 60 ? 30 : 25);
    if (ex * ex + ey * ey < 1 && y < -54) return TISSUE.muscle;
    if (z > 286) {
      const clavicle = (z - 292 - 0.17 * ax) ** 2 + (y - 58 + 0.36 * ax) ** 2;
      if (ax > 14 && ax < 138 && clavicle < 36) {
        return clavicle > 14 ? TISSUE.cortical : TISSUE.marrow;
      }
    }
    if (z > 66 && z < 306) {
      const rib = ribCage(x, y, z, depth - fat);
      if (rib >= 0) return rib;
    }
    if (z > 296) {
      // Root of the neck: muscle with fat around the trachea and beside it.
      const loose = (x / 46) ** 2 + ((y - 4) / 30) ** 2;
      return loose < 1 && loose > 0.3 ? TISSUE.mediastinum : TISSUE.muscle;
    }
    if (z > 66) {
      if (depth < fat + wallAt(z)) return TISSUE.muscle;
      if (z > diaphragm(x, y) || ax < 40) return TISSUE.mediastinum;
      return moving ? TISSUE.fat : TISSUE.muscle;
    }
    if (depth < fat + wallAt(z)) return TISSUE.muscle;
    if (z < -60) {
      // The pelvic bowl holds fat and bowel; around and below it are muscles, with fat beside the rectum.
      const down = Math.min(z + 140, 0) / 108;
      const wide = 122 + 0.9 * Math.max(z + 125, 0);
      const bowl = (x / wide) ** 2 + ((y + 2) / (wide - 40)) ** 2 + down * down;
      if (bowl < 1) return TISSUE.fat;
      const beside = ((ax - 38) / 20) ** 2 + ((y + 48) / 26) ** 2;
      return z < -205 && beside < 1 ? TISSUE.fat : TISSUE.muscle;
    }
    return TISSUE.fat;
  }

  #axialSkeleton(x: number, y: number, z: number): number {
    if (Math.abs(x) > 52 || y > -14 || z < -128) return -1;
    // Lumbar lordosis and thoracic kyphosis move the spine to front and back.
    const spineY = spineCentre(z);
    const dy = y - spineY;
    const spacing = z < 60 ? 34 : 27;
    const from = z < 60 ? -17 : 60;
    const index = Math.floor((z - from) / spacing);
    const local = z - from - (index + 0.5) * spacing;
    const first = index === 0 && z < 60;
    const s = first ? this.#m.size["lumbar vertebra 1"] : 1;
    const wide = z < 60 ? 24 * s : 19;
    const deep = z < 60 ? 18.5 * s : 16;
    const half = z < 60 ? 14.2 * s : 11.2;
    const cortical = first ? TISSUE.firstLumbarCortical : TISSUE.cortical;
    const marrow = first ? TISSUE.firstLumbarMarrow : TISSUE.marrow;
    // Vertebral body, a little waisted.
    const waist = 1 - 0.07 * (1 - (local / half) ** 2);
    const body = (x / (wide * waist)) ** 2 + (dy / (deep * waist)) ** 2;
    if (body < 1) {
      if (Math.abs(local) > half) return TISSUE.disc;
      return body > 0.8 || Math.abs(local) > half - 1.8 ? cortical : marrow;
    }
    // Canal, arch, spinous and transverse processes.
    const cy = dy + deep + 9;
    if (x * x + cy * cy < 8 * 8) return TISSUE.canal;
    if (Math.abs(local) > half + (z < 60 ? 1 : 0)) return -1;
    if (x * x + cy * cy < (15 * s) ** 2 && Math.abs(local + 2) < half * 0.86) return cortical;
    if (Math.abs(x) < 4 * s && cy < 0 && cy > -32 * s && Math.abs(local + 4) < 9 * s) {
      return Math.abs(x) < 2 && cy < -12 ? marrow : cortical;
    }
    if (Math.abs(cy - 2) < 5.5 * s && Math.abs(x) < 39 * s && Math.abs(local) < 6 * s) {
      return cortical;
    }
    return -1;
  }

  #psoas(x: number, y: number, z: number): number {
    if (z > 14 || z < -232 || Math.abs(x) > 110) return -1;
    const right = x > 0;
    const s = this.#m.size[right ? "right psoas" : "left psoas"];
    const t = (14 - z) / 246;
    // From beside the first lumbar vertebra, over the pelvic brim, to the hip joint.
    const cx = 30 + 14 * t + 42 * t * t * t;
    const cy = spineCentre(Math.max(z, -110)) + 2 + 6 * t + 46 * t * t * t;
    const thick = 9 + 17 * Math.sin(Math.PI * Math.min(1, 0.12 + 0.9 * t)) - 3 * t;
    const rx = s * thick * 0.82;
    const ry = s * thick * 1.05;
    const inside = ((Math.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
    return inside < 1 ? (right ? TISSUE.rightPsoas : TISSUE.leftPsoas) : -1;
  }

  #chest(x: number, y: number, z: number): number {
    // Trachea and main bronchi.
    const tx = x;
    const ty = y + 10;
    if (z > 238 && tx * tx + ty * ty < 8.5 * 8.5) return TISSUE.airway;
    if (z > 205 && z <= 242) {
      const out = (242 - z) * 0.9;
      if ((Math.abs(x) - out) ** 2 + (y + 12) ** 2 < 7 * 7) return TISSUE.airway;
    }
    // Heart, its chambers a little inside the wall.
    const hx = x + 20;
    const hy = y - 28;
    const hz = z - 186;
    const along = 0.80 * hx * -1 + 0.35 * hy - 0.48 * hz;
    const square = hx * hx + hy * hy + hz * hz;
    const across = Math.max(square - along * along, 0);
    const heart = (along / 60) ** 2 + across / (43 * 43);
    if (heart < 1) {
      const septum = Math.abs(0.6 * hx + 0.75 * hy + 0.1 * hz + 5) < 4.5 && along > -22;
      const base = Math.abs(along + 24) < 2;
      return heart < 0.66 && !septum && !base ? TISSUE.blood : TISSUE.myocardium;
    }
    if (heart < 1.12) return TISSUE.fat;
    const floor = diaphragm(x, y);
    if (z < floor + 1) return z > floor - 2.5 ? TISSUE.muscle : -1;
    // Lungs: the chest's column without the mediastinum, tapering to the apex.
    const right = x > 0;
    const { [right ? "right lung" : "left lung"]: lung } = this.#m.size;
    const height = 178 * lung;
    const rise = (z - 150) / height;
    if (rise < 1) {
      const taper = rise > 0 ? Math.sqrt(1 - rise * rise * rise) : 1;
      const round = power25(x / (Math.min(134, 134 * (0.6 + 0.4 * lung)) * taper)) +
        power25((y - 3) / (82.5 * Math.sqrt(taper)));
      // The inner border: near the midline in front and behind, out around the hilum and the upper vessels.
      const hilum = Math.exp(-(((z - 212) / 42) ** 2) - ((y + 6) / 30) ** 2);
      const middle = (right ? 17 : 21) + 40 * (1 - lung) + 13 * hilum + 10 * Math.max(0, rise) +
        8 * Math.exp(-(((y - 62) / 14) ** 2));
      if (round < 1 && Math.abs(x) > middle) {
        return right ? TISSUE.rightLung : TISSUE.leftLung;
      }
    }
    return z < 300 && Math.abs(x) < 60 ? TISSUE.mediastinum : -1;
  }

  #abdomen(x: number, y: number, z: number): number {
    const { size } = this.#m;
    if (ellipsoid(x, y, z, 60, 44, 38, 14, 16, 29, size.gallbladder) < 1) return TISSUE.gallbladder;
    if (z > -110 && Math.abs(x) > 30) {
      const right = x > 0;
      const s = size[right ? "right kidney" : "left kidney"];
      const kx = Math.abs(x) - 79;
      const ky = y + 42;
      const kz = z - (right ? -12 : 6);
      // Tilted: the upper poles lie nearer to the spine.
      const tx = kx + 0.18 * kz;
      const kidney = (tx / (28 * s)) ** 2 + (ky / (24 * s)) ** 2 + (kz / (57 * s)) ** 2;
      if (kidney < 1) {
        const hilum = ((tx + 21 * s) / (19 * s)) ** 2 + (ky / (9 * s)) ** 2 + (kz / (24 * s)) ** 2;
        return hilum < 1 ? TISSUE.renalSinus : right ? TISSUE.rightKidney : TISSUE.leftKidney;
      }
      if (kidney < 1.45) return TISSUE.fat;
    }
    if (z > -10) {
      if (ellipsoid(x, y, z, -98, -34, 84, 24, 46, 50, size.spleen) < 1) return TISSUE.spleen;
      const s = size.liver;
      const rightLobe = ellipsoid(x, y, z, 74, 0, 84, 66, 82, 82, s);
      const leftLobe = ellipsoid(x, y, z, 4, 34, 108, 84, 44, 44, s);
      // The lower edge slopes up to the left.
      const edge = z - (30 - 0.65 * (x - 40)) + 30 * (s - 1) + 5 * Math.sin(0.06 * y);
      if ((rightLobe < 1 || leftLobe < 1) && edge > 0) {
        return liverVessel(x, y, z) ? TISSUE.hepaticVein : TISSUE.liver;
      }
      const stomach = ellipsoid(x + 0.25 * (z - 82), y, z, -58, 22, 82, 38, 34, 56, 1);
      if (stomach < 1) {
        if (stomach > 0.78) return TISSUE.stomachWall;
        return y > this.#visit.stomachLevel && z > 70 ? TISSUE.gas : TISSUE.stomach;
      }
      const px = x;
      const py = y - 4 - 0.1 * Math.abs(px);
      const pz = z - 34 + 0.18 * px;
      if ((px / 76) ** 2 + (py / 12) ** 2 + (pz / 15) ** 2 < 1) return TISSUE.pancreas;
    }
    if (z < -120 && ellipsoid(x, y, z, 0, 22, -206, 40, 35, 34, size.bladder) < 1) {
      return TISSUE.bladder;
    }
    return z < 70 && z > -225 ? this.#bowelAt(x, y, z) : -1;
  }

  /** Colon, rectum and small bowel. */
  #bowelAt(x: number, y: number, z: number): number {
    const p = (this.#m.bowelSeed % 97) * 0.37;
    const q = this.#visit.bowelPhase;
    const ax = Math.abs(x);
    // The colon's frame: up on the right, across in front, down on the left; pouched along its way.
    const sag = 0.0038 * x * x - 14 * Math.cos(p);
    const side = z < (x > 0 ? 22 : 44) && z > -128
      ? Math.hypot(ax - 100, y + 6 + 4 * Math.sin(0.03 * z + p))
      : 99;
    const across = ax < 104 ? Math.hypot(y - 50 + 0.0012 * x * x, z - 6 - sag) : 99;
    const rectum = z < -140 ? Math.hypot(x - 5 * Math.sin(0.05 * z + p), y + 36) + 3 : 99;
    const pouch = 18.5 + 3.5 * Math.sin(0.2 * (side < across ? z : x) + q);
    const colon = Math.min(side, across, rectum);
    if (colon < pouch) {
      if (colon > pouch - 3) return TISSUE.bowelWall;
      const gassy = across < side && across < rectum && z - 6 - sag > -4 && y > 44;
      return gassy || (side < 99 && y > 2 && Math.sin(0.05 * z + q) > 0.2)
        ? TISSUE.gas
        : TISSUE.bowel;
    }
    if (y < -36 || colon < pouch + 3) return -1;
    if (power25(x / 122) + power25((y - 4) / 74) > 1) return -1;
    // Loops of small bowel: tubes along the common zero lines of two smooth waves.
    const a = Math.sin(0.095 * x + 1.2 * Math.sin(0.045 * z + q) + q) +
      0.7 * Math.sin(0.085 * y + 0.06 * z + 2 * q);
    const b = Math.cos(0.09 * z + 1.1 * Math.sin(0.05 * x - q)) +
      0.6 * Math.sin(0.08 * y - 0.05 * x + q);
    const loop = a * a + b * b;
    if (loop > 1.15) return -1;
    if (loop > 0.78) return TISSUE.bowelWall;
    return y > 38 && loop < 0.5 && Math.sin(0.031 * x + 0.027 * z + 3 * q) > 0.55
      ? TISSUE.gas
      : TISSUE.bowel;
  }
}

/** Half-widths of the trunk at a height of the reference anatomy: [to the side, to front and back], mm. */
export function halfWidths(z: number, half: [number, number]): void {
  let i = 1;
  while (i < OUTLINE.length - 1 && OUTLINE[i][0] < z) i++;
  const [z0, a0, b0] = OUTLINE[i - 1];
  const [z1, a1, b1] = OUTLINE[i];
  const t = Math.min(Math.max((z - z0) / (z1 - z0), 0), 1);
  const s = t * t * (3 - 2 * t);
  half[0] = a0 + s * (a1 - a0);
  half[1] = b0 + s * (b1 - b0);
}

/** y of the vertebral bodies' centres. */
function spineCentre(z: number): number {
  return -58 + 7 * Math.cos((z + 40) * 0.0135);
}

/** Thickness of the muscles under the fat: the belly's wall, the chest's with its ribs. */
function wallAt(z: number): number {
  const t = Math.min(Math.max((z - 25) / 60, 0), 1);
  return 13 + 11 * t * t * (3 - 2 * t);
}

function ellipsoid(
  ...[x, y, z, cx, cy, cz, rx, ry, rz, size]: readonly [
    ...[number, number, number, number, number, number, number, number, number, number],
  ]
): number {
  const dx = (x - cx) / (rx * size);
  const dy = (y - cy) / (ry * size);
  const dz = (z - cz) / (rz * size);
  return dx * dx + dy * dy + dz * dz;
}

/** Branching dark lines of the liver: veins that run towards the vena cava. */
function liverVessel(x: number, y: number, z: number): boolean {
  const u = x - 22;
  const v = y + 20;
  const w = z - 95;
  const angle = Math.atan2(w, u);
  const r = Math.hypot(u, v, w);
  if (r < 12 || r > 78) return false;
  const wave = Math.sin(4 * angle + 0.02 * r);
  const plane = v - 0.25 * r + 9 * Math.sin(0.05 * r + 2 * angle);
  const width = 4.2 - 0.035 * r;
  return Math.abs(wave) * r * 0.25 < width && Math.abs(plane) < width;
}

/** Aorta with its arch and the vena cava, whose radius is given. */
function greatVessel(x: number, y: number, z: number, venaCava: number): number {
  const spineY = spineCentre(z);
  if (z > -84 && z < 250 && (x + 10) ** 2 + (y - spineY - 30) ** 2 < 11 * 11) return TISSUE.vessel;
  if (z > -84 && z < 160 && (x - 17) ** 2 + (y - spineY - 29) ** 2 < venaCava * venaCava) {
    return TISSUE.vessel;
  }
  // Oesophagus.
  if (z > 150 && (x - 8) ** 2 + (y - spineY - 27) ** 2 < 6.5 * 6.5) return TISSUE.stomachWall;
  if (z <= -84 && z > -215) {
    // Iliac arteries and veins.
    const down = -84 - z;
    const ax = Math.abs(x);
    const out = 9 + 0.52 * down;
    const forward = y - spineCentre(-84) - 28 - 0.0022 * down * down;
    if ((ax - out) ** 2 + forward ** 2 < 49 || (ax - out + 5) ** 2 + (forward + 11) ** 2 < 49) {
      return TISSUE.vessel;
    }
  }
  if (z > 215 && z < 275) {
    // The arch, in an oblique plane from the heart to the descending aorta.
    const along = y + 8 + 0.2 * x;
    const ring = Math.hypot(along * 0.9, z - 236) - 26;
    if (ring * ring + (x + 8 - 0.25 * along) ** 2 < 11 * 11 && z > 226) return TISSUE.vessel;
  }
  return -1;
}

/** Ribs, their cartilage and the sternum in the chest wall; `below` counts from the fat's underside. */
function ribCage(x: number, y: number, z: number, below: number): number {
  if (z > 306) return -1;
  if (y > 40 && Math.abs(x) < 19 && z > 150 && z < 292 && below > 1 && below < 13) {
    return below < 3 || below > 11 || Math.abs(x) > 16.5 ? TISSUE.cortical : TISSUE.marrow;
  }
  if (below < 9 || below > 18 || (y < -66 && Math.abs(x) < 40)) return -1;
  // Ribs slope downwards to the front.
  const height = z + 0.42 * (y + 60);
  const phase = height / 26 - Math.floor(height / 26);
  if (phase > 0.44) return -1;
  if (y > 62) return TISSUE.cartilage;
  return below < 11 || below > 16 || phase < 0.09 || phase > 0.35 ? TISSUE.cortical : TISSUE.marrow;
}

/** Iliac wings, sacrum, pubis and hip joints. */
function pelvicBone(x: number, y: number, z: number): number {
  const sacrum = (x / (46 - 0.12 * (-130 - z))) ** 2 + ((y + 68 + 0.12 * (z + 150)) / 17) ** 2 +
    ((z + 165) / 58) ** 2;
  if (sacrum < 1) return sacrum > 0.72 ? TISSUE.cortical : TISSUE.marrow;
  const ax = Math.abs(x);
  const hip = Math.hypot(ax - 92, y - 2, z + 238);
  if (hip < 23) return hip > 20 ? TISSUE.cortical : TISSUE.marrow;
  // The wing: a plate on an ellipsoid, open to the front.
  const shell = Math.sqrt((ax / 122) ** 2 + ((y + 4) / 88) ** 2 + ((z + 178) / 112) ** 2);
  const plate = (shell - 1) * 95;
  const thick = z > -112 ? 6.5 : 8;
  if (ax > 44 && z > -222 && z < -84 && y < 46 - 0.25 * (z + 84) * -1 && Math.abs(plate) < thick) {
    return Math.abs(plate) > thick - 2.2 ? TISSUE.cortical : TISSUE.marrow;
  }
  const socket = hip < 34 && hip >= 27 && ax > 66 && z > -246 && ax < 112;
  if (socket) return TISSUE.cortical;
  const pubis = Math.hypot((ax - 30) / 34, (y - 50) / 12, (z + 244) / 13);
  if (pubis < 1) return pubis > 0.75 ? TISSUE.cortical : TISSUE.marrow;
  return -1;
}
