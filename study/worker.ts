/**
 * The thread that does a study's jobs.
 *
 * @module
 */

import { serveJobs } from "../host/worker_pool.ts";
import { type StudyJob, type StudyJobProgress, StudyJobs } from "./job.ts";

/** The module to start threads with. */
export const STUDY_WORKER = new URL(import.meta.url);

let jobs: StudyJobs | undefined;

serveJobs<StudyJob, StudyJobProgress>(
  import.meta.url,
  (job, { signal, onProgress }) => (jobs ??= new StudyJobs(signal)).run(job, onProgress),
);
