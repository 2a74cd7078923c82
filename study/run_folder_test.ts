import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { finished, keyOf, once } from "./run_folder.ts";

Deno.test("once() does a step once for each key", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/step.json`;
  let done = 0;
  const step = () => Promise.resolve({ done: ++done });
  assertEquals(await once(path, "a", step), { value: { done: 1 }, reused: false });
  assertEquals(await once(path, "a", step), { value: { done: 1 }, reused: true });
  assertEquals((await once(path, "b", step)).value, { done: 2 });
  await Deno.writeTextFile(path, '{"key": "b", "val');
  assertEquals((await once(path, "b", step)).reused, false);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("keyOf() tells values apart", async () => {
  assertEquals(await keyOf({ a: 1 }), await keyOf({ a: 1 }));
  assertNotEquals(await keyOf({ a: 1 }), await keyOf({ a: 2 }));
});

Deno.test("once() leaves no older mark when a step is interrupted", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/step.json`;
  await once(path, "first", () => Promise.resolve(1));
  await assertRejects(() => once(path, "second", () => Promise.reject(new Error("killed"))), Error);
  // A file that the second step may have overwritten is not used as the first step's.
  assertEquals(await finished(path, "first"), undefined);
  await Deno.remove(folder, { recursive: true });
});
