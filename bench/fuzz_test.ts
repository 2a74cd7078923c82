import { assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { RandomStream } from "../cohort/phantom/random.ts";
import { CrosswarpError } from "../host/errors.ts";
import { fuzzOne, fuzzSeeds, mutated } from "./fuzz.ts";

Deno.test("damaged files are read, or refused with an error of this library", async () => {
  const folder = await Deno.makeTempDir();
  const random = new RandomStream(7, 31);
  const counts = { read: 0, refused: 0 };
  for (const seed of await fuzzSeeds(folder)) {
    assertEquals((await fuzzOne(seed, seed.bytes)).outcome, "read", seed.name);
    for (let i = 0; i < 40; i++) {
      const bytes = mutated(seed.bytes, random);
      const { outcome, isFault } = await fuzzOne(seed, bytes);
      assertEquals(isFault, false, `${seed.name}, file ${i}: ${outcome}`);
      if (outcome === "read") counts.read++;
      else counts.refused++;
    }
  }
  assertGreater(counts.read, 50);
  assertGreater(counts.refused, 200);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fuzzOne() names other errors, and file bytes in a message, as faults", async () => {
  const ending = async (error: unknown) =>
    await fuzzOne(
      { name: "", bytes: new Uint8Array(1), read: () => Promise.reject(error) },
      new Uint8Array(1),
    );
  assertEquals((await ending(new CrosswarpError("a plain message"))).isFault, false);
  assertEquals((await ending(new TypeError("x is undefined"))).isFault, true);
  assertEquals((await ending(new CrosswarpError("bytes \u0001"))).isFault, true);
});

Deno.test("mutated() leaves the bytes themselves alone, and the same seed damages alike", () => {
  const bytes = Uint8Array.from({ length: 400 }, (_, i) => i);
  const before = bytes.slice();
  const damaged = (seed: number) => mutated(bytes, new RandomStream(seed, 31));
  assertEquals(damaged(1), damaged(1));
  assertNotEquals(damaged(1), damaged(2));
  assertEquals(bytes, before);
});
