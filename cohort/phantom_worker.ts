/**
 * The thread that renders images of a phantom cohort: takes jobs, answers when they are written.
 *
 * @module
 */

import { type PhantomJob, runJob } from "./phantom_job.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<PhantomJob>) => void;
  postMessage: (message: { error?: string }) => void;
};

scope.onmessage = async ({ data }) => {
  try {
    await runJob(data);
    scope.postMessage({});
  } catch (error) {
    scope.postMessage({ error: (error as Error).message });
  }
};
