/** Toy images for cycle-GANs: what each domain looks like, drawn from a state that can be saved. */

import { RandomState } from "../gan/random.ts";
import type { RegionSource } from "../gan/training.ts";

/** A source whose `draw` makes images of `size` x `size` pixels in [-1, 1]. */
export function toySource(
  stream: string,
  draw: (random: RandomState) => Float32Array,
): RegionSource {
  const random = RandomState.of(11, stream);
  return {
    next: () => draw(random),
    save: () => random.save(),
    restore: (words) => random.restore(words),
  };
}

/** Bright smooth blobs of several sizes and heights on a dark, sloping ground. */
export function blobs(random: RandomState, size: number): Float32Array {
  const image = new Float32Array(size * size).fill(-1);
  const slope = random.between(0, 0.3), angle = random.between(0, 2 * Math.PI);
  for (let i = 0; i < image.length; i++) {
    const x = i % size / size, y = Math.floor(i / size) / size;
    image[i] += slope * (1 + Math.cos(angle) * (x - 0.5) + Math.sin(angle) * (y - 0.5));
  }
  for (let n = 0; n < 5; n++) {
    const cx = random.between(0, size), cy = random.between(0, size);
    const height = random.between(0.5, 1.8), width = random.between(0.03, 0.12) * size;
    for (let i = 0; i < image.length; i++) {
      const d = ((i % size - cx) ** 2 + (Math.floor(i / size) - cy) ** 2) / (2 * width ** 2);
      if (d < 12) image[i] = Math.min(1, Math.max(image[i], -1 + height * Math.exp(-d)));
    }
  }
  return image;
}

/** The same image inverted, its intensities bent by a gamma. */
export function inverted(image: Float32Array): Float32Array {
  return image.map((value) => 2 * ((1 - value) / 2) ** 1.6 - 1);
}

/** A disc with a soft edge; its radius about `mean` pixels. */
export function disc(
  random: RandomState,
  size: number,
  { mean, ground, bright }: { mean: number; ground: number; bright: number },
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
