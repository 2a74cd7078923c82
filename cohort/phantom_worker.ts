/**
 * The thread that renders images of a phantom cohort.
 *
 * @module
 */

import { serveJobs } from "../volume/worker_pool.ts";
import { type PhantomJob, runJob } from "./phantom_job.ts";

serveJobs((job: PhantomJob) => runJob(job));
