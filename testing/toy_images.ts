/**
 * Toy images for cycle-GANs, whose true mapping is known.
 *
 * @module
 */

import type { RandomState } from "../host/random.ts";

/** A section through a body with two dark organs, a grey one and a small bright one, each drawn anew. */
export function section(random: RandomState, size: number): Float32Array {
  const image = new Float32Array(size * size).fill(-1);
  const shift = [0.05, 0.05].map((by) => random.between(-by, by));
  const paint = (
    [x, y]: readonly [number, number],
    [a, b]: readonly [number, number],
    value: number,
  ) => {
    const centre = [x + shift[0], y + shift[1]].map((at) => at + random.between(-0.02, 0.02));
    const axes = [a, b].map((axis) => axis * random.between(0.85, 1.15));
    const level = value + random.between(-0.1, 0.1);
    for (let i = 0; i < image.length; i++) {
      const u = (i % size + 0.5) / size - centre[0];
      const v = (Math.floor(i / size) + 0.5) / size - centre[1];
      const distance = Math.hypot(u / axes[0], v / axes[1]) - 1;
      const inside = 1 / (1 + Math.exp(distance * size * Math.min(...axes)));
      image[i] += (level - image[i]) * inside;
    }
  };
  paint([0.5, 0.5], [0.42, 0.34], 0.1);
  paint([0.3, 0.42], [0.12, 0.17], -0.75);
  paint([0.68, 0.42], [0.11, 0.16], -0.75);
  paint([0.36, 0.68], [0.13, 0.08], 0.45);
  paint([0.52, 0.72], [0.05, 0.05], 0.9);
  return image;
}

/** The same image inverted, its intensities bent by a gamma. */
export function inverted(image: Float32Array): Float32Array {
  return image.map((value) => 2 * ((1 - value) / 2) ** 1.6 - 1);
}

/** Discs of a domain: mean radius in pixels, intensities around and inside. */
export interface DiscDomain {
  readonly mean: number;
  readonly ground: number;
  readonly bright: number;
}

/** A disc with a soft edge; its radius about `mean` pixels. */
export function disc(
  random: RandomState,
  size: number,
  { mean, ground, bright }: DiscDomain,
): Float32Array {
  const radius = mean * random.between(0.85, 1.15);
  const cx = size / 2 + random.between(-0.1, 0.1) * size;
  const cy = size / 2 + random.between(-0.1, 0.1) * size;
  return Float32Array.from({ length: size * size }, (_, i) => {
    const distance = Math.hypot(i % size + 0.5 - cx, Math.floor(i / size) + 0.5 - cy);
    const inside = 1 / (1 + Math.exp(2 * (distance - radius)));
    return ground + (bright - ground) * inside + 0.05 * (random.uniform() - 0.5);
  });
}

/** The radius of a disc in a domain, from the pixels nearer to the inside than to the ground. */
export function discRadius(image: ArrayLike<number>, { ground, bright }: DiscDomain): number {
  let pixels = 0;
  for (let i = 0; i < image.length; i++) {
    if ((image[i] - ground) / (bright - ground) > 0.5) pixels++;
  }
  return Math.sqrt(pixels / Math.PI);
}
