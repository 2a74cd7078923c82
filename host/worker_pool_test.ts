import { assertEquals, assertRejects } from "@std/assert";
import { runOnThreads } from "./worker_pool.ts";

/** A thread whose job is a text: it reports it twice, fails on "fail", waits for the stop on "wait". */
const module = new URL(`data:application/typescript,${
  encodeURIComponent(`
    import { serveJobs } from "${new URL("./worker_pool.ts", import.meta.url)}";
    serveJobs(import.meta.url, async (job: string, { signal, onProgress }) => {
      onProgress(job);
      if (job === "fail") throw new RangeError("the job failed", { cause: new Error("of this") });
      if (job === "wait") {
        if (!signal.aborted) await new Promise((stopped) => signal.addEventListener("abort", stopped));
        onProgress("stopped");
        signal.throwIfAborted();
      }
      if (job === "deaf") await new Promise(() => {});
      onProgress(job);
    });
  `)
}`);

Deno.test("runOnThreads() does every job once, and says which job reports progress", async () => {
  const jobs = ["a", "b", "c", "d", "e"];
  const reported: string[][] = jobs.map(() => []);
  const done: number[] = [];
  await runOnThreads<string, string>({
    module,
    jobs,
    threads: 2,
    onProgress: (index, text) => reported[index].push(text),
    onDone: (index) => done.push(index),
  });
  assertEquals(reported, jobs.map((job) => [job, job]));
  assertEquals(done.sort(), [0, 1, 2, 3, 4]);
  await runOnThreads({ module, jobs: [], threads: 2 });
});

Deno.test("runOnThreads() fails as its first job that does", async () => {
  const error = await assertRejects(
    () => runOnThreads({ module, jobs: ["a", "fail", "b"], threads: 2 }),
    Error,
    "the job failed",
  );
  assertEquals((error.cause as Error).message, "of this");
});

Deno.test("runOnThreads() gives the other jobs time to end when one fails, and begins no more", async () => {
  const received: string[] = [];
  const failing = (job: string, grace: number) =>
    assertRejects(
      () =>
        runOnThreads<string, string>({
          module,
          jobs: [job, "fail", "never"],
          threads: 2,
          grace,
          onProgress: (index, text) => {
            if (index !== 1) received.push(text);
          },
        }),
      Error,
      "the job failed",
    );
  await failing("wait", 60_000);
  assertEquals(received, ["wait", "stopped"]);
  await failing("deaf", 50);
});

Deno.test("runOnThreads() gives jobs time to end at the signal, and no more than that", async () => {
  for (const [job, reported] of [["wait", ["wait", "stopped"]], ["deaf", ["deaf"]]] as const) {
    const controller = new AbortController();
    const received: string[] = [];
    await assertRejects(
      () =>
        runOnThreads<string, string>({
          module,
          jobs: [job, "never"],
          threads: 1,
          grace: job === "wait" ? 60_000 : 50,
          signal: controller.signal,
          onProgress: (_, text) => {
            received.push(text);
            controller.abort(new Error("enough"));
          },
        }),
      Error,
      "enough",
    );
    assertEquals(received, [...reported]);
  }
});
