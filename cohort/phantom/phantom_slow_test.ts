import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { readManifest } from "../manifest.ts";
import { type PhantomOptions, writePhantomCohort } from "./phantom.ts";
import { inFolder } from "../../testing/in_folder.ts";

const options = { profile: "smoke", subjects: "paired", seed: 5 } as const;

async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const names = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
  for (const name of names) {
    const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${name}`));
    found[name] = new Uint8Array(hash).toHex();
  }
  return found;
}

/** Writes the first images of a cohort, and stops. */
async function writeFirst(images: number, options: PhantomOptions): Promise<void> {
  const controller = new AbortController();
  await writePhantomCohort({
    ...options,
    workers: 0,
    signal: controller.signal,
    onProgress: (progress) => {
      options.onProgress?.(progress);
      if (progress.done === images) controller.abort();
    },
  });
}

Deno.test("writePhantomCohort() writes the same bytes for the same seed, in one thread or several", () =>
  inFolder(async (folder) => {
    const one = `${folder}/one`;
    const two = `${folder}/two`;
    const other = `${folder}/other`;
    await writePhantomCohort({ ...options, out: one, workers: 0 });
    await writePhantomCohort({ ...options, out: two, workers: 2 });
    await assertRejects(() => writeFirst(1, { ...options, out: other, seed: 6 }), DOMException);
    const a = await contents(one);
    const b = await contents(two);
    const c = await contents(other);
    assertEquals(a, b);
    assertEquals(Object.keys(a).length, 3 * 7 + 2);
    assertNotEquals(a["paired-01_ct.nii.gz"], c["paired-01_ct.nii.gz"]);
    const { subjects } = await readManifest(`${one}/cohort.json`);
    assertEquals(subjects.map((s) => s.kind), ["paired", "paired", "paired"]);
    assertEquals(subjects[0].truth, `${one}/paired-01_truth.nii.gz`);
    assertEquals(subjects[0].trueImages, {
      ct: `${one}/paired-01_true_ct.nii.gz`,
      mr: `${one}/paired-01_true_mr.nii.gz`,
    });
  }));

Deno.test("writePhantomCohort() goes on after an interruption and replaces another plan's files", () =>
  inFolder(async (out) => {
    const images: number[] = [];
    await assertRejects(() => writeFirst(2, { ...options, out }), DOMException);
    await assertRejects(() => Deno.stat(`${out}/cohort.json`), Deno.errors.NotFound);
    const onProgress = ({ done }: { done: number }) => void images.push(done);
    await writePhantomCohort({ ...options, out, workers: 0, onProgress });
    assertEquals(images, [2, 3, 4, 5, 6]);
    const before = await contents(out);
    images.length = 0;
    await assertRejects(
      () => writeFirst(1, { ...options, out, seed: 6, onProgress }),
      DOMException,
    );
    assertEquals(images, [0, 1]);
    await writePhantomCohort({ ...options, out, workers: 0 });
    assertEquals(await contents(out), before);
  }));
