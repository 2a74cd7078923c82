import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Shard } from "../workflows/shard.ts";
import {
  beforeMoreJobs,
  doShare,
  doSingleJob,
  openJobsText,
  WaitsForShards,
} from "./shard_jobs.ts";

/** Jobs of the work 3, 2, 2, 1; shard 1 of 2 has the first and the last, shard 2 the others. */
const JOBS = [3, 2, 2, 1].map((work, i) => ({ work, name: `job ${i}` }));

/** Does the share of a shard; `done` are the finished jobs. */
async function share(shard: Shard | undefined, done: Set<string>): Promise<string[]> {
  const ran: string[] = [];
  await doShare({
    shard,
    jobs: JOBS,
    nameOf: ({ name }) => name,
    workOf: ({ work }) => work,
    isFinished: ({ name }) => Promise.resolve(done.has(name)),
    run: (missing, own) => {
      for (const job of missing) {
        assert(own.includes(job));
        ran.push(job.name);
        done.add(job.name);
      }
      return Promise.resolve();
    },
  });
  return ran;
}

Deno.test("doShare() does the missing jobs of its shard, then names those of the others", async () => {
  const done = new Set(["job 3"]);
  const error = await assertRejects(() => share({ index: 1, count: 2 }, done), WaitsForShards);
  assertEquals([...done], ["job 3", "job 0"]);
  assertEquals(error.open, [{ name: "job 1", shard: 2 }, { name: "job 2", shard: 2 }]);
  assertEquals(error.message, "The study waits for shard 2 (job 1 and 1 more)");
  assertEquals(error.hasMore, false);
  assertEquals(await share({ index: 2, count: 2 }, done), ["job 1", "job 2"]);
  assertEquals(await share({ index: 1, count: 2 }, done), [], "nothing is done twice");
});

Deno.test("doShare() does all jobs without a shard", async () => {
  assertEquals(await share(undefined, new Set(["job 1"])), ["job 0", "job 2", "job 3"]);
});

Deno.test("doSingleJob() is for the first shard", async () => {
  const ran: number[] = [];
  const attempt = (index: number) =>
    doSingleJob({ index, count: 3 }, "the job", {
      isFinished: () => Promise.resolve(ran.length > 0),
      run: () => Promise.resolve(ran.push(index)),
    });
  await assertRejects(() => attempt(2), WaitsForShards, "shard 1 (the job)");
  await attempt(1);
  await attempt(3);
  await attempt(1);
  assertEquals(ran, [1]);
});

Deno.test("beforeMoreJobs() marks that more jobs follow, and leaves other errors as they are", async () => {
  const open = [{ name: "a", shard: 3 }, { name: "b", shard: 2 }];
  const waits = beforeMoreJobs(Promise.reject(new WaitsForShards(open)));
  assertEquals((await assertRejects(() => waits, WaitsForShards)).hasMore, true);
  await assertRejects(() => beforeMoreJobs(Promise.reject(new RangeError("other"))), RangeError);
  assertEquals(openJobsText(open), "shard 2 (b), shard 3 (a)");
});
