/** Each rule on small sources. */

import { assertEquals } from "@std/assert";
import plugin from "./lint_plugin.ts";

/** The part of the source that each finding of one rule marks. */
function found(rule: string, source: string, file = "study/example.ts"): string[] {
  return Deno.lint.runPlugin(plugin, file, source)
    .filter(({ id }) => id === `crosswarp/${rule}`)
    .map(({ range: [start, end] }) => source.slice(start, end));
}

/** Checks that a rule finds nothing in the good sources, and in each bad one its marked part. */
function check(rule: string, good: readonly string[], bad: Readonly<Record<string, string>>): void {
  for (const source of good) assertEquals(found(rule, source), [], source);
  for (const [source, part] of Object.entries(bad)) {
    assertEquals(found(rule, source), [part], source);
  }
}

Deno.test("no-literal-spread", () => {
  check("no-literal-spread", [
    "const a = { ...b, c: 1 };",
    "const a = [...b, 1];",
    "const a = [...b.map(f)];",
    "const a = [...Object.entries({ b }).map(f)];",
    "const a = [...[...set].sort()];",
    "const a = [...[b, c].map(f).length];",
    "f(...list);",
    "const [a, ...rest] = [1, 2];",
  ], {
    "const a = { ...{ b, c } };": "...{ b, c }",
    "const a = { ...({ b } as const) };": "...({ b } as const",
    "const a = [...[1, 0], 2];": "...[1, 0]",
    "const a = [...([1, 0] as const)];": "...([1, 0] as const",
    "f(...[1, 0]);": "...[1, 0]",
    "new F(...[1, 0]);": "...[1, 0]",
    "const a = [...[b, c].map(f)];": "...[b, c].map(f)",
    "const a = [...[b, c].map((v) => 2 * v)];": "...[b, c].map((v) => 2 * v)",
    "f(...([b, c]).map(f).flat());": "...([b, c]).map(f).flat()",
    "const a = [...[...set]];": "...[...set]",
  });
});

Deno.test("no-conditional-spread", () => {
  check("no-conditional-spread", [
    "const a = { ...b };",
    "const a = { ...(b ?? c) };",
    "const a = { ...(b ? c : d) };",
    "const a = [...(b ? [1] : [])];",
    "const a = { ...f(b && { c }) };",
  ], {
    "const a = { ...(c ? { b } : {}) };": "...(c ? { b } : {}",
    "const a = { ...(c === undefined ? {} : { b }) };": "...(c === undefined ? {} : { b }",
    "const a = { ...(c ? b : {}) };": "...(c ? b : {}",
    "const a = { ...(c ? b : undefined) };": "...(c ? b : undefined",
    "const a = { ...(c ? b : d ? e : {}) };": "...(c ? b : d ? e : {}",
    "const a = { ...(c && { b }) };": "...(c && { b }",
    "const a = { ...((c && b) as B) };": "...((c && b) as B",
  });
});

Deno.test("single-declarator", () => {
  check("single-declarator", [
    "const a = 1;",
    "const [a, b] = [1, 2];",
    "for (let i = 0, j = 1; i < j; i++) f(i);",
    "for (const a of b) f(a);",
  ], {
    "const a = 1, b = 2;": "const a = 1, b = 2;",
    "let a, b;": "let a, b;",
    "for (;;) { let a = 1, b = 2; }": "let a = 1, b = 2;",
  });
});

Deno.test("optional-with-undefined", () => {
  check("optional-with-undefined", [
    "interface A { b: number; c?: number | undefined }",
    "interface A { b?: undefined | (number | string) }",
    "interface A { b?: unknown; c?(): void }",
    "class A { b?: number | undefined; c = 1 }",
    "function f(a?: number, { b = 1 } = {}) {}",
    "const f = (a?: number) => a;",
    "type F = (a?: number) => void;",
  ], {
    "interface A { b?: number }": "b?: number",
    "interface A { readonly b?: (number | string) }": "readonly b?: (number | string)",
    "type A = { b?: () => number | undefined };": "b?: () => number | undefined",
    "type A = { b?: Array<number | undefined> };": "b?: Array<number | undefined>",
    "class A { b?: number; }": "b?: number;",
    "abstract class A { abstract b?: number; }": "abstract b?: number;",
    "function f({ a }: { a?: number }) {}": "a?: number",
  });
});

