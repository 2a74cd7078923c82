/**
 * The channels of MIND descriptors as images, for similarities of intensities.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { cutSlabs } from "../gpu/slabs.ts";
import { mindChannel } from "./channel_image.wgsl.ts";
import type { MindDescriptors } from "./descriptor.ts";
import { channelsPerWord } from "./layout.ts";

/** Workgroups along x of a dispatch; more are along y. */
const GROUPS_ALONG_X = 1024;

/**
 * Computes the image of one channel, in [0, 1]; `NO_VALUE` where a voxel has no descriptor. The caller destroys it.
 *
 * @param channel - Index of the channel, in the order of `MIND_LAYOUTS`.
 */
export function mindChannelImage(
  gpu: Gpu,
  descriptors: MindDescriptors,
  channel: number,
): GpuImage {
  const { size, pitch, bits, words, buffer } = descriptors;
  const image = createImage(gpu, `MIND channel ${channel}`, size);
  const inWord = channelsPerWord(bits);
  const planeBytes = 4 * pitch * size[1];
  try {
    const recorder = gpu.record("MIND channel");
    const bound = [planeBytes * words, planeBytes];
    for (const { begin, end } of cutSlabs(gpu, { planes: size[2], bound })) {
      const planes = end - begin;
      const quads = planes * size[1] * pitch / 4;
      const groups = Math.ceil(quads / 64);
      recorder.dispatch(mindChannel(bits), {
        parameters: {
          quads,
          words,
          word: Math.floor(channel / inWord),
          shift: bits * (channel % inWord),
        },
        buffers: [
          { buffer, offset: begin * planeBytes * words, bytes: planes * planeBytes * words },
          planesOf(image, begin, end),
        ],
        workgroups: [Math.min(groups, GROUPS_ALONG_X), Math.ceil(groups / GROUPS_ALONG_X)],
      });
    }
    recorder.submit();
    return image;
  } catch (error) {
    image.destroy();
    throw error;
  }
}
