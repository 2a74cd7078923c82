/**
 * Masking: voxels outside a mask lose their value.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { MASK_IMAGE } from "./mask_image.wgsl.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/**
 * The image with `NO_VALUE` at the voxels at which the mask, on the same grid, is below 0.5; the caller
 * destroys it.
 */
export function maskImage(gpu: Gpu, image: GpuImage, mask: GpuImage): GpuImage {
  const owned = new Owned();
  try {
    const masked = owned.add(createImage(gpu, "masked", image.size));
    const recorder = gpu.record("masking");
    for (const { begin, end } of imageSlabs(gpu, image.size)) {
      const quads = (end - begin) * image.size[1] * image.pitch / 4;
      const { workgroups, stride } = flatWorkgroups(quads);
      recorder.dispatch(MASK_IMAGE, {
        parameters: { quads, stride },
        buffers: [image, mask, masked].map((bound) => planesOf(bound, begin, end)),
        workgroups,
      });
    }
    recorder.submit();
    return owned.release(masked);
  } finally {
    owned.destroy();
  }
}

/** The plain twin, on arrays without padding. */
export function maskImageReference(image: Float32Array, mask: Float32Array): Float32Array {
  return image.map((value, i) => mask[i] >= 0.5 ? value : NO_VALUE);
}
