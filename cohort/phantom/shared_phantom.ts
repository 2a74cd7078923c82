/**
 * A phantom cohort in a folder that several processes share.
 *
 * @module
 */

import type { CohortProfile } from "./cohort_plan.ts";
import { type PhantomProgress, writePhantomCohort } from "./phantom.ts";
import { FileAccessError } from "../../host/errors.ts";

/** Options of {@link sharedPhantom}. */
export interface SharedPhantomOptions {
  /** The folder that the cohort's own folder is made in. */
  readonly folder: string;
  /** The resolution of the images. */
  readonly profile: CohortProfile;
  /** The seed of all random choices. */
  readonly seed: number;
  /** Stops the work; nothing is left then. */
  readonly signal?: AbortSignal | undefined;
  /** Called as images get done. */
  readonly onProgress?: ((progress: PhantomProgress) => void) | undefined;
}

/**
 * The paired phantoms of a profile and a seed; returns the path of their manifest. A process that finds
 * none renders them in a folder of its own, which then takes its place as a whole; of several that do so
 * at once the first stays, and the others' same bytes go.
 *
 * @throws {FileAccessError} when the folder cannot be made or written to.
 */
export async function sharedPhantom(options: SharedPhantomOptions): Promise<string> {
  const { folder, profile, seed, signal, onProgress } = options;
  const place = `${folder}/cohort_${profile}_${seed}`;
  const write = (out: string) =>
    writePhantomCohort({
      out,
      profile,
      seed,
      subjects: "paired" as const,
      signal,
      onProgress,
    });
  // An existing cohort is only checked.
  if (await isFolder(place)) return await write(place);
  const beside = `${place}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await write(beside);
    try {
      await Deno.rename(beside, place);
    } catch (cause) {
      if (!await isFolder(place)) {
        throw new FileAccessError(`Cannot write ${place}: ${(cause as Error).message}`, { cause });
      }
    }
  } finally {
    await Deno.remove(beside, { recursive: true }).catch(() => {});
  }
  return `${place}/cohort.json`;
}

function isFolder(path: string): Promise<boolean> {
  return Deno.stat(path).then((info) => info.isDirectory, () => false);
}
