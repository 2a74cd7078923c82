/**
 * `deno task bench:runtimes`: registers one pair in Deno, Node, Bun and Chromium, and compares the times and the bytes.
 *
 * @module
 */

import { withoutUndefined } from "../host/defaults.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { launchChromium, SWIFTSHADER_ICD } from "../testing/browser.ts";
import { inFolder } from "../testing/in_folder.ts";
import { BUN, makeProject, NPM_INSTALL, outputOf, packPackage } from "../testing/npm_project.ts";
import { ofSources, TIMED_IN_BROWSER, TIMED_IN_FOLDER } from "../testing/package_scripts.ts";
import { ROOT } from "../testing/run_task.ts";
import { bundleForBrowser } from "../web/build_page.ts";
import { demoImage } from "../web/demo_pair.ts";

/** The runtimes, in the order of their turns. */
const RUNTIMES = ["deno", "deno-own", "node", "bun", "chromium"] as const;

type Runtime = typeof RUNTIMES[number];

/** The declaration of `deno task bench:runtimes`. */
export const TASK = {
  name: "bench:runtimes",
  summary: "Registers one pair in Deno, Node, Bun and Chromium, and compares times and bytes.",
  details: `
The pair is that of the page's demo, a phantom. Each run is a process or a page of its own. It
registers the pair twice: the first registration compiles the shaders, or reads them from a cache of the driver. The
time is that of \`registerImages\`, without reading and writing. The runtimes take turns. They use SwiftShader, the
driver in Chromium; Deno also uses the driver that it finds by itself. Node and Bun need npm's registry.`,
  flags: {
    rounds: { type: "integer", default: 3, min: 1, help: "Number of runs of each runtime." },
    voxel: { type: "number", default: 10, min: 4, unit: "mm", help: "Voxel size of the phantom." },
    runtimes: {
      type: "list",
      choices: RUNTIMES,
      default: RUNTIMES,
      help: "The runtimes; deno-own is Deno on the driver that it finds by itself.",
    },
  },
} as const satisfies TaskSpec;

/** The result of a run. */
interface Run {
  /** The driver. */
  readonly adapter: string;
  /** Times of the first and of the second registration, seconds. */
  readonly seconds: readonly [number, number];
  /** SHA-256 of the field and of the warped image, of both registrations. */
  readonly hashes: readonly [string, string];
}

/** Starts a run. */
type Runner = () => Promise<Run>;

/** The work of `deno task bench:runtimes`. */
export async function main(
  { rounds, voxel, runtimes }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  await inFolder(async (folder) => {
    const pair = `${folder}/pair`;
    await Deno.mkdir(pair);
    for (const [name, modality] of [["fixed", "mr"], ["moving", "ct"]] as const) {
      const { image } = demoImage(modality, voxel);
      await writeVolume(`${pair}/${name}.nii.gz`, image, { type: "int16" });
      console.log(`${name}: ${image.grid.size.join(" x ")} voxels`);
    }
    const runners = await makeRunners(folder, runtimes);
    const runs = new Map<Runtime, Run[]>();
    for (let round = 1; round <= rounds; round++) {
      for (const [name, run] of runners) {
        signal.throwIfAborted();
        const result = await run();
        runs.set(name, [...runs.get(name) ?? [], result]);
        const { adapter, seconds, hashes } = result;
        const times = seconds.map((time) => `${time.toFixed(2)} s`).join(", ");
        const bytes = [...new Set(hashes)].map((hash) => hash.slice(0, 5)).join(", ");
        console.log(`round ${round}  ${name.padEnd(9)} ${times}  ${bytes}  ${adapter}`);
      }
    }
    for (const [name, results] of runs) {
      const [first, second] = [0, 1].map((i) => median(results.map(({ seconds }) => seconds[i])));
      console.log(`median   ${name.padEnd(9)} ${first.toFixed(2)} s, ${second.toFixed(2)} s`);
    }
    checkHashes([...runs].filter(([name]) => name !== "deno-own").flatMap(([, found]) => found));
  });
}

