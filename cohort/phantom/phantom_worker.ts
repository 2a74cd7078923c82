/**
 * The thread that renders images of a phantom cohort.
 *
 * @module
 */

import { serveJobs } from "../../host/worker_pool.ts";
import { type PhantomJob, runJob } from "./phantom_job.ts";

/** The module to start threads with. */
export const PHANTOM_WORKER = new URL(import.meta.url);

serveJobs(import.meta.url, (job: PhantomJob) => runJob(job));
