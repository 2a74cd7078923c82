import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";
import { findCohort, inspectSubject } from "./find_cohort.ts";
import { STRUCTURES } from "./label_scheme.ts";
import { ManifestError, readManifest, writeManifest } from "./manifest.ts";
import { readLabels } from "./read_labels.ts";
import { correctionsOf, visceralCohort } from "./visceral.ts";

const masks = (volume: string, annotator = 3) =>
  STRUCTURES.map(({ label }) => `segmentations/${volume}_${label}_${annotator}.nii.gz`);

Deno.test("visceralCohort() pairs, corrects and leaves out as section 2 does", () => {
  const volumes = [
    "10000021_1_CT_wb",
    "10000021_1_MRT1_wb",
    "10000067_1_CT_wb",
    "10000067_1_MRT1_wb",
  ];
  volumes.push("10000080_1_CT_wb", "10000080_1_MRT1_wb", "10000005_1_CT_wb", "10000301_1_MRT1_wb");
  const { subjects, remarks } = visceralCohort([
    ...volumes.map((volume) => `volumes/${volume}.nii.gz`),
    ...volumes.flatMap((volume) => masks(volume)),
    "volumes/10000302_1_MRT2_wb.nii.gz",
    "volumes/10000110_1_CTce_ThAb.nii.gz",
  ]);
  assertEquals(
    Object.fromEntries(subjects.map(({ id, kind }) => [id, kind])),
    {
      "10000021": "paired",
      "10000067": "paired",
      "10000080": "paired",
      "10000005": "ct",
      "10000301": "mr",
    },
  );
  const of = (id: string) => subjects.find((subject) => subject.id === id)!;
  const kidneys = of("10000067").labels.mr as Record<string, string>;
  assertEquals(kidneys["29662"], "segmentations/10000067_1_MRT1_wb_29663_3.nii.gz");
  assertEquals(kidneys["29663"], "segmentations/10000067_1_MRT1_wb_29662_3.nii.gz");
  const same = of("10000067").labels.ct as Record<string, string>;
  assertEquals(same["29662"], "segmentations/10000067_1_CT_wb_29662_3.nii.gz");
  assertEquals(of("10000080").exclude, { mr: [29193] });
  assertEquals(of("10000021").exclude, undefined);
  assertEquals(remarks, ["1 file of MRT2 left out: the study takes CT and MRT1"]);
  assertEquals(correctionsOf(subjects), [
    "10000067's MR: the labels of right kidney and left kidney are exchanged, because its files have them on the " +
    "wrong sides",
    "10000080's MR: the scores leave out lumbar vertebra 1",
  ]);
});

Deno.test("visceralCohort() says what is missing or there twice", () => {
  const { subjects, remarks } = visceralCohort([
    "a/10000005_1_CT_wb.nii.gz",
    "b/10000005_1_CT_wb.nii.gz",
    "10000301_1_MRT1_wb.nii.gz",
    ...masks("10000005_1_CT_wb").slice(1),
    masks("10000005_1_CT_wb", 4)[1],
  ]);
  assertEquals(remarks, [
    "10000005 has a second CT, b/10000005_1_CT_wb.nii.gz: the first is taken",
    "10000005's CT has a second mask of 86, segmentations/10000005_1_CT_wb_86_4.nii.gz: the first is taken",
    "10000005's CT has no segmentation of: liver",
    "10000301's MR has no segmentations: it is left out, since the study takes labels of all images or of none",
  ]);
  assertEquals(subjects.map(({ id }) => id), ["10000005"]);
  const bare = visceralCohort(["10000005_1_CT_wb.nii.gz", "10000301_1_MRT1_wb.nii.gz"]);
  assertEquals(bare.subjects.map(({ id }) => id), ["10000005", "10000301"]);
});

Deno.test("visceralCohort() takes no mask of another examination than the volume's", () => {
  const { subjects, remarks } = visceralCohort([
    "10000005_1_CT_wb.nii.gz",
    "10000005_2_CT_wb.nii.gz",
    ...masks("10000005_1_CT_wb").slice(1),
    ...masks("10000005_2_CT_wb"),
  ]);
  assertEquals(
    new Set(Object.values(subjects[0].labels.ct!)),
    new Set(masks("10000005_1_CT_wb").slice(1)),
  );
  assertEquals(remarks.at(-1), "10000005's CT has no segmentation of: liver");
});

