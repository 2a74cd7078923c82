/**
 * `deno task export`: writes a transform in a format of other programs.
 *
 * @module
 */

import { FileAccessError } from "../host/errors.ts";
import { writeWholeFile } from "../host/write_file.ts";
import { encodeItkHdf5 } from "../registration/itk_hdf5.ts";
import { encodeItkTransform } from "../registration/itk_transform.ts";
import { decodeTransform } from "../registration/transform_file.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { checkFile } from "./_output.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task export`. */
export const TASK = {
  name: "export",
  summary: "Writes a transform of `register` for ITK, ANTs, SimpleITK and 3D Slicer.",
  details: `
The file is a composite transform in ITK's text format (.tfm) or HDF5 format (.h5), by the suffix of
--out: the rigid matrix, and a displacement field on the control points. It maps points of the fixed
image to the moving image, as ITK's resampling and antsApplyTransforms need it, and is the same map as
transform.json inside the fixed image. The dense displacement fields of the map and of its inverse are
field.nii.gz and inverse_field.nii.gz of \`register\`.`,
  examples: [
    "--transform registered/transform.json --out registered/transform.tfm",
    "--transform registered/transform.json --out registered/transform.h5",
  ],
  flags: {
    transform: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "The transform.json of `register`.",
    },
    out: { type: "string", required: true, valueName: "FILE", help: "The result (.tfm or .h5)." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task export`. */
export async function main({ transform, out }: FlagsOf<typeof TASK>): Promise<void> {
  const isHdf5 = /\.h5$/i.test(out);
  if (!isHdf5 && !/\.tfm$/i.test(out)) {
    throw new UsageError(`--out must end in .tfm or .h5, got ${out}`);
  }
  await checkFile(out);
  const text = await Deno.readTextFile(transform).catch((cause: Error) => {
    throw new FileAccessError(`Cannot read ${transform}: ${cause.message}. Check the path.`);
  });
  const decoded = decodeTransform(text, transform);
  const bytes = isHdf5
    ? await encodeItkHdf5(decoded)
    : new TextEncoder().encode(encodeItkTransform(decoded));
  await writeWholeFile(out, bytes);
  console.log(`Wrote ${out}`);
}

if (import.meta.main) await runTask(TASK, main);
