/**
 * The files of a model among the files that a person gives.
 *
 * @module
 */

import type { GivenFolder } from "./protocol.ts";
import type { ListedDrop } from "./dropped_files.ts";

/** The name of the file with the settings of a model. */
export const MODEL_HEADER = "checkpoint.json";

/** The files of a model, in `files`, and the folder's name. */
export type GivenModel = GivenFolder;

const isPart = ({ name }: File) => name === MODEL_HEADER || name.endsWith(".safetensors");

/** The files of a folder or of a selection as a model; undefined if none belongs to one. */
export function modelIn(files: readonly File[], name = "model"): GivenModel | undefined {
  const parts = files.filter(isPart);
  return parts.length > 0 ? { name, files: parts } : undefined;
}

/** A drop without the files of models. */
export interface SplitDrop {
  /** The models, from loose files and from each folder that has one. */
  readonly models: readonly GivenModel[];
  /** The rest. A folder of a model is not searched for images. */
  readonly rest: ListedDrop;
}

/** Separates models from images. */
export function splitModels({ loose, folders, problems }: ListedDrop): SplitDrop {
  const models = [modelIn(loose), ...folders.map(({ files, name }) => modelIn(files, name))];
  return {
    models: models.filter((model) => model !== undefined),
    rest: {
      loose: loose.filter((file) => !isPart(file)),
      folders: folders.filter(({ files }) => !files.some(isPart)),
      problems,
    },
  };
}