Deno.test("no-reference-in-production", () => {
  const rule = "no-reference-in-production";
  const use = 'import { warpReference } from "./warp.ts";\nwarpReference();';
  check(rule, [
    "function warpReference() {}\nwarpReference();",
    'import type { WarpReference } from "./warp.ts";\nfunction f(a: WarpReference) {}',
    'export { warpReference } from "./warp.ts";',
    'import { reference } from "./warp.ts";\nreference();',
    'import { aReference } from "./a.ts";\nexport function bReference() { return aReference(); }',
  ], {
    [use]: "warpReference",
    'import { warpReference as warp } from "./warp.ts";\nwarp();': "warp",
    'import * as twins from "./warp.ts";\ntwins.warpReference();': "twins.warpReference",
    'import { warpReference } from "./warp.ts";\nlist.map(warpReference);': "warpReference",
    'import { warpReference } from "./warp.ts";\nfunction f() { warpReference(); }':
      "warpReference",
  });
  const exempt = [
    "kernels/warp_test.ts",
    "kernels/warp_reference.ts",
    "bench/a.ts",
    "testing/a.ts",
  ];
  for (const file of [...exempt, "tests/a.ts", new URL("a.ts", import.meta.url).pathname]) {
    assertEquals(found(rule, use, file), [], file);
  }
  for (const file of ["kernels/bench/a.ts", new URL("../study/a.ts", import.meta.url).pathname]) {
    assertEquals(found(rule, use, file), ["warpReference"], file);
  }
});

Deno.test("no-value-sentinel", () => {
  check("no-value-sentinel", [
    "const a = -1e29;",
    "const a = 1e30;",
    'const a = "1e30";',
    "// -1e30",
    "const code = `least = vec4f(1e30);`;",
    "const code = `a > -1e205`;",
  ], {
    "const a = -1e30;": "1e30",
    "if (a < -1e20) f();": "1e20",
    "const a = -1E+20;": "1E+20",
    "const code = `fn f() { return a > ${b} && c > -1e20; }`;": "-1e20",
    'const code = "-1e30";': "-1e30",
  });
  const home = "kernels/gpu/no_value.ts";
  assertEquals(found("no-value-sentinel", "const NO_VALUE = -1e30;", home), []);
});

Deno.test("no-using-in-library", () => {
  const source = "function f() { using a = open(); }";
  assertEquals(found("no-using-in-library", source, "kernels/gpu/gpu.ts"), ["using a = open();"]);
  for (const path of ["kernels/gpu/gpu_test.ts", "tasks/register.ts", "study/job.ts"]) {
    assertEquals(found("no-using-in-library", source, path), [], path);
  }
});

Deno.test("no-util-name", () => {
  for (const file of ["volume/grid.ts", "volume/utility.ts", "volume/miscount.ts", "utils/a.ts"]) {
    assertEquals(found("no-util-name", "f();", file), [], file);
  }
  for (const name of ["util", "utils", "helper", "helpers", "misc", "_util", "array_utils"]) {
    for (const file of [`volume/${name}.ts`, `volume/${name}_test.ts`, `${name}.ts`]) {
      assertEquals(found("no-util-name", "f();", file), ["f"], file);
    }
  }
});

Deno.test("plain-words", () => {
  check("plain-words", [
    "/** Seed of the random numbers. */",
    "// Of these two the first.",
    "/** The share of what is measured. */",
    "/** Offset of the slab. */",
  ], {
    "/** Of the random numbers. */": "/** Of the random numbers. */",
    "/**\n * Beside the other.\n */": "/**\n * Beside the other.\n */",
    "// adds to what is there": "// adds to what is there",
    "/**\n * Adds to what is\n * there.\n */": "/**\n * Adds to what is\n * there.\n */",
    'const help = "How far there and back.";': '"How far there and back."',
    "const help = `Sees to it that ${a}`;": "Sees to it that ",
  });
});

Deno.test("every rule has a message and a hint", () => {
  const source = "const a = { ...{ b }, ...(c && d) }, e = -1e30;\ninterface F { g?: number }\n" +
    'import { hReference } from "./h.ts";\nhReference();\nfunction i() { using j = k(); }\n/** Of i. */';
  const findings = Deno.lint.runPlugin(plugin, "kernels/util.ts", source);
  assertEquals(
    new Set(findings.map(({ id }) => id.split("/")[1])),
    new Set(Object.keys(plugin.rules)),
  );
  for (const { message, hint } of findings) {
    assertEquals([message, hint ?? ""].filter((text) => text.length < 20), [], message);
  }
});
