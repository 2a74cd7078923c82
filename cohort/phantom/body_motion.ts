/**
 * The map from the reference anatomy to one body in an image: its shape, breath and posture.
 *
 * The pull map takes a point of the image's world (RAS mm) to the reference anatomy, in closed form:
 * posture (rigid) -> residual waves -> shape (scale, chest height, waves) -> breath. The push map is its
 * inverse, by fixed-point and Newton iterations. Breath acts on the reference anatomy, so that the
 * column that moves with it has the same walls at all heights: organs slide along these walls, and the
 * map stays one-to-one at its discontinuity.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { isMovingColumn } from "./anatomy.ts";
import type { RandomStream } from "./random.ts";

/** A sine wave of displacement: amplitude * sin(frequency . x + phase), mm and radians a mm. */
export interface Wave {
  /** Displacement at the crest, mm. */
  readonly amplitude: Triple;
  /** Wave vector, radians a mm. */
  readonly frequency: Triple;
  /** Phase, radians. */
  readonly phase: number;
}

/** The differences between one body and the reference anatomy, in addition to the sizes of organs. */
export interface BodyShape {
  /** Size along x, y, z; 1 on average. */
  readonly scale: Triple;
  /** The chest's additional height over the reference's, mm. */
  readonly chestHeight: number;
  /** Smooth deformation. */
  readonly waves: readonly Wave[];
}

/** A body's posture and breath in one image. */
export interface BodyState {
  /** 0 at end-exhale, 1 at end-inhale. */
  readonly breath: number;
  /** The travel of the diaphragm from breath 0 to 1, mm. */
  readonly travel: number;
  /** Rotation about x, then y, then z, radians. */
  readonly rotation: Triple;
  /** Translation after the rotation, mm. */
  readonly shift: Triple;
  /** Residual smooth deformation. */
  readonly waves: readonly Wave[];
}

/** Slopes of waves may add up to this much, so that they are invertible and converge quickly. */
const STEEPEST = 0.32;
const CHEST_FROM = 80;
const CHEST_LENGTH = 230;
/** The heights at end-inhale at which the breath's motion begins, is full and ends. */
const BREATH: readonly [number, number, number, number] = [-225, -50, 122, 322];
/** The heights at which the ribs' motion begins, is full and ends. */
const RIBS: readonly [number, number, number, number] = [10, 150, 230, 335];
const SIDEWAYS = 0.05;
const FRONT_BACK = 0.08;
const SPINE_Y = -58;

/** Waves with random directions and phases, at most `reach` mm together. */
export function drawWaves(
  random: RandomStream,
  { count, reach, wavelengths }: { count: number; reach: number; wavelengths: [number, number] },
): Wave[] {
  const waves = Array.from({ length: count }, (): Wave => {
    const k = 2 * Math.PI / random.between(...wavelengths);
    const direction = unit(random);
    const along = unit(random);
    const size = reach / count * random.between(0.6, 1);
    return {
      amplitude: along.map((v) => v * size) as unknown as Triple,
      frequency: direction.map((v) => v * k) as unknown as Triple,
      phase: random.between(0, 2 * Math.PI),
    };
  });
  const slope = waves.reduce((sum, w) => sum + length(w.amplitude) * length(w.frequency), 0);
  const shrink = Math.min(1, STEEPEST / slope);
  return waves.map((w) => ({
    ...w,
    amplitude: w.amplitude.map((v) => v * shrink) as unknown as Triple,
  }));
}

/** Maps points between an image's world and the reference anatomy, in place. */
export class BodyMotion {
  readonly #shape: BodyShape;
  readonly #state: BodyState;
  readonly #rotation: readonly number[];
  readonly #shapeWaves: Float64Array;
  readonly #residualWaves: Float64Array;
  readonly #offset = new Float64Array(3);

  /** The maps of one image of one body. */
  constructor(shape: BodyShape, state: BodyState) {
    this.#shape = shape;
    this.#state = state;
    this.#rotation = rotationOf(state.rotation);
    this.#shapeWaves = packed(shape.waves);
    this.#residualWaves = packed(state.waves);
  }

  /** World (RAS mm) to reference anatomy (mm). */
  pull(p: Float64Array): void {
    const r = this.#rotation;
    const { shift } = this.#state;
    const { scale, chestHeight } = this.#shape;
    const x = p[0] - shift[0];
    const y = p[1] - shift[1];
    const z = p[2] - shift[2];
    p[0] = r[0] * x + r[3] * y + r[6] * z;
    p[1] = r[1] * x + r[4] * y + r[7] * z;
    p[2] = r[2] * x + r[5] * y + r[8] * z;
    this.#addWaves(this.#residualWaves, p);
    p[0] /= scale[0];
    p[1] /= scale[1];
    p[2] /= scale[2];
    p[2] -= chestHeight * smooth((p[2] - CHEST_FROM) / (CHEST_LENGTH + chestHeight));
    this.#addWaves(this.#shapeWaves, p);
    const { breath, travel } = this.#state;
    if (breath === 0) return;
    const ribs = breath * bump(RIBS, p[2]);
    p[0] /= 1 + SIDEWAYS * ribs;
    p[1] = SPINE_Y + (p[1] - SPINE_Y) / (1 + FRONT_BACK * ribs);
    if (isMovingColumn(p[0], p[1])) p[2] += breath * travel * bump(BREATH, p[2]);
  }

