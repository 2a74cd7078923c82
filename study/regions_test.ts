import { assertEquals, assertThrows } from "@std/assert";
import { type Manifest, ManifestError, type ManifestSubject } from "../cohort/manifest.ts";
import { studyRegions } from "./regions.ts";

const cohort = (...subjects: ManifestSubject[]): Manifest => ({
  format: "crosswarp-cohort",
  version: 1,
  profile: "test",
  subjects,
});
const paired = (labels: ManifestSubject["labels"]): ManifestSubject => ({
  id: "p",
  kind: "paired",
  images: { ct: "ct.nii", mr: "mr.nii" },
  labels,
});
const ct = (labels: ManifestSubject["labels"]): ManifestSubject => ({
  id: "c",
  kind: "ct",
  images: { ct: "c.nii" },
  labels,
});

Deno.test("studyRegions() are the paper's with labels, and the whole images without", () => {
  const both = { ct: "a.nii", mr: "b.nii" };
  assertEquals(studyRegions(cohort(paired(both), ct({ ct: "c.nii" }))), ["thorax", "abdomen"]);
  assertEquals(studyRegions(cohort(paired({}), ct({}))), ["all"]);
});

Deno.test("studyRegions() refuses a cohort that is half labelled, or has no pair", () => {
  const both = { ct: "a.nii", mr: "b.nii" };
  assertThrows(() => studyRegions(cohort(paired(both), ct({}))), ManifestError, "c lack them");
  assertThrows(() => studyRegions(cohort(paired({ ct: "a.nii" }))), ManifestError, "p lack them");
  assertThrows(() => studyRegions(cohort(ct({}))), ManifestError, "paired");
});
