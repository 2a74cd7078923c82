import { assertEquals, assertRejects } from "@std/assert";
import { runOnThreads } from "./worker_pool.ts";

/** A thread whose job is a text: it tells it twice, fails on "fail", waits for the stop on "wait". */
const module = new URL(`data:application/typescript,${
  encodeURIComponent(`
    import { serveJobs } from "${new URL("./worker_pool.ts", import.meta.url)}";
    serveJobs(import.meta.url, async (job: string, { signal, tell }) => {
      tell(job);
      if (job === "fail") throw new RangeError("the job failed", { cause: new Error("of this") });
      if (job === "wait") {
        if (!signal.aborted) await new Promise((stopped) => signal.addEventListener("abort", stopped));
        tell("stopped");
        signal.throwIfAborted();
      }
      if (job === "deaf") await new Promise(() => {});
      tell(job);
    });
  `)
}`);

Deno.test("runOnThreads() does every job once, and tells which job tells what", async () => {
  const jobs = ["a", "b", "c", "d", "e"];
  const told: string[][] = jobs.map(() => []);
  const done: number[] = [];
  await runOnThreads<string, string>({
    module,
    jobs,
    threads: 2,
    onTold: (index, text) => told[index].push(text),
    onDone: (index) => done.push(index),
  });
  assertEquals(told, jobs.map((job) => [job, job]));
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

Deno.test("runOnThreads() gives jobs time to end at the signal, and no more than that", async () => {
  for (const [job, told] of [["wait", ["wait", "stopped"]], ["deaf", ["deaf"]]] as const) {
    const controller = new AbortController();
    const heard: string[] = [];
    await assertRejects(
      () =>
        runOnThreads<string, string>({
          module,
          jobs: [job, "never"],
          threads: 1,
          grace: job === "wait" ? 60_000 : 50,
          signal: controller.signal,
          onTold: (_, text) => {
            heard.push(text);
            controller.abort(new Error("enough"));
          },
        }),
      Error,
      "enough",
    );
    assertEquals(heard, [...told]);
  }
});