  /** Reference anatomy (mm) to world (RAS mm): the inverse of `pull`, to well below 0.001 mm. */
  push(p: Float64Array): void {
    const { breath, travel } = this.#state;
    const { scale, chestHeight } = this.#shape;
    if (breath !== 0) {
      if (isMovingColumn(p[0], p[1])) {
        const drop = breath * travel;
        p[2] = solve(p[2], -drop, drop, (z) => z + drop * bump(BREATH, z));
      }
      const ribs = breath * bump(RIBS, p[2]);
      p[0] *= 1 + SIDEWAYS * ribs;
      p[1] = SPINE_Y + (p[1] - SPINE_Y) * (1 + FRONT_BACK * ribs);
    }
    this.#removeWaves(this.#shapeWaves, p);
    const taller = Math.abs(chestHeight) + 1;
    p[2] = solve(
      p[2],
      -taller,
      taller,
      (z) => z - chestHeight * smooth((z - CHEST_FROM) / (CHEST_LENGTH + chestHeight)),
    );
    p[0] *= scale[0];
    p[1] *= scale[1];
    p[2] *= scale[2];
    this.#removeWaves(this.#residualWaves, p);
    const r = this.#rotation;
    const { shift } = this.#state;
    const [x, y, z] = p;
    p[0] = r[0] * x + r[1] * y + r[2] * z + shift[0];
    p[1] = r[3] * x + r[4] * y + r[5] * z + shift[1];
    p[2] = r[6] * x + r[7] * y + r[8] * z + shift[2];
  }

  #addWaves(waves: Float64Array, p: Float64Array): void {
    this.#wavesAt(waves, p[0], p[1], p[2]);
    const u = this.#offset;
    p[0] += u[0];
    p[1] += u[1];
    p[2] += u[2];
  }

  /** x with x + u(x) = p: x <- p - u(x) contracts, as the slopes are below 1. */
  #removeWaves(waves: Float64Array, p: Float64Array): void {
    if (waves.length === 0) return;
    const [px, py, pz] = p;
    const u = this.#offset;
    for (let i = 0; i < 60; i++) {
      this.#wavesAt(waves, p[0], p[1], p[2]);
      const x = px - u[0];
      const y = py - u[1];
      const z = pz - u[2];
      const change = Math.abs(x - p[0]) + Math.abs(y - p[1]) + Math.abs(z - p[2]);
      p[0] = x;
      p[1] = y;
      p[2] = z;
      if (change < 1e-6) return;
    }
  }

  #wavesAt(waves: Float64Array, x: number, y: number, z: number): void {
    const u = this.#offset;
    u[0] = u[1] = u[2] = 0;
    for (let i = 0; i < waves.length; i += 7) {
      const s = Math.sin(waves[i + 3] * x + waves[i + 4] * y + waves[i + 5] * z + waves[i + 6]);
      u[0] += waves[i] * s;
      u[1] += waves[i + 1] * s;
      u[2] += waves[i + 2] * s;
    }
  }
}

/** The part of the diaphragm's motion that a point of the reference anatomy takes: 0 to 1. */
export function breathShare(p: Float64Array): number {
  return isMovingColumn(p[0], p[1]) ? bump(BREATH, p[2]) : 0;
}

/** The rotation matrix Rz Ry Rx, row-major. */
function rotationOf([a, b, c]: Triple): number[] {
  const [ca, sa, cb, sb, cc, sc] = [a, b, c].flatMap((v) => [Math.cos(v), Math.sin(v)]);
  // deno-fmt-ignore
  return [
    cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa,
    sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa,
    -sb, cb * sa, cb * ca,
  ];
}

function packed(waves: readonly Wave[]): Float64Array {
  return Float64Array.from(waves.flatMap((w) => [...w.amplitude, ...w.frequency, w.phase]));
}

/** 0 below 0, 1 above 1, smooth between. */
function smooth(t: number): number {
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

function bump(
  [from, full, until, to]: readonly [number, number, number, number],
  z: number,
): number {
  return z < full ? smooth((z - from) / (full - from)) : smooth((to - z) / (to - until));
}

/** z near `value` with f(z) = value, for a rising f: secant steps kept inside a shrinking bracket. */
function solve(value: number, below: number, above: number, f: (z: number) => number): number {
  let low = value + below;
  let high = value + above;
  let atLow = f(low) - value;
  let atHigh = f(high) - value;
  if (atLow >= 0) return low;
  if (atHigh <= 0) return high;
  let side = 0;
  for (let i = 0; i < 60; i++) {
    // The Illinois variant of regula falsi.
    const z = (low * atHigh - high * atLow) / (atHigh - atLow);
    const at = f(z) - value;
    if (Math.abs(at) < 1e-8) return z;
    if (at < 0) {
      low = z;
      atLow = at;
      if (side === -1) atHigh /= 2;
      side = -1;
    } else {
      high = z;
      atHigh = at;
      if (side === 1) atLow /= 2;
      side = 1;
    }
  }
  return (low + high) / 2;
}

function unit(random: RandomStream): Triple {
  const v: Triple = [random.normal(), random.normal(), random.normal()];
  const n = length(v) || 1;
  return [v[0] / n, v[1] / n, v[2] / n];
}

function length(v: Triple): number {
  return Math.hypot(v[0], v[1], v[2]);
}
