import { assertAlmostEquals, assertEquals } from "@std/assert";
import { synthesisAgreement } from "./synthesis_agreement.ts";
import { tissueMasks } from "./tissue_masks.ts";

// Five voxels: air outside, lung, two of soft tissue, bone.
const masks = {
  body: new Uint8Array([0, 1, 1, 1, 1]),
  softTissue: new Uint8Array([0, 0, 1, 1, 0]),
};
const truth = new Float32Array([0, 0.1, 0.2, 0.6, 0.9]);

Deno.test("synthesisAgreement() gives the mean difference in the body", () => {
  const synthesis = new Float32Array([1, 0.2, 0.2, 0.5, 0.5]);
  assertAlmostEquals(synthesisAgreement(synthesis, truth, masks).error, 0.6 / 4, 1e-6);
});

Deno.test("synthesisAgreement() gives -1 for an inverted contrast, and 1 for a weak right one", () => {
  const inverted = truth.map((value) => 0.8 - value);
  assertAlmostEquals(synthesisAgreement(inverted, truth, masks).correlation, -1, 1e-6);
  const weak = truth.map((value) => 0.4 + 0.1 * value);
  assertAlmostEquals(synthesisAgreement(weak, truth, masks).correlation, 1, 1e-6);
  // Over the body it would be 1 for an image that is wrong in soft tissue only.
  const wrong = new Float32Array([0, 0.1, 0.6, 0.2, 0.9]);
  assertAlmostEquals(synthesisAgreement(wrong, truth, masks).correlation, -1, 1e-6);
  assertEquals(synthesisAgreement(new Float32Array(5), truth, masks).correlation, NaN);
});

Deno.test("tissueMasks() finds the body with its lung, and leaves lung and bone out of soft tissue", () => {
  // deno-fmt-ignore
  const slice = [
    -1000, -1000, -1000, -1000, -1000, -1000,
    -1000,    50,  -100,    50,   700, -1000,
    -1000,    50,  -850,    50,    50, -1000,
    -1000,    50,    50,    50,    50, -1000,
    -1000, -1000, -1000, -1000, -1000, -1000,
  ];
  const { body, softTissue } = tissueMasks([6, 5, 2], new Float32Array([...slice, ...slice]));
  // deno-fmt-ignore
  const within = [
    0, 0, 0, 0, 0, 0,
    0, 1, 1, 1, 1, 0,
    0, 1, 1, 1, 1, 0,
    0, 1, 1, 1, 1, 0,
    0, 0, 0, 0, 0, 0,
  ];
  assertEquals([...body], [...within, ...within]);
  // deno-fmt-ignore
  const soft = [
    0, 0, 0, 0, 0, 0,
    0, 1, 1, 1, 0, 0,
    0, 1, 0, 1, 1, 0,
    0, 1, 1, 1, 1, 0,
    0, 0, 0, 0, 0, 0,
  ];
  assertEquals([...softTissue], [...soft, ...soft]);
});
