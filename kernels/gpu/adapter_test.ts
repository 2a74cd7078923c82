import { assert, assertEquals } from "@std/assert";
import { unavailableMessage, type WithoutAdapter } from "./adapter.ts";

const message = (change: Partial<WithoutAdapter>) =>
  unavailableMessage({ runtime: "browser", hasWebGpu: false, isSecure: true, ...change });

Deno.test("unavailableMessage() names a remedy that the runtime has", () => {
  assert(message({ runtime: "node" }).includes("`npm i webgpu`"));
  assert(message({ runtime: "bun" }).includes("`bun add webgpu`"));
  for (const runtime of ["node", "bun"] as const) {
    const withPackage = message({ runtime, hasWebGpu: true });
    assert(withPackage.includes("driver") && !withPackage.includes("npm i"), withPackage);
  }
  assert(message({ runtime: "deno", hasWebGpu: true }).includes("apt-get install"));
  assert(message({}).includes("Use a current version of Chrome"));
  assert(message({ isSecure: false }).includes("https://"));
  assert(message({ hasWebGpu: true }).includes("hardware acceleration"));
});

Deno.test("unavailableMessage() names no package or command in a browser", () => {
  for (const hasWebGpu of [true, false]) {
    for (const isSecure of [true, false]) {
      const text = message({ hasWebGpu, isSecure });
      assertEquals(/\b(apt|npm|bun|doctor|Vulkan|Deno|Node)\b/.exec(text), null, text);
    }
  }
});
