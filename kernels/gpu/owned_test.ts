import { assertEquals, assertThrows } from "@std/assert";
import { Owned } from "./owned.ts";

const destroyed: string[] = [];
const make = (name: string) => ({ destroy: () => void destroyed.push(name) });
const taken = () => destroyed.splice(0);

Deno.test("Owned destroy() frees all once, the last one first", () => {
  const owned = new Owned();
  ["a", "b", "c"].forEach((name) => owned.add(make(name)));
  owned.destroy();
  owned.destroy();
  assertEquals(taken(), ["c", "b", "a"]);
});

Deno.test("Owned free() and release() take resources out", () => {
  const owned = new Owned();
  const [a, b] = ["a", "b", "c"].map((name) => owned.add(make(name)));
  owned.free(b);
  assertEquals(taken(), ["b"]);
  owned.release(a);
  owned.destroy();
  assertEquals(taken(), ["c"]);
});

Deno.test("Owned.build() frees what was made when a later step throws, and nothing else", () => {
  assertThrows(
    () =>
      Owned.build((owned) => {
        owned.add(make("first"));
        throw new RangeError("no memory");
      }),
    RangeError,
    "no memory",
  );
  assertEquals(taken(), ["first"]);
  const kept = Owned.build((owned) => {
    owned.add(make("kept"));
    return owned;
  });
  assertEquals(taken(), []);
  kept.destroy();
  assertEquals(taken(), ["kept"]);
});
