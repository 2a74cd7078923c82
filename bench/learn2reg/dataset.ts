/**
 * The pairs of a Learn2Reg data set with labels, such as AbdomenMRCT, and the names of their files.
 *
 * The layout and the names are those that `evaluation/evaluation.py` of github.com/MDL-UzL/L2R (8847509) reads.
 *
 * @module
 */

import { CrosswarpError, FileAccessError } from "../../host/errors.ts";
import { parseJson } from "../../host/parse_json.ts";

/** A data set that cannot be used; the message names the file and says what to do. */
export class DatasetError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "DatasetError";
}

/** An image of the data set with its labels and its mask. */
export interface DatasetImage {
  /** The number of the patient, four digits. */
  readonly patient: string;
  /** The number of the modality, "0000" (MR in AbdomenMRCT) or "0001" (CT). */
  readonly modality: string;
  /** Path of the image. */
  readonly image: string;
  /** Path of the label image. */
  readonly labels: string;
  /** Path of the mask; the file may be missing. */
  readonly mask: string;
}

/** Two images to be registered. */
export interface DatasetPair {
  /** The fixed image. */
  readonly fixed: DatasetImage;
  /** The moving image. */
  readonly moving: DatasetImage;
}

/** The last part of an image's path: patient and modality. */
const IMAGE = /_(\d{4})_(\d{4})\.nii\.gz$/;

/**
 * The validation pairs that the JSON file of the data set names (`registration_val`).
 *
 * @param folder - The folder with `NAME_dataset.json` and `imagesTr`.
 * @throws {DatasetError} when the file is missing or names no pairs.
 */
export async function validationPairs(folder: string): Promise<DatasetPair[]> {
  const names = await fileNames(folder);
  const [name, ...others] = names.filter((one) => one.endsWith("_dataset.json"));
  if (name === undefined || others.length > 0) {
    throw new DatasetError(
      `${folder} holds ${
        name === undefined ? "no" : "several"
      } NAME_dataset.json. Give the folder of one data set of Learn2Reg.`,
    );
  }
  const path = `${folder}/${name}`;
  const wrong = (what: string) =>
    new DatasetError(`${path} ${what}. Take the file of the data set again.`);
  let json: unknown;
  try {
    json = parseJson(await Deno.readTextFile(path));
  } catch (cause) {
    throw wrong(`cannot be read (${(cause as Error).message})`);
  }
  const pairs = (json as { readonly registration_val?: unknown } | null)?.registration_val;
  if (!Array.isArray(pairs) || pairs.length === 0) {
    throw wrong('names no validation pairs ("registration_val")');
  }
  return pairs.map((pair: { readonly fixed?: unknown; readonly moving?: unknown } | null, i) => {
    const image = (of: "fixed" | "moving") => {
      const found = typeof pair?.[of] === "string" ? imageAt(folder, pair[of]) : undefined;
      if (found === undefined) {
        throw wrong(
          `has no image path at registration_val[${i}].${of} (imagesTr/NAME_0001_0000.nii.gz)`,
        );
      }
      return found;
    };
    return { fixed: image("fixed"), moving: image("moving") };
  });
}

/**
 * All patients of the training set (`imagesTr`) that have both images with labels, in order: the fixed image has the
 * modality 0000.
 *
 * @param folder - The folder with `imagesTr` and `labelsTr`.
 * @throws {DatasetError} when there is none.
 */
export async function publicPairs(folder: string): Promise<DatasetPair[]> {
  const names = new Set(await fileNames(`${folder}/imagesTr`));
  const labelled = new Set(await fileNames(`${folder}/labelsTr`));
  const isThere = (name: string) => names.has(name) && labelled.has(name);
  const pairs = [...names].sort().flatMap((name): DatasetPair[] => {
    const other = name.replace(/_0000\.nii\.gz$/, "_0001.nii.gz");
    if (other === name || !isThere(name) || !isThere(other)) return [];
    const fixed = imageAt(folder, `imagesTr/${name}`);
    const moving = imageAt(folder, `imagesTr/${other}`);
    return fixed === undefined || moving === undefined ? [] : [{ fixed, moving }];
  });
  if (pairs.length === 0) {
    throw new DatasetError(
      `${folder}/imagesTr holds no patient with NAME_0001_0000.nii.gz, NAME_0001_0001.nii.gz and the labels of both ` +
        "in labelsTr. Give the folder of a data set of Learn2Reg with two modalities.",
    );
  }
  return pairs;
}

/** The pair with the images exchanged. */
export function exchanged({ fixed, moving }: DatasetPair): DatasetPair {
  return { fixed: moving, moving: fixed };
}

/**
 * The name of a pair's displacements. The evaluation takes the short name of patients only if the fixed image has the
 * modality 0000 and the moving one 0001.
 */
export function displacementsName(pair: DatasetPair): string {
  const { fixed, moving } = pair;
  const isUsual = fixed.modality === "0000" && moving.modality === "0001";
  return isUsual ? `disp_${fixed.patient}_${moving.patient}` : longName(pair);
}

/** The name with both modalities, which the evaluation always takes. */
function longName({ fixed, moving }: DatasetPair): string {
  return `disp_${fixed.patient}_${fixed.modality}_${moving.patient}_${moving.modality}`;
}

/**
 * The path of a pair's displacements in a folder, by the short or the long name.
 *
 * @throws {DatasetError} when there is no such .nii.gz file.
 */
export async function displacementsPath(folder: string, pair: DatasetPair): Promise<string> {
  const names = new Set(await fileNames(folder));
  const known = [displacementsName(pair), longName(pair)];
  const found = known.find((name) => names.has(`${name}.nii.gz`));
  if (found !== undefined) return `${folder}/${found}.nii.gz`;
  const hasArrays = known.some((name) => names.has(`${name}.npz`));
  throw new DatasetError(
    `${folder} holds no ${known[0]}.nii.gz. ` +
      (hasArrays
        ? "Write the array of the .npz file as .nii.gz, with the component as the last axis."
        : "Give the folder with the displacements of all pairs."),
  );
}

function imageAt(folder: string, path: string): DatasetImage | undefined {
  const [, patient, modality] = IMAGE.exec(path) ?? [];
  if (patient === undefined || !path.includes("images")) return undefined;
  const below = path.replace(/^\.\//, "");
  const fileOf = (sort: string) => `${folder}/${below.replaceAll("images", sort)}`;
  return {
    patient,
    modality,
    image: fileOf("images"),
    labels: fileOf("labels"),
    mask: fileOf("masks"),
  };
}

async function fileNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (cause) {
    throw new FileAccessError(`Cannot read ${folder}: ${(cause as Error).message}`, { cause });
  }
  return names;
}
