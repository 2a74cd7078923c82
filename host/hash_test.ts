import { assertEquals } from "@std/assert";
import { sha256Hex } from "./hash.ts";

Deno.test("sha256Hex() gives the published hashes of texts and bytes", async () => {
  // NIST, FIPS 180-4 examples.
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(await sha256Hex("abc"), abc);
  const bytes = Uint8Array.of(0, 97, 98, 99).subarray(1);
  assertEquals(await sha256Hex(bytes), abc, "a view of a part of a buffer");
  assertEquals(
    await sha256Hex(""),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
});
