/** The worker of the page: overlapping requests leave the inputs that came last. */

import { assertEquals, assertMatch } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { encodeNifti } from "../volume/write_nifti.ts";
import type {
  Answer,
  Ask,
  InputName,
  Outcome,
  Requests,
  SentImage,
  WorkProgress,
} from "./protocol.ts";

// The worker takes its messages from this scope, and answers to it.
const waiting = new Map<number, (answer: Answer) => void>();
Object.assign(globalThis, { postMessage: (answer: Answer) => waiting.get(answer.id)?.(answer) });
await import("./worker.ts");
const { onmessage } = globalThis as unknown as { onmessage: (event: { data: Ask }) => void };

let next = 1;

/** Sends a request and waits for its end. */
function ask(
  name: keyof Requests,
  content: unknown,
  onProgress?: (progress: WorkProgress, id: number) => void,
): Promise<Answer> {
  const id = next++;
  return new Promise((resolve) => {
    waiting.set(id, (answer) => {
      if (answer.progress === undefined) resolve(answer);
      else onProgress?.(answer.progress, id);
    });
    onmessage({ data: { id, name, ask: content } });
  });
}

/** An image that holds a number of different values. */
function image(values: number, voxel = 1) {
  const grid = Grid.axisAligned([5, 4, 3], [voxel, voxel, voxel]);
  return { grid, data: Float32Array.from({ length: 60 }, (_, i) => i % values) };
}

function sent(values: number, voxel?: number): SentImage {
  const { grid, data } = image(values, voxel);
  return { name: "a.nii", grid: { size: grid.size, affine: grid.affine }, data };
}

/** A file of which nothing can be read until it is opened. */
class SlowFile extends File {
  readonly #open = Promise.withResolvers<void>();

  open(): void {
    this.#open.resolve();
  }

  override slice(...range: Parameters<File["slice"]>): Blob {
    const part = super.slice(...range);
    const whole = part.arrayBuffer.bind(part);
    part.arrayBuffer = () => this.#open.promise.then(whole);
    return part;
  }
}

async function slowFile(values: number): Promise<SlowFile> {
  return new SlowFile([await encodeNifti(image(values))], "slow.nii.gz");
}

const put = (input: InputName, content: SentImage) =>
  ask("put", { input, image: content, notices: [] });

/** The error of a registration, which says what the inputs are. */
async function refusal(...more: string[]): Promise<string> {
  const args = ["--fixed", "f.nii", "--moving", "m.nii", "--out", "o", ...more];
  const { error } = await ask("register", { args, memoryBytes: undefined });
  return error!.message;
}

Deno.test("a slow read does not replace an input that came after it", async () => {
  await put("moving", sent(2));
  for (const later of ["read", "put"]) {
    const slow = await slowFile(7);
    const first = ask("read", { input: "fixed", file: slow });
    if (later === "put") await put("fixed", sent(3));
    else {
      const file = new File([await encodeNifti(image(3))], "quick.nii.gz");
      const { result } = await ask("read", { input: "fixed", file });
      assertEquals((result as { image: SentImage }).image.data, image(3).data);
    }
    slow.open();
    assertEquals((await first).error?.kind, "AbortError");
    assertMatch(await refusal(), /^f\.nii holds only 3 different/, later);
  }
});

Deno.test("a mask that is removed while it is read does not come back", async () => {
  const halves = (values: number) => ({ ...sent(values), data: image(60).data.map((v) => v / 2) });
  await put("fixed", halves(60));
  await put("moving", halves(60));
  // Labels on another grid are refused after a mask on another grid.
  await put("fixedLabels", { ...sent(2, 3), data: Int32Array.from(image(2).data) });
  const slow = new SlowFile([await encodeNifti(image(2, 2))], "slow.nii.gz");
  const names = ["--fixed-mask", "mask.nii", "--fixed-labels", "labels.nii"];
  const reading = ask("read", { input: "fixedMask", file: slow });
  await ask("remove", { input: "fixedMask" });
  slow.open();
  await reading;
  assertMatch(await refusal(...names), /^labels\.nii \(--fixed-labels\)/);
  // Without the removal it is there.
  await ask("read", { input: "fixedMask", file: slow });
  assertMatch(await refusal(...names), /^mask\.nii \(--fixed-mask\)/);
  for (const input of ["fixedMask", "fixedLabels"] as const) await ask("remove", { input });
});

Deno.test("a phantom that is stopped in its middle leaves the inputs as they were", async () => {
  await put("fixed", sent(3));
  await put("moving", sent(2));
  const { error } = await ask("demo", undefined, ({ share }, id) => {
    if (share === 0.5) onmessage({ data: { id, isCancel: true } });
  });
  assertEquals(error?.kind, "AbortError");
  assertMatch(await refusal(), /^f\.nii holds only 3 different/);
});

Deno.test("a file that is not there has a clear error", async () => {
  const { error } = await ask("encode", { file: "warped.nii.gz" });
  assertMatch(error!.message, /^The result with warped\.nii\.gz is not there any more/);
});

Deno.test({
  name: "the warnings about a file stay with an image that the page gives back",
  ignore: SKIPS_GPU,
  fn: async () => {
    const grid = Grid.axisAligned([16, 16, 16], [8, 8, 8]);
    const data = Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i * i));
    const content = { name: "a.nii", grid: { size: grid.size, affine: grid.affine }, data };
    await ask("put", { input: "fixed", image: content, notices: ["the first warning"] });
    await ask("put", { input: "moving", image: content, notices: ["the second warning"] });
    const flags = ["--no-rigid", "--similarity", "nmi", "--levels", "1", "--iterations", "1"];
    const args = ["--fixed", "f.nii", "--moving", "m.nii", "--out", "o", ...flags];
    const { result, error } = await ask("register", { args, memoryBytes: undefined });
    assertEquals(error, undefined);
    assertEquals((result as Outcome).notices.slice(0, 2), [
      "the first warning",
      "the second warning",
    ]);
  },
});
