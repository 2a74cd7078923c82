import { assert, assertEquals } from "@std/assert";
import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import { trueImage } from "../cohort/phantom/true_image.ts";
import { CT_SCALE, intensityScaleOf, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import { PatchSampler } from "../gan/training/patch_sampler.ts";
import { RandomState } from "../host/random.ts";
import { type Modality, otherModality } from "../volume/modality.ts";
import type { Volume } from "../volume/volume.ts";
import { checkSyntheses, checkWarnings } from "./training_checks.ts";

const CROP = 40;
const CHANNELS = 9;

/** The patch in the middle of a volume in [-1, 1]. */
function patchOf({ grid }: Volume, data: Float32Array): Float32Array {
  return new PatchSampler({
    volumes: [{ name: "phantom", grid, data }],
    plane: "coronal",
    crop: CROP,
    channels: CHANNELS,
    random: RandomState.of(1, "ct"),
  }).central(1)[0];
}

/** A source of the smoke phantom, and the true image that a synthesis of a modality should give. */
function phantomPatches(of: Modality) {
  const { subjects } = planCohort({ profile: "smoke", seed: 1 });
  const paired = subjects.find(({ id }) => id === "paired-01")!;
  const from = otherModality(of);
  const grid = imageGrid(paired.body, paired.images[from]!);
  const { image } = renderImage(paired.body, paired.images[from]!, grid);
  const truth = trueImage(paired, of, grid);
  const scaled = (modality: Modality, { data }: Volume) =>
    patchOf(image, toNetwork(data, intensityScaleOf(modality, data)));
  return {
    source: scaled(from, image),
    truth: scaled(of, truth),
    sourceScale: from === "ct" ? CT_SCALE : intensityScaleOf("mr", image.data),
  };
}

/** A patch moved to the right by a part of a pixel, between its neighbours. */
function movedRight(patch: Float32Array, pixels: number): Float32Array {
  return patch.map((value, i) => {
    const isFirst = Math.floor(i / CHANNELS) % CROP === 0;
    return isFirst ? value : (1 - pixels) * value + pixels * patch[i - CHANNELS];
  });
}

for (const modality of ["mr", "ct"] as const) {
  Deno.test(`checkSyntheses() accepts the true ${modality} of a phantom, and finds a copy and a shift`, () => {
    const { source, truth, sourceScale } = phantomPatches(modality);
    const check = (synthesis: Float32Array) =>
      checkSyntheses({
        of: modality,
        crop: CROP,
        channels: CHANNELS,
        spacing: [8, 8, 8],
        sourceScale,
        sources: [source],
        syntheses: [synthesis],
      });
    const right = check(truth);
    assertEquals([right.isInverted, right.isShifted], [false, false], JSON.stringify(right));
    assertEquals(checkWarnings({ step: 500, checks: [right] }), []);
    const copy = check(source);
    assertEquals([copy.isInverted, copy.isShifted], [true, false], JSON.stringify(copy));
    const moved = check(movedRight(truth, 0.6));
    assertEquals([moved.isInverted, moved.isShifted], [false, true], JSON.stringify(moved));
    const difference = moved.shift[0] - right.shift[0];
    assert(Math.abs(difference - 0.6 * 8) < 0.8, `${difference} mm`);
  });
}
