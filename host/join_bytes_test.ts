import { assertEquals } from "@std/assert";
import { joinBytes } from "./join_bytes.ts";

Deno.test("joinBytes() keeps the order, and takes parts of larger arrays and empty ones", () => {
  const part = Uint8Array.of(9, 1, 2, 9).subarray(1, 3);
  assertEquals(
    joinBytes([part, new Uint8Array(0), Uint8Array.of(3)]),
    Uint8Array.of(1, 2, 3),
  );
  assertEquals(joinBytes([]), new Uint8Array(0));
});
