import { assert, assertEquals, assertThrows } from "@std/assert";
import { ownersOf, parseShard, shareOf } from "./shard.ts";

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

Deno.test("ownersOf() gives each job to one shard, the same each time, by the estimated work", () => {
  assertEquals(ownersOf([], 3), []);
  assertEquals(ownersOf([1, 1, 1, 1, 1], 2), [1, 2, 1, 2, 1], "equal jobs go round");
  // By hand: 7 to shard 1, 6 to shard 2, 5 to shard 3, 4 to 3 (5 is less than 6), 3 to 2, 2 to 1.
  assertEquals(ownersOf([2, 3, 4, 5, 6, 7], 3), [1, 2, 3, 3, 2, 1]);
  assertEquals(ownersOf([4, 0], 3), [1, 2], "more shards than jobs");
  for (const count of [1, 2, 3, 7, 40]) {
    const weights = Array.from({ length: 30 }, (_, i) => 1 + (i * i) % 17);
    const owners = ownersOf(weights, count);
    assertEquals(ownersOf(weights, count), owners);
    assert(owners.every((owner) => Number.isInteger(owner) && owner >= 1 && owner <= count));
    const work = Array.from(
      { length: count },
      (_, i) => weights.reduce((sum, w, job) => owners[job] === i + 1 ? sum + w : sum, 0),
    );
    const all = weights.reduce((sum, w) => sum + w);
    assertEquals(work.reduce((sum, w) => sum + w), all);
    assert(Math.max(...work) <= all / count + Math.max(...weights), `${work}`);
  }
});
