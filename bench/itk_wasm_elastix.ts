/**
 * Runs elastix as compiled to WebAssembly (`@itk-wasm/elastix`) in Node, as a yardstick. The package is
 * installed by npm into a folder of its own; transformix writes the field.
 *
 * @module
 */

import { hasCommand, runCommand } from "./command.ts";
import {
  bSplineParameters,
  fieldOfElastix,
  hasElastix,
  type PeerResult,
  rigidParameters,
} from "./elastix.ts";

/** Options of an ITK-Wasm elastix run. */
export interface ItkWasmElastixOptions {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** An existing folder for its output files. */
  readonly directory: string;
  /** The folder in which the package is, or will be, installed. */
  readonly packageFolder: string;
  /** The package's default maps for rigid and B-spline, or the settings of the elastix runs by NMI. */
  readonly settings: "default" | "tuned";
  /** Ends the child process. */
  readonly signal?: AbortSignal | undefined;
}

/** Returns true if Node, npm and transformix (for the field) are installed. */
export async function canRunItkWasmElastix(): Promise<boolean> {
  return await hasCommand("node", ["--version"]) && await hasCommand("npm", ["--version"]) &&
    await hasElastix();
}

/** The versions of the packages. */
const PACKAGES = ["@itk-wasm/elastix@1.0.1", "@itk-wasm/image-io@1.6.1"];

/** The script that Node runs: its arguments are images, folder and settings. */
const SCRIPT = `
import {
  defaultParameterMapNode,
  elastixNode,
  readParameterFilesNode,
  writeParameterFilesNode,
} from "@itk-wasm/elastix";
import { readImageNode } from "@itk-wasm/image-io";
const [fixedPath, movingPath, out, settings] = process.argv.slice(2);
const [fixed, moving] = await Promise.all([readImageNode(fixedPath), readImageNode(movingPath)]);
let maps;
if (settings === "tuned") {
  const parameterFiles = [out + "/rigid.txt", out + "/bspline.txt"];
  maps = (await readParameterFilesNode({ parameterFiles })).parameterObject;
} else {
  const map = async (name) => (await defaultParameterMapNode(name)).parameterMap;
  maps = [await map("rigid"), await map("bspline")];
}
const { transformParameterObject } = await elastixNode(maps, { fixed, moving });
const files = transformParameterObject.map((_, i) => out + "/TransformParameters." + i + ".txt");
transformParameterObject.forEach((map, i) => {
  map.ResultImageFormat = ["nii.gz"];
  // transformix of elastix 5.0 knows only the older of the two names.
  map.InitialTransformParameterFileName = map.InitialTransformParametersFileName =
    [i === 0 ? "NoInitialTransform" : files[i - 1]];
});
await writeParameterFilesNode(transformParameterObject, files);
process.exit(0);
`;

/**
 * Registers rigidly, then by B-splines; the seconds are those of the Node process.
 *
 * @throws {Error} with the end of its output when npm, Node or transformix fails.
 */
export async function runItkWasmElastix(options: ItkWasmElastixOptions): Promise<PeerResult> {
  const { fixed, moving, directory, packageFolder, settings, signal } = options;
  await Deno.mkdir(packageFolder, { recursive: true });
  const script = `${packageFolder}/elastix.mjs`;
  await Deno.writeTextFile(script, SCRIPT);
  const installed = await Deno.stat(`${packageFolder}/node_modules/@itk-wasm/elastix`)
    .then(() => true, () => false);
  if (!installed) {
    await runCommand("npm", ["install", "--prefix", packageFolder, ...PACKAGES], { signal });
  }
  await Deno.writeTextFile(`${directory}/rigid.txt`, rigidParameters());
  await Deno.writeTextFile(`${directory}/bspline.txt`, bSplineParameters());
  const cost = await runCommand("node", [script, fixed, moving, directory, settings], { signal });
  const last = `${directory}/TransformParameters.1.txt`;
  return { ...cost, field: await fieldOfElastix(last, { directory, threads: 2, signal }) };
}
