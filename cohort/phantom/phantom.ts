/**
 * Writes a phantom cohort: NIfTI images, labels and truths, and the manifest.
 *
 * @module
 */

import { withoutUndefined } from "../../host/defaults.ts";
import { FileAccessError } from "../../host/errors.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import { sha256Hex } from "../../host/hash.ts";
import { runOnThreads } from "../../host/worker_pool.ts";
import {
  type Breathing,
  type CohortPlan,
  type CohortProfile,
  planCohort,
  PROFILE_VOXELS,
  type SubjectPlan,
} from "./cohort_plan.ts";
import { type ManifestSubject, writeManifest } from "../manifest.ts";
import { REALISM } from "./realism.ts";
import { filesOf, type PhantomJob, runJob } from "./phantom_job.ts";
import { PHANTOM_WORKER } from "./phantom_worker.ts";

/** Options of {@link writePhantomCohort}. */
export interface PhantomOptions {
  /** The folder, made when missing. */
  readonly out: string;
  /** The resolution of the images. Default "quick". */
  readonly profile?: CohortProfile | undefined;
  /** The seed of all random choices. Default 1. */
  readonly seed?: number | undefined;
  /** The breathing states of the unpaired subjects. Default "by-modality". */
  readonly breathing?: Breathing | undefined;
  /** All 37 subjects or only the 3 paired ones (the same as among all). Default "all". */
  readonly subjects?: "all" | "paired" | undefined;
  /** Threads that render. Default: as many as there are processors, at most 4; 0 renders in this one. */
  readonly workers?: number | undefined;
  /** Stops the work; complete files stay, and the next run continues from them. */
  readonly signal?: AbortSignal | undefined;
  /** Called as images get done. */
  readonly onProgress?: ((progress: PhantomProgress) => void) | undefined;
}

/** The progress of {@link writePhantomCohort}. */
export interface PhantomProgress {
  /** Images done. */
  readonly done: number;
  /** Images in all. */
  readonly total: number;
  /** The subject of the last one; empty at the beginning. */
  readonly subject: string;
}

/** Milliseconds in which threads can finish a file after Ctrl-C or a failure. They do not finish an image. */
const GRACE = 2000;

/** Changes when the same plan gives other bytes, so that older files are not taken for these. */
const RENDERING = 3;

/**
 * Writes a phantom cohort and returns the path of its manifest. The same profile, seed and breathing give the
 * same bytes. Existing files of the same plan stay; files of another plan are replaced.
 *
 * @throws {FileAccessError} when the folder cannot be made or written to.
 *
 * @example Usage
 * ```ts
 * import { readManifest } from "../manifest.ts";
 * import { writePhantomCohort } from "./phantom.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const out = await Deno.makeTempDir();
 * const path = await writePhantomCohort({ out, profile: "smoke", subjects: "paired", workers: 0 });
 * assertEquals((await readManifest(path)).subjects.length, 3);
 * await Deno.remove(out, { recursive: true });
 * ```
 */
export async function writePhantomCohort(options: PhantomOptions): Promise<string> {
  const { out, profile = "quick", seed = 1, signal, onProgress } = options;
  const { breathing = "by-modality" } = options;
  signal?.throwIfAborted();
  const { text, chosen } = await chosenSubjects(options);
  const path = `${out}/cohort.json`;
  await prepareFolder(out, text);
  const jobs = await missingJobs(out, chosen);
  const total = chosen.reduce((sum, s) => sum + Object.keys(s.images).length, 0);
  let done = total - jobs.length;
  const report = (subject: string) => onProgress?.({ done, total, subject });
  report("");
  await runJobs(jobs, options.workers ?? Math.min(4, navigator.hardwareConcurrency), {
    signal,
    onDone: (job) => {
      done++;
      report(job.subject.id);
    },
  });
  await writeManifest(path, {
    format: "crosswarp-cohort",
    version: 1,
    profile,
    seed,
    breathing,
    voxelSizes: PROFILE_VOXELS[profile],
    subjects: chosen.map(manifestSubject),
  });
  return path;
}

/** Returns true if the folder has all files of a phantom cohort, as {@link writePhantomCohort} leaves them. */
export async function hasPhantomCohort(options: PhantomOptions): Promise<boolean> {
  const { out } = options;
  const { text, chosen } = await chosenSubjects(options);
  const before = await Deno.readTextFile(`${out}/plan.json`).catch(() => undefined);
  if (before !== text || (await missingJobs(out, chosen)).length > 0) return false;
  return await Deno.stat(`${out}/cohort.json`).then((info) => info.isFile, () => false);
}

