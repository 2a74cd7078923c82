import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import { mindChannelImage } from "./channel_image.ts";
import { mindDescriptors, unpackDescriptors } from "./descriptor.ts";
import { type ChannelBits, MIND_LAYOUTS, NO_DESCRIPTOR } from "./layout.ts";

/** Compares all channels with the unpacked descriptors, which have no padding. */
async function check(gpu: Gpu, size: Triple, bits: ChannelBits): Promise<void> {
  const next = random(7);
  const data = Float32Array.from(
    { length: size[0] * size[1] * size[2] },
    () => next() < 0.02 ? NO_VALUE : 200 * next(),
  );
  const source = uploadImage(gpu, "image", size, data);
  const neighbourhood = "ssc";
  const found = mindDescriptors(gpu, { source, neighbourhood, sigma: 0.5, scale: 1, bits });
  const entries = unpackDescriptors(new Uint32Array(await gpu.download(found.buffer)), found);
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  let without = 0;
  for (let channel = 0; channel < channels; channel++) {
    const image = mindChannelImage(gpu, found, channel);
    (await downloadImage(gpu, image)).forEach((value, i) => {
      const expected = entries[i * channels + channel];
      assertEquals(hasValue(value), !Number.isNaN(expected));
      if (hasValue(value)) assertAlmostEquals(value, expected, 1e-6);
      else without++;
    });
    image.destroy();
  }
  assertEquals(without > 0, true);
  [source, found].forEach((one) => one.destroy());
}

gpuTest("mindChannelImage() unpacks each channel", async (gpu) => {
  await check(gpu, [21, 9, 8], 5);
  await check(gpu, [6, 5, 7], 10);
});

gpuTest("mindChannelImage() unpacks descriptors that need several bindings", async (gpu) => {
  await check(gpu, [29, 16, 40], 10);
  // Planes of which an odd number has no aligned bytes.
  await check(gpu, [4, 33, 200], 10);
}, { maxBindingBytes: 1 << 18 });

gpuTest("mindChannelImage() reads the bits of a channel", async (gpu) => {
  // Six channels of 5 bits per word: channel 7 has the bits 5 to 9 of the second word.
  const words = new Uint32Array(2 * 4 * 1);
  words[1] = 31 << 5;
  words[3] = 12 << 5 | 31 | 31 << 10;
  words[4] = NO_DESCRIPTOR;
  words[5] = NO_DESCRIPTOR;
  const buffer = gpu.upload("descriptors", words);
  const image = mindChannelImage(gpu, {
    size: [4, 1, 1],
    pitch: 4,
    neighbourhood: "ssc",
    bits: 5,
    words: 2,
    buffer,
    destroy: () => buffer.destroy(),
  }, 7);
  const [a, b, c, d] = await downloadImage(gpu, image);
  assertEquals([a, hasValue(c), d], [1, false, 0]);
  assertAlmostEquals(b, 12 / 31, 1e-7);
  [buffer, image].forEach((one) => one.destroy());
});
