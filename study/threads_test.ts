import { assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "../testing/in_folder.ts";
import type { StudyContext } from "./context.ts";
import { WaitsForShards } from "./shard_jobs.ts";
import { trainStudyModels } from "./threads.ts";

Deno.test("trainStudyModels() of a shard without the measurement of the convolutions has more jobs", async () => {
  await inFolder(async (out) => {
    // The second shard measures nothing, so that it needs the name of the adapter only.
    const study = { gpu: { description: "an adapter" }, out, shard: { index: 2, count: 2 } };
    const error = await assertRejects(
      () => trainStudyModels(study as unknown as StudyContext, () => {}),
      WaitsForShards,
      "shard 1 (the measurement of the convolutions)",
    );
    assertEquals(error.hasMore, true);
  });
});
