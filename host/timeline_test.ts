import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { observeTimeline, timed, type TimedWork } from "./timeline.ts";

Deno.test("timed() reports work, promises and errors, and nothing without an observer", async () => {
  assertEquals(timed("unobserved", () => 1), 1);
  const seen: TimedWork[] = [];
  observeTimeline((work) => seen.push(work));
  try {
    assertEquals(timed("sum", () => 2), 2);
    const slow = timed("slow", () => new Promise((end) => setTimeout(() => end(3), 20)));
    assertEquals(seen.map(({ name }) => name), ["sum"]);
    assertEquals(await slow, 3);
    assertThrows(() =>
      timed("throws", () => {
        throw new RangeError("no");
      }), RangeError);
    await assertRejects(
      () => timed("rejects", () => Promise.reject(new RangeError("no"))),
      RangeError,
    );
  } finally {
    observeTimeline(undefined);
  }
  timed("unobserved", () => 1);
  assertEquals(seen.map(({ name }) => name), ["sum", "slow", "throws", "rejects"]);
  assert(seen[1].end - seen[1].start > 15);
});
