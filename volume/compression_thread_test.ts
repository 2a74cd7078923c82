import { deflateSync } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { joinBytes } from "../host/join_bytes.ts";
import { gzip } from "./gzip.ts";
import { CompressionThread } from "./compression_thread.ts";
import { Grid } from "./grid.ts";
import { encodeNifti } from "./write_nifti.ts";

Deno.test("CompressionThread gives the bytes of gzip(), in the order of the files", async () => {
  using thread = await CompressionThread.open();
  assert(thread !== undefined);
  const header = Uint8Array.from({ length: 8 }, (_, i) => i);
  const floats = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i * i));
  const repeated = Float32Array.from({ length: 5000 }, (_, i) => Math.floor(i / 100));
  const labels = Uint8Array.from({ length: 999 }, (_, i) => i % 7);
  const files = [floats, repeated, labels].map((data) => ({
    data,
    made: thread.compress({
      bytes: joinBytes([header, new Uint8Array(data.buffer)]),
      headerBytes: header.length,
      isFloat: data instanceof Float32Array,
    }),
  }));
  for (const { data, made } of files) assertEquals(await made, await gzip(header, data));
});

Deno.test("CompressionThread compresses an image file to the bytes of encodeNifti()", async () => {
  using thread = await CompressionThread.open();
  const grid = Grid.axisAligned([6, 5, 4], [1, 1, 3]);
  const volume = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.cos(i)) };
  const bytes = await encodeNifti(volume, { compressed: false });
  const made = await thread!.compress({ bytes, headerBytes: 352, isFloat: true });
  assertEquals(made, await encodeNifti(volume));
  assertEquals(bytes.length, 0);
});

Deno.test("CompressionThread.deflate() gives the bytes of zlib", async () => {
  using thread = await CompressionThread.open();
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i * i % 251);
  const expected = Uint8Array.from(deflateSync(bytes, { level: 6 }));
  assertEquals(await thread!.deflate(bytes, 6), expected);
  assertEquals(bytes.length, 0);
});

Deno.test("CompressionThread passes on an error", async () => {
  using thread = await CompressionThread.open();
  const file = { bytes: new Uint8Array(11), headerBytes: 3, isFloat: true };
  await assertRejects(() => thread!.compress(file), Error);
});
