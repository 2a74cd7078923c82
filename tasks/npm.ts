/**
 * `deno task npm`: makes the package for Node, Bun and bundlers.
 *
 * `deno pack` translates the sources and their types. This task then makes tfjs and `webgpu` optional, because a
 * registration needs no tfjs and a browser has WebGPU. It adds the command `crosswarp`, whose modules use syntax that
 * Node has only since version 24; esbuild translates these modules.
 *
 * @module
 */

import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { errorMessage, runTask } from "./_run_task.ts";

/** The declaration of `deno task npm`. */
export const TASK = {
  name: "npm",
  summary: "Makes the npm package in a folder: modules, types, and the command crosswarp.",
  flags: {
    out: {
      type: "string",
      default: "npm",
      valueName: "DIR",
      help: "The folder. An older package in it is replaced.",
    },
  },
  details: "`npm publish DIR` publishes the package; `npm install DIR` tries it in a project.",
} as const satisfies TaskSpec;

const ROOT = new URL("../", import.meta.url);

/** The packages that only `./gan` and `./study` import. */
const TFJS = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"] as const;

/** Codecs of DICOM pixels, which import modules of Node: bundlers for browsers leave them out. */
const CODECS = "@cornerstonejs/";

/** WebGPU for Node and Bun. Versions before this one have not been tried. */
const WEBGPU = ">=0.6.2";

/** Deno's interface for Node, which only the command imports. */
const SHIM = "@deno/shim-deno";

/** The oldest version of Node that the package supports. */
const NODE = "20.16";

const ESBUILD = "esbuild@0.25.5";

/** The parts of package.json that this task reads. */
interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The work of `deno task npm`. */
export async function main({ out }: FlagsOf<typeof TASK>): Promise<void> {
  const work = await Deno.realPath(await Deno.makeTempDir({ dir: await parentOf(out) }));
  try {
    const archive = `${work}/crosswarp.tgz`;
    await run("deno", "pack", "--quiet", "--allow-dirty", "--no-source-maps", "-o", archive);
    await run("tar", "-xzf", archive, "-C", work);
    const made = `${work}/package`;
    await lowerUsing(made);
    const path = `${made}/package.json`;
    const packed: PackageJson = JSON.parse(await Deno.readTextFile(path));
    const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
    await Deno.writeTextFile(path, JSON.stringify(completed(packed, imports), null, 2) + "\n");
    await Deno.copyFile(new URL("tasks/_npm_command.js", ROOT), `${made}/crosswarp.js`);
    await Deno.chmod(`${made}/crosswarp.js`, 0o755);
    await replace(made, out, packed.name);
    console.log(`${packed.name} ${packed.version} is in ${out}`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Translates the modules that contain `using`. */
async function lowerUsing(folder: string): Promise<void> {
  const found: string[] = [];
  const collect = async (below: string) => {
    for await (const { name, isDirectory } of Deno.readDir(below)) {
      const path = `${below}/${name}`;
      if (isDirectory) await collect(path);
      else if (name.endsWith(".js") && /^\s*using /m.test(await Deno.readTextFile(path))) {
        found.push(path);
      }
    }
  };
  await collect(folder);
  const options = [`--outdir=${folder}`, `--outbase=${folder}`, "--allow-overwrite"];
  options.push(`--target=node${NODE}`, "--format=esm", "--log-level=warning");
  await run("npm", "exec", "--yes", `--package=${ESBUILD}`, "--", "esbuild", ...found, ...options);
}

/** The package.json with the optional packages, the command and the description. */
function completed(
  packed: PackageJson,
  imports: Readonly<Record<string, string>>,
): PackageJson & Record<string, unknown> {
  const peers: Record<string, string> = { webgpu: WEBGPU };
  const versionOf = (name: string) => imports[name].replace(`npm:${name}@`, "");
  const dependencies: Record<string, string> = { ...packed.dependencies, [SHIM]: versionOf(SHIM) };
  for (const name of TFJS) {
    // Exactly the version in deno.json: kernels of our own replace those of this version.
    peers[name] = versionOf(name);
    delete dependencies[name];
  }
  return {
    ...packed,
    description: "Registers MR and CT images and trains cycle-GANs, on WebGPU",
    engines: { node: `>=${NODE}` },
    bin: { crosswarp: "crosswarp.js" },
    browser: Object.fromEntries(
      Object.keys(imports).filter((name) => name.startsWith(CODECS)).map((name) => [name, false]),
    ),
    dependencies,
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(peers).map((name) => [name, { optional: true }]),
    ),
  };
}

/** The folder that contains `path`. The new package is made next to the old one, so that a renaming replaces it. */
async function parentOf(path: string): Promise<string> {
  const parent = path.replace(/[\\/]+$/, "").replace(/[^\\/]+$/, "") || ".";
  await Deno.mkdir(parent, { recursive: true });
  return parent;
}

/** Moves the new package into its place. Only an empty folder, or an older package of this name, is removed. */
async function replace(made: string, out: string, name: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(out)).catch(() => undefined);
  if (entries !== undefined) {
    const found = await Deno.readTextFile(`${out}/package.json`).then(JSON.parse)
      .catch(() => undefined);
    if (entries.length > 0 && found?.name !== name) {
      throw new Error(`${out} contains other files than ${name}. Choose another folder.`);
    }
    await Deno.remove(out, { recursive: true });
  }
  await Deno.rename(made, out);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const command = new Deno.Command(program, { args, cwd: ROOT });
  let result: Deno.CommandOutput;
  try {
    result = await command.output();
  } catch (cause) {
    throw new Error(`${program} does not run: ${errorMessage(cause)}. Install it.`, { cause });
  }
  if (result.success) return;
  throw new Error(`\`${program} ${args[0]}\` failed: ${new TextDecoder().decode(result.stderr)}`);
}

if (import.meta.main) await runTask(TASK, main);
