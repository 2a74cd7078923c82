import { assertEquals } from "@std/assert";
import { CORRESPONDENCE_PARTS, correspondenceWithout } from "../workflows/correspondence.ts";
import { profileOf } from "../workflows/profiles.ts";
import { ABLATIONS, ablationVariants } from "./ablations.ts";
import { CORRECTED_VARIANT, GAN_VARIANTS } from "./columns.ts";
import { filesOfModels, pairsModel, studyModel } from "./models.ts";

const profile = profileOf("quick");

Deno.test("pairsModel() is that of the corrected training where the images are the same", () => {
  const folders = CORRESPONDENCE_PARTS.map((off) => {
    const variant = { ...CORRECTED_VARIANT, correspondence: correspondenceWithout(off) };
    const model = studyModel(profile, "thorax", variant, 1);
    return [off, pairsModel(model, profile, 1).folder === model.folder];
  });
  // Another scale of CT gives other images.
  assertEquals(
    folders,
    CORRESPONDENCE_PARTS.map((off) => [off, off === "softTissueScale"]),
  );
  const corrected = studyModel(profile, "abdomen", CORRECTED_VARIANT, 1);
  assertEquals(pairsModel(corrected, profile, 1).folder, corrected.folder);
  const without = { ...CORRECTED_VARIANT, correspondence: correspondenceWithout("structureLoss") };
  const model = studyModel(profile, "abdomen", without, 1);
  assertEquals(pairsModel(model, profile, 1).folder, corrected.folder);
});

Deno.test("filesOfModels() has the models of the ablations, and none of Table 2", () => {
  const variants = [...GAN_VARIANTS, ...ablationVariants(ABLATIONS)];
  const parts = ["011111", "101111", "110111", "111011", "111101", "111110"];
  assertEquals(
    filesOfModels(variants),
    parts.flatMap((name) => [`models/*_${name}`, `models/*_${name}.json`]),
  );
});
