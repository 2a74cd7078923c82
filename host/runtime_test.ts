import { assert, assertEquals } from "@std/assert";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { nodeModule, RUNTIME, runtimeOf, runtimeText } from "./runtime.ts";

Deno.test("runtimeOf() tells Deno, Node, Bun and browsers apart", () => {
  const getBuiltinModule = () => undefined;
  const withVersions = (versions: Record<string, string>) =>
    runtimeOf({ process: { versions, getBuiltinModule } });
  // Deno and Bun name the version of Node that they imitate, too.
  assertEquals(withVersions({ node: "24.2.0", deno: "2.9.6" }), "deno");
  assertEquals(withVersions({ node: "24.3.0", bun: "1.4.5" }), "bun");
  assertEquals(withVersions({ node: "20.16.0" }), "node");
  assertEquals(runtimeOf({}), "browser");
  // Bundlers define a `process` without versions.
  assertEquals(runtimeOf({ process: {} }), "browser");
  assertEquals(RUNTIME, "deno");
  assertEquals(runtimeText(), `Deno ${Deno.version.deno}`);
});

Deno.test("nodeModule() gives a module of Node, and nothing in a browser", async () => {
  assertEquals(typeof nodeModule("node:fs/promises")?.open, "function");
  await asInBrowser(async () => {
    assertEquals(await nodeModule("node:fs/promises"), undefined);
  });
  assert(nodeModule("node:zlib") !== undefined);
});
