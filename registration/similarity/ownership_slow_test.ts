import { Owned } from "../../kernels/gpu/owned.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { similarityCase } from "../../testing/similarity_gradient.ts";
import { SIMILARITIES } from "./similarities.ts";

gpuTest("every similarity frees all of its buffers when an allocation fails", async (gpu) => {
  for (const kind of Object.values(SIMILARITIES)) {
    using owned = new Owned();
    const { similarity, inputs } = similarityCase(gpu, { kind, masked: true }, owned);
    await assertNothingLeaks(gpu, () => similarity.prepare(gpu, inputs));
  }
});
