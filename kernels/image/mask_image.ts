/**
 * Masking: voxels that a mask leaves out lose their value.
 *
 * @module
 */

import { type Gpu, u32 } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { MASK_IMAGE } from "./mask_image.wgsl.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** The image without value (-1e30) where the mask on its grid is below one half; the caller destroys it. */
export function maskImage(gpu: Gpu, image: GpuImage, mask: GpuImage): GpuImage {
  const masked = createImage(gpu, "masked", image.size);
  const recorder = gpu.record("mask image");
  for (const { begin, end } of imageSlabs(gpu, image.size)) {
    const quads = (end - begin) * image.size[1] * image.pitch / 4;
    const { workgroups, stride } = flatWorkgroups(quads);
    recorder.dispatch(MASK_IMAGE, {
      parameters: [quads, stride, 0, 0].map(u32),
      buffers: [image, mask, masked].map((one) => planesOf(one, begin, end)),
      workgroups,
    });
  }
  recorder.submit();
  return masked;
}
