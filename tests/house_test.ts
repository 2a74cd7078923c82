/** Rules for the whole project: shaders compile, tasks answer, arrows point down, tests free their GPU. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { Kernel } from "../kernels/gpu/gpu.ts";
import { helpText, type TaskSpec } from "../tasks/_flags.ts";
import type { TaskMain } from "../tasks/_run_task.ts";
import { gpuTest } from "../testing/gpu.ts";
import { callModule, task } from "../testing/run_task.ts";

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
  "points",
  "workflows",
  "reports",
  "study",
  "tasks",
  "web",
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
  "every exported shader compiles and uses only the bindings that WebGPU guarantees",
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

/** The rooms below the workflows. */
const LIBRARY = [
  "host",
  "volume",
  "kernels",
  "registration",
  "gan",
  "bias_field",
  "cohort",
  "pictures",
  "points",
] as const;

/** The program of the command `crosswarp`. No file imports it. */
const COMMAND_LINE = "cli.ts";

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
  points: ["host", "volume"],
  workflows: LIBRARY,
  reports: [...LIBRARY, "workflows"],
  study: [...LIBRARY, "workflows"],
  tasks: [...LIBRARY, "workflows", "reports", "study"],
  [COMMAND_LINE]: ["tasks"],
  web: [...LIBRARY, "workflows", "reports", "tasks"],
};

/**
 * For each room within a room, the neighbouring rooms that its files may import. All may import the files
 * of the outer room except its entry.
 */
const WITHIN: Record<string, Record<string, readonly string[]>> = {
  kernels: { gpu: [] },
  tasks: { completions: [] },
  registration: {
    similarity: [],
    rigid: [],
    deformable: ["similarity"],
    "mind_gauss_newton": ["similarity"],
  },
};

/** Files that put a room's parts together. */
const ENTRIES =
  /^((kernels|registration)\/(mod|register|checkpoint)|tasks\/(?!_(flags|did_you_mean))\w+)\.ts$/;

interface Import {
  /** The importing file. */
  readonly path: string;
  /** The text between the quotes. */
  readonly specifier: string;
  /** The imported file, relative to the root; undefined for a package. */
  readonly target: string | undefined;
}

/** The files of a folder that are no tests; for a file, the file. */
const production = (folder: string) =>
  folder.endsWith(".ts")
    ? [folder]
    : sources(folder).filter((path) => !path.endsWith("_test.ts") && !path.endsWith(".d.ts"));

/** A file without its comments. Examples in comments may import anything. */
const codeOf = (path: string) => read(path).replace(/^\s*\*.*$/gm, "").replace(/^\s*\/\/.*$/gm, "");

/** The files that a file imports or names as the module of a worker. */
function importsOf(path: string): Import[] {
  const pattern = /(?:(?:from|import)\s*\(?|new URL\()\s*"([^"]+)"/g;
  return [...codeOf(path).matchAll(pattern)].map(([, specifier]) => ({
    path,
    specifier,
    target: specifier.startsWith(".")
      ? new URL(specifier, new URL(path, root)).href.slice(root.href.length)
      : undefined,
  }));
}

Deno.test("imports point down only, and the library needs no development dependency", () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const [folder, allowed] of Object.entries(below)) {
    for (const { path, specifier, target } of production(folder).flatMap(importsOf)) {
      seen++;
      const isWrong = target !== undefined
        ? /\.(ts|json)$/.test(target) && ![folder, ...allowed].includes(target.split("/")[0])
        : specifier.startsWith("@std/") || (/tensorflow/.test(specifier) && folder !== "gan");
      // The package for npm has no deno.json.
      if (isWrong) wrong.push(`${path} imports ${target ?? specifier}`);
    }
  }
  assertGreater(seen, 50);
  assertEquals(wrong, []);
});

/** The rooms that also run in Node, Bun and browsers, and the parts of `cohort` that do. */
const EVERYWHERE = [
  ...LIBRARY.filter((room) => room !== "cohort"),
  "cohort",
  "workflows/synthesis_job.ts",
  "mod.ts",
];

/** Files that need Deno: they render on its threads. */
const NEEDS_DENO = /^cohort\/phantom\//;

