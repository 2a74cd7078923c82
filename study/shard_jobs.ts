/**
 * The jobs of a step of a study, divided between the shards that share a run folder. A shard does its own jobs and no
 * others: nothing is done twice, and a shard that never runs holds up only the steps that need its results.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { ownersOf, type Shard, WHOLE } from "../workflows/shard.ts";

/** A job of another shard that is not finished. */
export interface OpenJob {
  /** The job in words. */
  readonly name: string;
  /** The number of the shard that does it, from 1. */
  readonly shard: number;
}

/** A step whose own jobs are done, and which waits for jobs of other shards; not a failure. */
export class WaitsForShards extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "WaitsForShards";

  /**
   * @param open - The jobs of other shards.
   * @param hasMore - True if this shard has jobs in the same stage after them.
   */
  constructor(readonly open: readonly OpenJob[], readonly hasMore = false) {
    super(`The study waits for ${openJobsText(open)}`);
  }
}

/** Jobs of other shards in words: the first one of each shard by its name, and how many there are. */
export function openJobsText(open: readonly OpenJob[]): string {
  const byShard = new Map<number, OpenJob[]>();
  for (const job of open) byShard.set(job.shard, [...byShard.get(job.shard) ?? [], job]);
  return [...byShard].sort(([a], [b]) => a - b).map(([shard, [{ name }, ...others]]) =>
    `shard ${shard} (${name}${others.length === 0 ? "" : ` and ${others.length} more`})`
  ).join(", ");
}

/** Jobs of a step. */
export interface ShareOptions<Job> {
  /** The shard. Default: the whole. */
  readonly shard?: Shard | undefined;
  /** All jobs, in an order that all shards agree on. */
  readonly jobs: readonly Job[];
  /** A job in words. */
  readonly nameOf: (job: Job) => string;
  /** The estimated work of a job, which must not depend on the machine. Default: all are equal. */
  readonly workOf?: ((job: Job) => number) | undefined;
  /** The numbers of the shards of the jobs, in the place of those by `workOf`. */
  readonly owners?: readonly number[] | undefined;
  /** Returns true if the run folder has the result of a job. */
  readonly isFinished: (job: Job) => Promise<boolean>;
  /** Does the missing jobs of this shard; `own` are all jobs of this shard, also the finished ones. */
  readonly run: (missing: readonly Job[], own: readonly Job[]) => Promise<void>;
}

/**
 * Does the jobs of a shard that are not finished.
 *
 * @throws {WaitsForShards} when the jobs of this shard are finished, and those of other shards are not.
 */
export async function doShare<Job>(options: ShareOptions<Job>): Promise<void> {
  const { shard = WHOLE, jobs, nameOf, workOf = () => 1, isFinished, run } = options;
  const owners = options.owners ?? ownersOf(jobs.map(workOf), shard.count);
  const own = jobs.filter((_, i) => owners[i] === shard.index);
  const missing: Job[] = [];
  for (const job of own) {
    if (!await isFinished(job)) missing.push(job);
  }
  await run(missing, own);
  const open: OpenJob[] = [];
  for (const [i, job] of jobs.entries()) {
    if (owners[i] === shard.index || await isFinished(job)) continue;
    open.push({ name: nameOf(job), shard: owners[i] });
  }
  if (open.length > 0) throw new WaitsForShards(open);
}

/** Returns true if a shard does the steps that are a single job: the first one does. */
export function isSingleJobShard(shard: Shard | undefined): boolean {
  return (shard ?? WHOLE).index === 1;
}

/** Does a step that is a single job: the first shard does it, and the others need its result. */
export async function doSingleJob(
  shard: Shard | undefined,
  name: string,
  { isFinished, run }: {
    readonly isFinished: () => Promise<boolean>;
    readonly run: () => Promise<unknown>;
  },
): Promise<void> {
  await doShare({
    shard,
    jobs: [name],
    nameOf: (job) => job,
    isFinished,
    run: async ([missing]) => {
      if (missing !== undefined) await run();
    },
  });
}

/** Does the first part of a stage in which more jobs follow; a {@link WaitsForShards} then says so. */
export async function beforeMoreJobs<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (error) {
    throw error instanceof WaitsForShards ? new WaitsForShards(error.open, true) : error;
  }
}
