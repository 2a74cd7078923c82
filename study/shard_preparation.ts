/**
 * The results that jobs of several shards use. They are made before these jobs, so that no two shards make them.
 *
 * @module
 */

import { RIGID } from "./columns.ts";
import type { StudyContext } from "./context.ts";
import { isSingleJobShard } from "./shard_jobs.ts";
import { registerCases } from "./threads.ts";
import { studyConvolution } from "./trainings.ts";

/** Measures the variant of the convolutions early, so that no shard waits for it before its trainings. */
export async function prepareTrainings({ gpu, out, shard }: StudyContext): Promise<void> {
  if (shard === undefined || shard.count === 1 || !isSingleJobShard(shard)) return;
  await studyConvolution(gpu, out);
}

/**
 * Makes the rigid registrations, with which the searches and all columns begin. A process alone makes each where it is
 * needed first.
 *
 * @throws {WaitsForShards} when rigid registrations of other shards are missing.
 */
export async function prepareForShards(study: StudyContext): Promise<void> {
  if (study.shard === undefined || study.shard.count === 1) return;
  await registerCases(study, { columns: [RIGID], settings: {}, onProgress: () => {} });
}
