/** What holds for the whole house: shaders compile, tasks answer, arrows point down, tests free their GPU. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { Kernel } from "../kernels/gpu/gpu.ts";
import { gpuTest } from "../testing/gpu.ts";

const root = new URL("../", import.meta.url);
const folders = [
  "host",
  "volume",
  "kernels",
  "registration",
  "gan",
  "bias_field",
  "cohort",
  "pictures",
  "workflows",
  "study",
  "tasks",
  "testing",
  "tests",
  "bench",
];

/** The TypeScript files below a folder, relative to the root, sorted. */
function sources(folder: string): string[] {
  const found: string[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(`${folder}/`, root))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...sources(path));
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

const read = (path: string) => Deno.readTextFileSync(new URL(path, root));

function isKernel(value: unknown): value is Kernel {
  return typeof value === "object" && value !== null && "label" in value && "code" in value;
}

gpuTest(
  "every exported shader compiles, within the bindings that WebGPU guarantees",
  async (gpu) => {
    const labels = new Set<string>();
    let count = 0;
    for (const path of folders.flatMap(sources).filter((path) => path.endsWith(".wgsl.ts"))) {
      const exported: Record<string, unknown> = await import(new URL(path, root).href);
      for (const [name, kernel] of Object.entries(exported)) {
        if (!isKernel(kernel)) continue;
        count++;
        labels.add(kernel.label);
        const module = gpu.device.createShaderModule({ label: kernel.label, code: kernel.code });
        const { messages } = await module.getCompilationInfo();
        const text = messages.map((m) => `${m.type} ${m.lineNum}:${m.linePos} ${m.message}`);
        assertEquals(text, [], `${path} ${name}`);
        const bindings = kernel.code.match(/var<storage/g)?.length ?? 0;
        assert(bindings <= 8, `${path} ${name} has ${bindings} storage bindings; 8 are guaranteed`);
      }
    }
    assertGreater(count, 10);
    assertEquals(labels.size, count, "labels are unique, so that errors and timings are");
  },
);

/** For each room, the rooms whose files its files may import; tests, `testing` and `bench` may import anything. */
const below: Record<string, readonly string[]> = {
  host: [],
  volume: ["host"],
  kernels: ["host", "volume"],
  registration: ["host", "kernels", "volume"],
  gan: ["host", "kernels", "volume"],
  "bias_field": ["host", "kernels", "volume"],
  cohort: ["host", "volume"],
  pictures: ["host", "volume"],
  workflows: [
    "host",
    "cohort",
    "gan",
    "registration",
    "bias_field",
    "pictures",
    "kernels",
    "volume",
  ],
  study: [
    "host",
    "workflows",
    "cohort",
    "gan",
    "registration",
    "bias_field",
    "pictures",
    "kernels",
    "volume",
  ],
  tasks: [
    "deno.json",
    "host",
    "study",
    "workflows",
    "cohort",
    "gan",
    "registration",
    "bias_field",
    "pictures",
    "kernels",
    "volume",
  ],
};

Deno.test("imports point down only, and the library needs no development dependency", () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const [folder, allowed] of Object.entries(below)) {
    for (const path of sources(folder).filter((path) => !path.endsWith("_test.ts"))) {
      // Examples in comments may import what they like.
      const code = read(path).replace(/^\s*\*.*$/gm, "");
      for (const [, specifier] of code.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        seen++;
        if (specifier.startsWith(".")) {
          const target = new URL(specifier, new URL(path, root)).href.slice(root.href.length);
          const into = target.split("/")[0];
          if (into !== folder && !allowed.includes(into)) wrong.push(`${path} imports ${target}`);
        } else if (specifier.startsWith("@std/") && folder !== "tasks") {
          wrong.push(`${path} imports ${specifier}`);
        } else if (/tensorflow/.test(specifier) && folder !== "gan") {
          wrong.push(`${path} imports ${specifier}`);
        }
      }
    }
  }
  assertGreater(seen, 50);
  assertEquals(wrong, []);
});

Deno.test("tests open a GPU through gpuTest(), or close it with `using`", () => {
  const wrong: string[] = [];
  for (const path of folders.flatMap(sources)) {
    if (!path.endsWith("_test.ts") || path === "tests/house_test.ts") continue;
    read(path).split("\n").forEach((line, index) => {
      if (/\brequestDevice\(/.test(line) || (/Gpu\.open\(/.test(line) && !/\busing\b/.test(line))) {
        wrong.push(`${path}:${index + 1} ${line.trim()}`);
      }
    });
  }
  assertEquals(wrong, []);
});

interface Task {
  description?: string | undefined;
  command: string;
}
const { tasks } = JSON.parse(read("deno.json")) as { tasks: Record<string, Task> };

Deno.test("every task has a description and names its permissions", () => {
  for (const [name, { description, command }] of Object.entries(tasks)) {
    assert(description, `${name} has no description`);
    assert(!/\s(-A|--allow-all|-P)\b/.test(command), `${name}: ${command}`);
  }
});

async function runTaskCommand(name: string, flag: string) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["task", name, flag],
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

for (const [name, { command }] of Object.entries(tasks)) {
  if (!/\b(tasks|bench)\/\w+\.ts$/.test(command)) continue;
  Deno.test(`deno task ${name} answers --help and refuses an unknown flag`, async () => {
    const [help, unknown] = await Promise.all([
      runTaskCommand(name, "--help"),
      runTaskCommand(name, "--no-such-flag"),
    ]);
    assertEquals(help.code, 0, help.stderr);
    assertStringIncludes(help.stdout, `Usage: deno task ${name}`);
    assertEquals(unknown.code, 2, unknown.stderr);
    assertStringIncludes(unknown.stderr, "--no-such-flag");
  });
}