/** Refuses results that differ between runtimes or runs on one driver. */
function checkHashes(runs: readonly Run[]): void {
  const different = new Set(runs.flatMap(({ hashes }) => hashes));
  if (different.size > 1) throw new Error("The results on SwiftShader differ.");
  if (different.size === 1) console.log("All results on SwiftShader have the same bytes.");
}

/** The runtimes of the command line with what each of them needs. */
async function makeRunners(
  folder: string,
  runtimes: readonly Runtime[],
): Promise<ReadonlyMap<Runtime, Runner>> {
  const needsPackage = runtimes.includes("node") || runtimes.includes("bun");
  const archive = needsPackage ? await packPackage(folder) : "";
  const makers: Readonly<Record<Runtime, () => Promise<Runner>>> = {
    "deno": () => inDeno(folder, SWIFTSHADER_ICD),
    "deno-own": () => inDeno(folder, undefined),
    "node": () => inProject(folder, "node", [...NPM_INSTALL, archive, "webgpu"], ["node"]),
    "bun": () =>
      inProject(folder, "bun", [...BUN, "add", "--ignore-scripts", archive, "webgpu"], [
        ...BUN,
        "run",
      ]),
    "chromium": () => inChromium(folder),
  };
  const runners = new Map<Runtime, Runner>();
  for (const name of runtimes) {
    if (name !== "deno-own" && SWIFTSHADER_ICD === undefined) {
      throw new Error(
        `${name} needs SwiftShader, which the package chromium has: install it, or give --runtimes deno-own`,
      );
    }
    runners.set(name, await makers[name]());
  }
  return runners;
}

/** Deno with the sources, on a driver or on the one that it finds. */
async function inDeno(folder: string, driver: string | undefined): Promise<Runner> {
  const name = driver === undefined ? "deno_own" : "deno";
  const project = await makeProject(`${folder}/${name}`);
  await Deno.writeTextFile(`${project}/script.mjs`, ofSources(TIMED_IN_FOLDER));
  const command = ["deno", "run", "-A", "--no-check", `--config=${ROOT.pathname}deno.json`];
  return () => runProgram(project, command, driver);
}

/** A project with the npm package. */
async function inProject(
  folder: string,
  name: string,
  install: readonly string[],
  command: readonly string[],
): Promise<Runner> {
  const project = await makeProject(`${folder}/${name}`);
  await outputOf(project, install);
  await Deno.writeTextFile(`${project}/script.mjs`, TIMED_IN_FOLDER);
  return () => runProgram(project, command, SWIFTSHADER_ICD);
}

async function runProgram(
  project: string,
  command: readonly string[],
  driver: string | undefined,
): Promise<Run> {
  const words = [...command, "script.mjs", `${project}/../pair`];
  const env = withoutUndefined({
    VK_DRIVER_FILES: driver,
    DENO_WEBGPU_BACKEND: "vulkan",
    XDG_RUNTIME_DIR: "/tmp",
  });
  const out = await outputOf(project, words, env);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

/** A page with the bundled sources. */
async function inChromium(folder: string): Promise<Runner> {
  const program = `${folder}/in_browser.ts`;
  await Deno.writeTextFile(program, ofSources(TIMED_IN_BROWSER));
  const script = await bundleForBrowser(new URL(`file://${program}`));
  const files: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>> | string>> = {
    "/": () => "<!doctype html><title>registration</title><script src=script.js></script>",
    "/script.js": () => script,
    "/fixed.nii.gz": () => Deno.readFile(`${folder}/pair/fixed.nii.gz`),
    "/moving.nii.gz": () => Deno.readFile(`${folder}/pair/moving.nii.gz`),
  };
  return async () => {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        const body = await files[pathname]?.();
        if (body === undefined) return new Response(null, { status: 404 });
        const type = pathname === "/" ? "text/html" : "application/octet-stream";
        return new Response(body, {
          headers: { "content-type": pathname.endsWith(".js") ? "text/javascript" : type },
        });
      },
    );
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      return await page.evaluate(() =>
        (globalThis as unknown as { registration: Promise<Run> }).registration
      );
    } finally {
      await browser.close();
      await server.shutdown();
    }
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

if (import.meta.main) await runTask(TASK, main);
