/** The npm package in fresh projects, as users of Node and Bun install it. */

import { ROOT, task } from "./run_task.ts";

/** The end of a program. */
export interface RunResult {
  /** The exit code. */
  readonly code: number;
  /** The text of standard output. */
  readonly out: string;
  /** The text of standard output and standard error. */
  readonly all: string;
}

/** Runs a program in a folder to its end; undefined if the program is not installed. */
export async function runIn(
  cwd: string,
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      cwd,
      args: [...args],
      env: { NO_COLOR: "1", ...env },
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), all: text.decode(stdout) + text.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs a program as {@link runIn}, and returns its standard output; it must succeed. */
export async function outputOf(
  cwd: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await runIn(cwd, command, env);
  if (result?.code === 0) return result.out;
  throw new Error(`${command.join(" ")}: ${result?.all ?? "the program is missing"}`);
}

/** The reason that no package can be installed; undefined if npm reaches its registry. */
export async function npmProblem(): Promise<string | undefined> {
  const found = await runIn(ROOT.pathname, ["npm", "view", "nifti-reader-js", "version"]);
  if (found === undefined) return "npm is missing";
  return found.code === 0 ? undefined : "npm does not reach its registry";
}

/** Makes the package and returns the path of its archive, which `npm install` and `bun add` take. */
export async function packPackage(folder: string): Promise<string> {
  const made = await task("npm", "--out", `${folder}/package`);
  if (made.code !== 0) throw new Error(made.text);
  const names = await outputOf(folder, ["npm", "pack", "--silent", "./package"]);
  return `${folder}/${names.trim()}`;
}

/** Makes the folder of an empty project. */
export async function makeProject(folder: string): Promise<string> {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }\n');
  return folder;
}

/** The command that installs packages in a project. */
export const NPM_INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"];

/** Bun of npm, so that no installation is needed. */
export const BUN = ["npm", "exec", "--yes", "--package=bun@1.4.5", "--", "bun"];

/** The versions of tfjs in deno.json, as npm names them. */
export async function tfjsPackages(): Promise<string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  return ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"]
    .map((name) => imports[name].replace("npm:", ""));
}
