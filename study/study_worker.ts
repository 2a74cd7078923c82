/**
 * The thread that does a study's jobs.
 *
 * @module
 */

import { serveJobs } from "../volume/worker_pool.ts";
import { type StudyJob, type StudyJobProgress, StudyJobs } from "./study_job.ts";

let jobs: StudyJobs | undefined;

serveJobs<StudyJob, StudyJobProgress>((job, { signal, tell }) =>
  (jobs ??= new StudyJobs(signal)).run(job, tell)
);
