import { assertEquals, assertRejects } from "@std/assert";
import { PAPER_SETTINGS } from "../gan/model/settings.ts";
import { inFolder } from "../testing/in_folder.ts";
import { missingStops, stepFolder, type StopsOptions, trainWithStops } from "./training_stops.ts";

/**
 * A training of 60 steps that writes a checkpoint every 10 steps, whose tensors are the number of the step.
 * `afterStep` is called after each step.
 */
function counting(afterStep: (step: number) => void = () => {}) {
  const began: number[] = [];
  const train: StopsOptions["train"] = async (folder, { signal, onStep }) => {
    await Deno.mkdir(folder, { recursive: true });
    const header = `${folder}/checkpoint.json`;
    const text = await Deno.readTextFile(header).catch(() => undefined);
    let step: number = text === undefined ? 0 : JSON.parse(text).step;
    began.push(step);
    while (step < 60) {
      step += 10;
      afterStep(step);
      onStep(step);
      const tensors = `checkpoint-${step}.safetensors`;
      await Deno.writeTextFile(`${folder}/${tensors}`, `${step}`);
      const checkpoint = { format: "crosswarp-cycle-gan", version: 1, step, tensors, data: {} };
      await Deno.writeTextFile(header, JSON.stringify({ ...checkpoint, settings: PAPER_SETTINGS }));
      if (step < 60) signal.throwIfAborted();
    }
  };
  return { began, train };
}

/** The contents of the models at some steps. */
async function models(folder: string, at: readonly number[]): Promise<string[]> {
  return await Promise.all(
    at.map((step) =>
      Deno.readTextFile(`${stepFolder(folder, step)}/checkpoint-${step}.safetensors`)
    ),
  );
}

Deno.test("trainWithStops() keeps the model of each step", async () => {
  await inFolder(async (folder) => {
    const { began, train } = counting();
    const at = [20, 30, 60];
    assertEquals(await missingStops({ folder, at }), at);
    await trainWithStops({ folder, at, train });
    assertEquals(await models(folder, at), ["20", "30", "60"]);
    assertEquals(began, [0, 20, 30]);
    await trainWithStops({ folder, at, train });
    assertEquals(began.length, 3);
  });
});

Deno.test("trainWithStops() that is interrupted at a stop keeps the model of this step", async () => {
  await inFolder(async (folder) => {
    const user = new AbortController();
    const reason = new Error("interrupted");
    const first = counting((step) => step === 20 && user.abort(reason));
    const at = [20, 60];
    const options = { folder, at, train: first.train, signal: user.signal };
    assertEquals(await assertRejects(() => trainWithStops(options), Error), reason);
    assertEquals(await missingStops({ folder, at }), at);
    assertEquals(await assertRejects(() => trainWithStops(options), Error), reason);
    assertEquals(first.began, [0]);
    const second = counting();
    await trainWithStops({ folder, at, train: second.train });
    assertEquals(await models(folder, at), ["20", "60"]);
    assertEquals(second.began, [20]);
  });
});

Deno.test("trainWithStops() trains again for a stop that the training has passed", async () => {
  await inFolder(async (folder) => {
    await trainWithStops({ folder, at: [30, 60], train: counting().train });
    const { began, train } = counting();
    await trainWithStops({ folder, at: [20, 30, 60], train });
    assertEquals(await models(folder, [20, 30, 60]), ["20", "30", "60"]);
    assertEquals(began, [0]);
  });
});
