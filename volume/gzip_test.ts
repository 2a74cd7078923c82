import { assert, assertEquals } from "@std/assert";
import { random } from "../testing/random.ts";
import { gzip } from "./gzip.ts";

async function gunzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).bytes();
}

const HEADER = Uint8Array.of(1, 2, 3);

async function assertRoundTrip(data: ArrayBufferView): Promise<number> {
  const file = await gzip(HEADER, data);
  const bytes = await gunzipped(file);
  assertEquals(bytes.subarray(0, 3), HEADER);
  assertEquals(
    bytes.subarray(3),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  assertEquals(await gzip(HEADER, data), file, "the same bytes twice");
  return file.length;
}

Deno.test("gzip() keeps every byte, also of several pieces and of none", async () => {
  const next = random(1);
  await assertRoundTrip(Float32Array.from({ length: 700_001 }, next));
  await assertRoundTrip(new Float32Array(0));
  await assertRoundTrip(Int16Array.from({ length: 1001 }, (_, i) => i % 7));
});

Deno.test("gzip() finds repetitions in images with a constant background", async () => {
  const next = random(2);
  const data = Float32Array.from({ length: 200_000 }, (_, i) => i % 1000 < 900 ? -1024 : next());
  assert(await assertRoundTrip(data) < 0.12 * data.byteLength);
});
