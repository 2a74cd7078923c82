/**
 * Removes the results of stages, so that the stages run again.
 *
 * @module
 */

import { removeIfThere } from "./run_folder.ts";
import type { Stage, StageFacts } from "./stages/stage.ts";

/** Removes everything that some stages leave in a run folder. */
export async function forgetStages(
  out: string,
  stages: readonly Pick<Stage, "leaves">[],
  study: StageFacts,
): Promise<void> {
  const patterns = stages.flatMap((stage) => stage.leaves(study));
  const paths: string[] = [];
  for (const pattern of patterns) paths.push(...await matching(out, pattern));
  // The marks of finished steps first: a kill at this point must not leave marks without results.
  const marks: string[] = [];
  for (const path of paths) {
    if (path.endsWith(".json")) marks.push(path);
    const inside = (await namesIn(path)).filter((name) => name.endsWith(".json"));
    marks.push(...inside.map((name) => `${path}/${name}`));
  }
  for (const path of [...marks, ...paths]) await removeIfThere(path);
}

/** The paths of a pattern, whose last part may have one `*`; a pattern without `*` is a path. */
async function matching(out: string, pattern: string): Promise<string[]> {
  const cut = pattern.lastIndexOf("/") + 1;
  const folder = `${out}/${pattern.slice(0, cut)}`;
  const [start, end] = pattern.slice(cut).split("*");
  if (end === undefined) return [`${folder}${start}`];
  return (await namesIn(folder))
    .filter((name) =>
      name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end)
    )
    .map((name) => `${folder}${name}`);
}

/** The names in a folder; none when it is missing or a file. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}
