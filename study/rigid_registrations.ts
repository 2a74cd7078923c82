/**
 * The rigid registrations of a study: each pair is registered once, and the grid searches and all columns of Table 2
 * continue from the result.
 *
 * @module
 */

import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { RigidResult } from "../registration/rigid/register_rigid.ts";
import type { StudyCase } from "./cases.ts";
import type { StudyContext } from "./context.ts";
import { keyOf, once } from "./run_folder.ts";
import { type PairRigidOptions, type RegionPair, rigidOfPair } from "./scores/pair_registration.ts";

/** The place of a kept rigid registration. */
export interface RigidPlace {
  /** The JSON file. */
  readonly path: string;
  /** A key of everything that the registration depends on. */
  readonly key: string;
}

/** Registers a pair's CT rigidly to its MR, or reads the result that is kept. */
export async function rigidRegistration(
  gpu: Gpu,
  pair: Pick<RegionPair, "fixed" | "moving">,
  { path, key, ...options }: RigidPlace & PairRigidOptions,
): Promise<RigidResult> {
  const { value } = await once(path, key, async () => {
    const rigid = await rigidOfPair(gpu, pair, options);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    return rigid;
  });
  return value;
}

/** The place of a case's rigid registration in the run folder. */
export async function rigidPlaceOf({ out }: StudyContext, one: StudyCase): Promise<RigidPlace> {
  return { path: `${out}/rigid/${one.name}.json`, key: await keyOf(one.key) };
}