Deno.test("the library names no runtime, except in host/runtime.ts", () => {
  // Types of Node's modules vanish; an import of them keeps a module from loading in a browser.
  const runtimes = /\b(Deno|Bun|process)\.|\brequire\(|(?<!typeof import\()"node:/;
  const wrong: string[] = [];
  let seen = 0;
  for (const path of EVERYWHERE.flatMap(production)) {
    if (NEEDS_DENO.test(path) || path === "host/runtime.ts") continue;
    seen++;
    const code = codeOf(path).replace(/nodeModule\("node:[^"]+"\)/g, "");
    for (const line of code.split("\n")) {
      if (runtimes.test(line)) wrong.push(`${path}: ${line.trim()}`);
    }
  }
  assertGreater(seen, 100);
  assertEquals(wrong, []);
});

Deno.test("imports point down within kernels, registration and tasks", () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const [folder, rooms] of Object.entries(WITHIN)) {
    for (const [room, allowed] of Object.entries(rooms)) {
      for (const { path, target } of production(`${folder}/${room}`).flatMap(importsOf)) {
        if (!target?.startsWith(`${folder}/`)) continue;
        seen++;
        const [, into, file] = target.split("/");
        const isRoom = file !== undefined;
        if (isRoom ? into !== room && !allowed.includes(into) : ENTRIES.test(target)) {
          wrong.push(`${path} imports ${target}`);
        }
      }
    }
  }
  assertGreater(seen, 50);
  assertEquals(wrong, []);
});

Deno.test("every file has a user, and no file or room is named util", () => {
  const files = folders.flatMap(production);
  const used = new Set(
    [...files, "mod.ts", COMMAND_LINE].flatMap(importsOf).map(({ target }) => target),
  );
  const tested = new Set(
    folders.flatMap(sources).filter((path) => path.endsWith("_test.ts"))
      .flatMap(importsOf).map(({ target }) => target),
  );
  const { exports } = JSON.parse(read("deno.json")) as { exports: Record<string, string> };
  const entries = Object.values(exports).map((path) => path.slice(2));
  const scripts = Object.values(tasks).flatMap(({ command }) => command.match(/\S+\.ts/g) ?? []);
  const preloaded = scripts.map((path) => path.replace(/^--preload=/, ""));
  // A file that only tests use is a twin, or belongs to testing/.
  const dead = files.filter((path) =>
    ![...entries, ...preloaded].includes(path) && !used.has(path) &&
    !(/^testing\/|_reference\.ts$/.test(path) && tested.has(path))
  );
  assertEquals(dead, []);
  assertEquals(files.filter((path) => /(^|[/_])(utils?|helpers?|misc|common)[/.]/.test(path)), []);
});

Deno.test("production code calls no function whose name ends in Reference", () => {
  const wrong: string[] = [];
  for (const folder of Object.keys(below)) {
    for (const path of production(folder)) {
      if (path.endsWith("_reference.ts")) continue;
      let inside = "";
      for (const line of codeOf(path).split("\n")) {
        inside = /^(?:export )?(?:async )?(?:function|class) (\w+)/.exec(line)?.[1] ?? inside;
        // A twin may call another.
        const [called] = line.match(/(?<!function )\b\w+Reference\(/) ?? [];
        if (called !== undefined && !inside.endsWith("Reference")) wrong.push(`${path}: ${line}`);
      }
    }
  }
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
interface PermissionSet {
  all?: unknown;
  run?: unknown;
}
interface Config {
  tasks: Record<string, Task>;
  permissions: Record<string, PermissionSet>;
}
const { tasks, permissions } = JSON.parse(read("deno.json")) as Config;

Deno.test("every task has a description and names its permissions", () => {
  for (const [name, { all, run }] of Object.entries(permissions)) {
    assertEquals(all, undefined, `the permission set "${name}" allows all`);
    assert(run === undefined || Array.isArray(run), `"${name}" allows to run anything`);
  }
  for (const [name, { description, command }] of Object.entries(tasks)) {
    assert(description, `${name} has no description`);
    // -P takes a set's name; --allow-run takes programs.
    assert(!/\s(-A|--allow-all|-P|--allow-run)(\s|$)/.test(command), `${name}: ${command}`);
    for (const [, set] of command.matchAll(/\s-P=(\S+)/g)) {
      assert(set in permissions, `${name} asks for the permission set "${set}"`);
    }
  }
});

Deno.test("only the tasks of a clone are named as `deno task`", () => {
  // These get the name of the program, or are not published.
  const informed = /^tasks\/(_flags|_run_task|doctor|setup)\.ts$/;
  const named = Object.keys(below).flatMap(production)
    .filter((path) => !informed.test(path))
    .filter((path) => codeOf(path).replace(/\/\*\*.*\*\//g, "").includes("deno task"));
  assertEquals(named, []);
});

const COMMAND =
  /^deno run -q (--preload=tasks\/_environment\.ts )?-P=\w+ (--allow-run=\S+ )?(\S+\.ts)$/;

const scriptTasks = Object.entries(tasks).filter(([, { command }]) => /^deno run/.test(command));

for (const [name, { command }] of scriptTasks) {
  Deno.test(`task ${name} declares itself, prints --help and refuses an unknown flag`, async () => {
    const script = COMMAND.exec(command)?.[3];
    assert(script, `${name} is not run as the other tasks are: ${command}`);
    const module: { TASK: TaskSpec; main: TaskMain<TaskSpec> } = await import(
      new URL(script, root).href
    );
    assertEquals(module.TASK.name, name);
    const lines = read(script).trimEnd().split("\n");
    assertEquals(lines.at(-1), "if (import.meta.main) await runTask(TASK, main);");
    const help = helpText(module.TASK);
    assertStringIncludes(help, `Usage: deno task ${name}`);
    assertEquals(await callModule(module, "--help"), { code: 0, text: help });
    const unknown = await callModule(module, "--no-such-flag");
    assertEquals(unknown.code, 2, unknown.text);
    assertStringIncludes(unknown.text, "--no-such-flag");
  });
}

// With the permissions of "task" and "setup", and with those of "doctor".
for (const name of ["reproduce", "doctor"]) {
  Deno.test(`task ${name} prints --help and refuses an unknown flag in a process`, async () => {
    const help = await task(name, "--help");
    assertEquals(help.code, 0, help.text);
    assertStringIncludes(help.text, `Usage: deno task ${name}`);
    const unknown = await task(name, "--no-such-flag");
    assertEquals(unknown.code, 2, unknown.text);
    assertStringIncludes(unknown.text, "--no-such-flag");
  });
}
