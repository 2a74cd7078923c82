import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzip } from "../testing/nifti_file.ts";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { ByteReader, gunzip, gunzipByStream, GzipPartsError, isGzip } from "./byte_reader.ts";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7 % 251);

async function* pieces(whole: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += length) yield await whole.subarray(at, at + length);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const target = new Uint8Array(1 << 20);
  return target.subarray(0, await new ByteReader(source).fill(target));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("ByteReader reads on where it stopped, however the pieces fall", async () => {
  for (const length of [1, 3, 99, 1000, 5000]) {
    const reader = new ByteReader(pieces(bytes, length));
    assertEquals(await reader.peek(10), bytes.subarray(0, 10));
    const target = new Uint8Array(4);
    assertEquals(await reader.fill(target), 4);
    assertEquals(target, bytes.subarray(0, 4));
    assertEquals(await reader.skip(200), 200);
    assertEquals(await reader.peek(50), bytes.subarray(204, 254));
    const end = new Uint8Array(2000);
    assertEquals(await reader.fill(end), 796);
    assertEquals(end.subarray(0, 796), bytes.subarray(204));
    assertEquals([await reader.peek(1), await reader.skip(5)], [new Uint8Array(0), 0]);
  }
});

Deno.test("gunzip() undoes gzip of one member, of several, and with zeros behind", async () => {
  const packed = await gzip(bytes);
  const more = await gzip(bytes.subarray(0, 300));
  assert(isGzip(packed));
  assert(!isGzip(bytes) && !isGzip(packed.subarray(0, 1)));
  for (const length of [1, 7, 100, 100000]) {
    assertEquals(await all(gunzip(pieces(packed, length))), bytes);
    const two = joined(packed, more);
    assertEquals(await all(gunzip(pieces(two, length))), joined(bytes, bytes.subarray(0, 300)));
    const padded = joined(packed, new Uint8Array(512));
    assertEquals(await all(gunzip(pieces(padded, length))), bytes);
  }
});

Deno.test("gunzipByStream() undoes gzip of one member and refuses more", async () => {
  const packed = await gzip(bytes);
  for (const length of [1, 7, 100, 100000]) {
    assertEquals(await all(gunzipByStream(pieces(packed, length))), bytes);
    for (const more of [packed, new Uint8Array(512)]) {
      const source = pieces(joined(packed, more), length);
      await assertRejects(() => all(gunzipByStream(source)), GzipPartsError);
    }
  }
  await asInBrowser(async () => {
    assertEquals(await all(gunzip(pieces(packed, 100))), bytes);
    const two = joined(packed, packed);
    await assertRejects(() => all(gunzip(pieces(two, 100))), GzipPartsError);
  });
});

for (const unpack of [gunzip, gunzipByStream]) testErrors(unpack);

function testErrors(unpack: typeof gunzip): void {
  Deno.test(`${unpack.name}() passes on damage and its source's errors`, async () => {
    const packed = await gzip(bytes);
    for (const cut of [1, 4, 8, 50, packed.length - 5]) {
      await assertRejects(() => all(unpack(pieces(packed.subarray(0, -cut), 64))), Error);
    }
    const damaged = packed.map((byte, i) => i === packed.length - 6 ? byte ^ 4 : byte);
    await assertRejects(() => all(unpack(pieces(damaged, 64))), Error);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await packed.subarray(0, 20);
      throw new RangeError("the disk is gone");
    }
    await assertRejects(() => all(unpack(failing())), RangeError, "the disk is gone");
  });

  Deno.test(`ByteReader.close() closes what ${unpack.name}() unpacks`, async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        const packed = await gzip(Uint8Array.from({ length: 1e6 }, (_, i) => Math.imul(i, i) >> 9));
        yield* pieces(packed, 1000);
      } finally {
        closed = true;
      }
    }
    const reader = new ByteReader(unpack(source()));
    await reader.peek(10);
    await reader.close();
    // The stream that unpacks lets go of its source a moment later.
    for (let i = 0; i < 100 && !closed; i++) await new Promise((done) => setTimeout(done, 1));
    assert(closed);
  });
}
