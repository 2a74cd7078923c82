/**
 * The worker of the synthesis, which is a program of its own in a file next to the page.
 *
 * @module
 */

import type { Volume } from "../volume/volume.ts";
import { encodeNifti } from "../volume/write_nifti.ts";
import { volumeOf } from "./protocol.ts";
import { describeModel, runSynthesis } from "./run_synthesis.ts";
import type { SynthesisRequests } from "./synthesis_protocol.ts";
import { serveRequests } from "./worker_loop.ts";

/** The last synthesis. */
let synthesised: Volume | undefined;

serveRequests<SynthesisRequests>({
  model: async ({ files }) => ({ result: await describeModel(files) }),
  synthesise: async ({ image, ...given }, context) => {
    synthesised = undefined;
    const run = await runSynthesis({ image: volumeOf(image), ...given, ...context });
    synthesised = run.image;
    return { result: run.outcome, transfer: [run.outcome.data.buffer] };
  },
  encode: async () => {
    if (synthesised === undefined) {
      throw new Error("The synthesised image is not there any more. Synthesise again.");
    }
    const bytes = await encodeNifti(synthesised);
    return { result: bytes, transfer: [bytes.buffer] };
  },
});
