/**
 * Runs elastix as compiled to WebAssembly (`@itk-wasm/elastix`) in Node, as a yardstick. The package is
 * installed by npm into a folder of its own; transformix writes the field.
 *
 * @module
 */

import type { DisplacementField } from "../volume/mod.ts";
import { bSplineParameters, fieldOfElastix, rigidParameters, runCommand } from "./elastix.ts";

/** What it is asked to do. */
export interface ItkWasmElastixOptions {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** An existing folder for its output files. */
  readonly directory: string;
  /** Where the package is or will be installed. */
  readonly packageFolder: string;
  /** Its own default maps for rigid and B-spline, or the settings of our elastix runs with Mattes MI. */
  readonly settings: "default" | "tuned";
  /** Ends the child process. */
  readonly signal?: AbortSignal;
}

const SCRIPT = `
import { readFile } from "node:fs/promises";
import { defaultParameterMapNode, elastixNode, readParameterFilesNode, writeParameterFilesNode } from "@itk-wasm/elastix";
import { readImageNode } from "@itk-wasm/image-io";
const [fixedPath, movingPath, out, settings] = process.argv.slice(2);
const [fixed, moving] = await Promise.all([readImageNode(fixedPath), readImageNode(movingPath)]);
let maps;
if (settings === "tuned") {
  maps = (await readParameterFilesNode({ parameterFiles: [out + "/rigid.txt", out + "/bspline.txt"] })).parameterObject;
} else {
  const map = async (name) => (await defaultParameterMapNode(name)).parameterMap;
  maps = [await map("rigid"), await map("bspline")];
}
const { transformParameterObject } = await elastixNode(maps, { fixed, moving });
const files = transformParameterObject.map((_, i) => out + "/TransformParameters." + i + ".txt");
transformParameterObject.forEach((map, i) => {
  map.ResultImageFormat = ["nii.gz"];
  map.InitialTransformParameterFileName = [i === 0 ? "NoInitialTransform" : files[i - 1]];
});
await writeParameterFilesNode(transformParameterObject, files);
process.exit(0);
`;

/** Registers rigidly, then by B-splines; the seconds are those of the Node process. */
export async function runItkWasmElastix(
  { fixed, moving, directory, packageFolder, settings, signal }: ItkWasmElastixOptions,
): Promise<{ field: DisplacementField; seconds: number }> {
  await Deno.mkdir(packageFolder, { recursive: true });
  const script = `${packageFolder}/elastix.mjs`;
  await Deno.writeTextFile(script, SCRIPT);
  const installed = await Deno.stat(`${packageFolder}/node_modules/@itk-wasm/elastix`)
    .catch(() => undefined);
  if (!installed) {
    await runCommand(
      "npm",
      ["install", "--prefix", packageFolder, "@itk-wasm/elastix@1.0.1", "@itk-wasm/image-io@1"],
      signal,
    );
  }
  await Deno.writeTextFile(`${directory}/rigid.txt`, rigidParameters());
  await Deno.writeTextFile(
    `${directory}/bspline.txt`,
    bSplineParameters({ metric: "mattes", bendingWeight: 50, levels: 3 }),
  );
  const seconds = await runCommand(
    "node",
    [script, fixed, moving, directory, settings],
    signal,
    packageFolder,
  );
  const last = `${directory}/TransformParameters.1.txt`;
  return { seconds, field: (await fieldOfElastix(last, directory, 2, signal)).field };
}