Deno.test("findCohort() and readLabels() go from VISCERAL's files to labels", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["volumes", "segmentations"]) await Deno.mkdir(`${folder}/${name}`);
    const grid = Grid.axisAligned([4, 3, 2], [2, 2, 2]);
    const volume = "10000067_1_MRT1_wb";
    const image = { grid, data: Float32Array.from({ length: 24 }, (_, i) => i) };
    await writeVolume(`${folder}/volumes/${volume}.nii.gz`, image);
    for (const [label, from] of [[29662, 0], [29663, 10]]) {
      const data = Int32Array.from({ length: 24 }, (_, i) => i >= from && i < from + 12 ? 1 : 0);
      await writeLabelVolume(`${folder}/segmentations/${volume}_${label}_1.nii.gz`, { grid, data });
    }
    const { subjects } = await findCohort(folder);
    const remarks = await inspectSubject(subjects[0], folder);
    assertStringIncludes(remarks[0], "10000067's MR shows no liver, spleen");
    await writeManifest(`${folder}/cohort.json`, {
      format: "crosswarp-cohort",
      version: 1,
      profile: "visceral",
      subjects,
    });
    const manifest = await readManifest(`${folder}/cohort.json`);
    const { data } = await readLabels(manifest.subjects[0].labels.mr!);
    // The swap is undone; where masks overlap the smaller id, first in the manifest, stays.
    assertEquals([data[0], data[9], data[10], data[11], data[12], data[21], data[22]], [
      29663,
      29663,
      29662,
      29662,
      29662,
      29662,
      0,
    ]);
    await Deno.remove(`${folder}/segmentations/${volume}_29662_1.nii.gz`);
    await assertRejects(
      () => readManifest(`${folder}/cohort.json`),
      ManifestError,
      "subject 10000067, labels.mr.29663: no file",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("findCohort() takes one's own files and says what is odd", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/more`);
    const grid = Grid.axisAligned([3, 3, 3], [1, 1, 12]);
    const image = { grid, data: new Float32Array(27).fill(7) };
    const other = {
      grid: Grid.axisAligned([3, 3, 3], [1, 1, 1]),
      data: new Int32Array(27).fill(2),
    };
    await Deno.mkdir(`${folder}/deep`);
    for (const name of ["anna_ct", "anna_mr", "more/ben_ct", "deep/dora_ct", "notes"]) {
      await writeVolume(`${folder}/${name}.nii.gz`, image);
    }
    for (const name of ["anna_ct", "anna_mr", "deep/dora_ct", "carl_mr"]) {
      await writeLabelVolume(`${folder}/${name}_labels.nii.gz`, other);
    }
    const { subjects, remarks } = await findCohort(folder);
    assertEquals(subjects.map(({ id, kind }) => `${id} ${kind}`), ["anna paired", "dora ct"]);
    assertEquals(subjects[1].images.ct, "deep/dora_ct.nii.gz");
    assertEquals(remarks, [
      "notes.nii.gz is left out: its name does not end in _ct, _mr, _ct_labels or _mr_labels, and neither its name " +
      "nor its folder's is one of ct, mr, ct_labels and mr_labels",
      "carl_mr_labels.nii.gz is left out: there is no image for it",
      "ben's CT has no labels: it is left out, since the study takes labels of all images or of none",
    ]);
    const odd = (await inspectSubject(subjects[0], folder)).join("\n");
    for (
      const part of [
        "anna_ct.nii.gz does not look like Hounsfield units: 7 to 7",
        "voxels of 12.0 mm",
        "anna's CT and its labels differ in their grids",
        "none of the study's label ids",
      ]
    ) {
      assertStringIncludes(odd, part);
    }
    const bare = await findCohort(`${folder}/more`);
    assertEquals(bare.remarks.length, 1);
    assertStringIncludes(bare.remarks[0], "No image has labels");
    await Deno.mkdir(`${folder}/empty`);
    await assertRejects(
      () => findCohort(`${folder}/empty`),
      ManifestError,
      "holds no image whose name",
    );
    await assertRejects(() => findCohort(`${folder}/none`), ManifestError, "Cannot read");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
