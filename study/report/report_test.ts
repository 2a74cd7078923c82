import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Manifest, ManifestSubject } from "../../cohort/manifest.ts";
import { profileOf } from "../../workflows/profiles.ts";
import { PHANTOM_CAUTION, type ReportInputs, reportOf } from "./report.ts";

const subject = (kind: ManifestSubject["kind"]): ManifestSubject => ({
  id: kind,
  kind,
  images: {},
  labels: {},
});
const manifest: Manifest = {
  format: "crosswarp-cohort",
  version: 1,
  profile: "mine",
  subjects: [subject("ct"), subject("mr"), subject("paired")],
};
const inputs: ReportInputs = {
  profile: profileOf("smoke"),
  seed: 1,
  version: "test",
  adapter: "a GPU",
  manifest,
  isPhantom: false,
  regions: ["thorax", "abdomen"],
  settings: { originals: undefined, syntheses: undefined },
  given: undefined,
  volumes: [],
  pairs: [],
  lungs: [],
  ablations: [],
};

Deno.test("reportOf() names the breathing of a cohort that records it", () => {
  const markdownOf = (breathing: string | undefined) =>
    reportOf({ ...inputs, manifest: { ...manifest, breathing } }).markdown;
  assertStringIncludes(markdownOf("balanced"), "Breathing of the training images: balanced.");
  assertStringIncludes(markdownOf("by-modality"), "CT at inhale, MR at exhale, as in the paper.");
  assert(!markdownOf(undefined).includes("Breathing"));
});

Deno.test("reportOf() says that a phantom's numbers are not from patients", () => {
  const { title, caution, markdown, data } = reportOf({ ...inputs, isPhantom: true });
  assertEquals(title, "MR-CT deformable registration: the study on a phantom cohort");
  assertEquals([caution, data.caution], [PHANTOM_CAUTION, PHANTOM_CAUTION]);
  assertStringIncludes(markdown, "These numbers come from a phantom cohort, not from patients.");
  assertStringIncludes(markdown, "Cohort: phantom, 1 CT and 1 MR images for the training, 1 pairs");
});

Deno.test("reportOf() names a user's cohort and how few its pairs are", () => {
  const { title, caution, markdown } = reportOf(inputs);
  assertEquals(title, 'MR-CT deformable registration: the study on the cohort "mine"');
  assertStringIncludes(
    caution,
    "These numbers come from 1 pair of images, too few to rank methods",
  );
  assertStringIncludes(markdown, "Cohort: 1 CT and 1 MR images for the training");
  assert(!markdown.includes("phantom"), markdown);
});

Deno.test("reportOf() says what images without labels cannot show", () => {
  const { caution, tables } = reportOf({ ...inputs, regions: ["all"] });
  assertStringIncludes(caution, "1 pair of images without labels.");
  assertEquals(tables.map(({ name }) => name), ["registrations", "settings"]);
});
