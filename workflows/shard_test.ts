import { assertEquals, assertThrows } from "@std/assert";
import { parseShard, shareOf } from "./shard.ts";

Deno.test("parseShard() reads i/n and refuses what is none", () => {
  assertEquals(parseShard("2/4"), { index: 2, count: 4 });
  for (const text of ["4/3", "0/3", "1/0", "1", "1/2/3", "-1/2", "a/b", "1.5/2", ""]) {
    assertThrows(() => parseShard(text), RangeError, "i/n with i from 1 to n");
  }
});

Deno.test("shareOf() parts a list without gap or overlap, in sizes that differ by one at most", () => {
  for (const length of [0, 1, 7, 12, 100]) {
    for (const count of [1, 2, 3, 7, 13]) {
      const list = Array.from({ length }, (_, i) => i);
      const shares = Array.from(
        { length: count },
        (_, i) => shareOf(list, { index: i + 1, count }),
      );
      assertEquals(shares.flat(), list);
      const sizes = shares.map((share) => share.length);
      assertEquals(Math.max(...sizes) - Math.min(...sizes) <= 1, true);
    }
  }
});
