import { assert, assertEquals } from "@std/assert";
import { receptiveField } from "../gan/networks/discriminator.ts";
import { checkSettings, PAPER_SETTINGS } from "../gan/model/settings.ts";
import {
  type CorrespondencePart,
  correspondenceWithout,
  noCorrespondence,
} from "./correspondence.ts";
import { ganSettings, ganStrides } from "./gan_profiles.ts";
import { PAPER_CHANNELS, PAPER_FIELDS } from "./gan_scales.ts";
import { profileOf, PROFILES } from "./profiles.ts";

Deno.test("ganSettings() of the paper are the paper's", () => {
  assertEquals(ganSettings("paper"), PAPER_SETTINGS);
  assertEquals(ganStrides("paper", 3), { stride: 4, sliceStride: 2 });
  assertEquals(ganStrides("paper", 12), { stride: 4, sliceStride: 4 });
  const { strides, channels } = ganSettings("paper", { channels: 12, field: 34 });
  assertEquals([receptiveField(strides), channels], [34, 12]);
});

Deno.test("ganSettings() keep the lengths in the body", () => {
  for (const profile of PROFILES) {
    const { voxel } = profileOf(profile);
    for (const channels of PAPER_CHANNELS) {
      for (const field of PAPER_FIELDS) {
        const settings = ganSettings(profile, { channels, field });
        checkSettings(settings);
        const { stride, sliceStride } = ganStrides(profile, channels);
        assert(stride <= settings.crop && sliceStride <= settings.channels);
        assertEquals(settings.crop * voxel, 320);
        // To the nearest that there is.
        const length = receptiveField(settings.strides) * voxel;
        assert(Math.abs(length - field * 1.25) <= 1.5 * voxel, `${profile}: ${length} mm`);
        assert(Math.abs(settings.channels * voxel - channels * 1.25) <= voxel * 0.55 + 0.05);
      }
    }
  }
});

Deno.test("ganSettings(): each part of the correspondence changes its own settings alone", () => {
  for (const profile of PROFILES) {
    const plain = ganSettings(profile);
    const corrected = ganSettings(profile, { correspondence: correspondenceWithout() });
    checkSettings(corrected);
    const { pairSteps, pairWeight, structureWeight, identitySteps } = corrected;
    assert(pairSteps > 0 && pairWeight > 0 && structureWeight > 0, profile);
    assertEquals(identitySteps, 0);
    const without = (part: CorrespondencePart) =>
      ganSettings(profile, { correspondence: correspondenceWithout(part) });
    assertEquals(without("registeredStart").pairSteps, 0);
    assertEquals(without("registeredStart").identitySteps, plain.identitySteps);
    assertEquals(without("decayingRegression"), { ...corrected, pairWeight: 0 });
    assertEquals(without("balancedShapes"), corrected);
    assertEquals(without("intensityTransfer"), corrected);
    assertEquals(without("structureLoss"), { ...corrected, structureWeight: 0 });
    assertEquals(ganSettings(profile, { correspondence: noCorrespondence() }), plain);
  }
});