/** The subjects, and the text of the file that identifies their plan. */
async function chosenSubjects(
  { profile = "quick", seed = 1, breathing = "by-modality", subjects = "all" }: PhantomOptions,
): Promise<{ text: string; chosen: readonly SubjectPlan[] }> {
  const plan = planCohort({ profile, seed, breathing });
  const fingerprint = await fingerprintOf(plan);
  return {
    text: JSON.stringify({ fingerprint }, null, 2) + "\n",
    chosen: subjects === "all"
      ? plan.subjects
      : plan.subjects.filter((subject) => subject.kind === "paired"),
  };
}

function manifestSubject({ id, kind, images }: SubjectPlan): ManifestSubject {
  const ct = images.ct && filesOf(id, "ct");
  const mr = images.mr && filesOf(id, "mr");
  return {
    id,
    kind,
    images: withoutUndefined({ ct: ct?.image, mr: mr?.image }),
    labels: withoutUndefined({ ct: ct?.labels, mr: mr?.labels }),
    truth: kind === "paired" ? filesOf(id, "mr").truth : undefined,
    trueImages: kind === "paired"
      ? { ct: filesOf(id, "mr").trueOther, mr: filesOf(id, "ct").trueOther }
      : undefined,
  };
}

async function fingerprintOf(plan: CohortPlan): Promise<string> {
  return await sha256Hex(JSON.stringify({ RENDERING, REALISM, plan }));
}

/** Leaves files of this plan, removes the phantom's files of another. */
async function prepareFolder(out: string, text: string): Promise<void> {
  const path = `${out}/plan.json`;
  const isNew = await Deno.lstat(out).then(() => false, () => true);
  try {
    await Deno.mkdir(out, { recursive: true });
    const before = await Deno.readTextFile(path).catch(() => undefined);
    if (before === text) return;
    await Deno.remove(`${out}/cohort.json`).catch(() => {});
    for await (const entry of Deno.readDir(out)) {
      if (/^(ct|mr|paired)-\d\d_(ct|mr|true|truth)\w*\.nii\.gz$/.test(entry.name)) {
        await Deno.remove(`${out}/${entry.name}`);
      }
    }
    await writeWholeFile(path, new TextEncoder().encode(text));
  } catch (cause) {
    // Fails if the folder is not empty.
    if (isNew) await Deno.remove(out).catch(() => {});
    throw new FileAccessError(`Cannot write to ${out}: ${(cause as Error).message}`, { cause });
  }
}

/** One job an image, without those whose files are all there: files appear whole, by renaming. */
async function missingJobs(out: string, subjects: readonly SubjectPlan[]): Promise<PhantomJob[]> {
  const jobs: PhantomJob[] = [];
  for (const subject of subjects) {
    for (const modality of ["ct", "mr"] as const) {
      if (subject.images[modality] === undefined) continue;
      const { image, labels, truth, trueOther } = filesOf(subject.id, modality);
      const files = [image, labels];
      if (subject.kind === "paired") files.push(trueOther);
      if (subject.kind === "paired" && modality === "mr") files.push(truth);
      const there = await Promise.all(
        files.map((file) => Deno.stat(`${out}/${file}`).then(() => true, () => false)),
      );
      if (there.includes(false)) jobs.push({ out, subject, modality });
    }
  }
  return jobs;
}

async function runJobs(
  jobs: readonly PhantomJob[],
  workers: number,
  { signal, onDone }: { signal?: AbortSignal | undefined; onDone: (job: PhantomJob) => void },
): Promise<void> {
  if (workers === 0 || jobs.length < 2) {
    for (const job of jobs) {
      signal?.throwIfAborted();
      await runJob(job);
      onDone(job);
    }
    return;
  }
  try {
    await runOnThreads({
      module: PHANTOM_WORKER,
      jobs,
      threads: workers,
      grace: GRACE,
      signal,
      onDone: (index) => onDone(jobs[index]),
    });
  } catch (cause) {
    if (signal?.aborted && cause === signal.reason) throw cause;
    throw new FileAccessError((cause as Error).message, { cause });
  }
}
