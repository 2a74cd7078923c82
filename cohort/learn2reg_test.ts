import { assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "../testing/in_folder.ts";
import { Grid } from "../volume/grid.ts";
import { writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";
import { findCohort, inspectSubject } from "./find_cohort.ts";
import { learn2RegCohort } from "./learn2reg.ts";
import { ManifestError, readManifest, writeManifest } from "./manifest.ts";
import { readLabels } from "./read_labels.ts";

const file = (sort: string, id: string, number: number) =>
  `L2R/${sort}/AbdomenMRCT_${id}_000${number}.nii.gz`;

Deno.test("learn2RegCohort() pairs the MR (0000) and the CT (0001) of a patient", () => {
  const training = ["imagesTr", "labelsTr", "masksTr"].flatMap((sort) => [
    file(sort, "0006", 0),
    file(sort, "0006", 1),
    file(sort, "0020", 0),
    file(sort, "0030", 1),
  ]);
  const others = [
    file("imagesTr", "0031", 1),
    file("imagesTs", "0009", 0),
    file("imagesTs", "0009", 1),
    file("labelsTs", "0009", 1),
    "L2R/other.nii.gz",
    file("labelsTr", "0032", 0),
    file("imagesTr", "0020", 0).replace("L2R", "M2R"),
    file("labelsTr", "0020", 0).replace("L2R", "M2R"),
  ];
  const { subjects, remarks } = learn2RegCohort(training.concat(others));
  assertEquals(subjects.map(({ id, kind }) => `${id} ${kind}`), [
    "0006 paired",
    "0020 mr",
    "0030 ct",
  ]);
  assertEquals(subjects[0].images, {
    ct: file("imagesTr", "0006", 1),
    mr: file("imagesTr", "0006", 0),
  });
  assertEquals(subjects[0].labels.mr, {
    file: file("labelsTr", "0006", 0),
    ids: { "1": 58, "2": 86, "3": 29662, "4": 29663 },
  });
  assertEquals(remarks, [
    "0020 has a second MR, M2R/imagesTr/AbdomenMRCT_0020_0000.nii.gz: the first is taken",
    "3 test files are left out: only the labels of the training set have the ids of the four organs",
    "4 masks are left out: a manifest has none",
    "1 file is left out: its name is not one of AbdomenMRCT",
    "0031's CT has no labels: it is left out, since the study takes labels of all images or of none",
    "L2R/labelsTr/AbdomenMRCT_0032_0000.nii.gz is left out: its image is not taken or not there",
    "M2R/labelsTr/AbdomenMRCT_0020_0000.nii.gz is left out: its image is not taken or not there",
  ]);
});

Deno.test("learn2RegCohort() takes whole images where none has labels", () => {
  const { subjects, remarks } = learn2RegCohort([
    file("imagesTr", "0006", 0),
    file("imagesTs", "0009", 0),
    file("imagesTs", "0009", 1),
  ]);
  assertEquals(subjects.map(({ id, kind, labels }) => [id, kind, labels]), [
    ["0006", "mr", {}],
    ["0009", "paired", {}],
  ]);
  assertEquals(remarks, [
    "No image has labels: the study takes whole images, without Table 1 and Dice",
  ]);
});

Deno.test("findCohort(), the manifest and readLabels() replace the ids of AbdomenMRCT", () =>
  inFolder(async (folder) => {
    const grid = Grid.axisAligned([4, 3, 2], [2, 2, 2]);
    const data = Float32Array.from({ length: 24 }, (_, i) => 50 * i - 400);
    const labels = Int32Array.from({ length: 24 }, (_, i) => i < 6 ? i : 0);
    for (const sort of ["images", "labels"]) await Deno.mkdir(`${folder}/${sort}Tr`);
    for (const number of [0, 1]) {
      const name = `AbdomenMRCT_0006_000${number}.nii.gz`;
      await writeVolume(`${folder}/imagesTr/${name}`, {
        grid,
        data: data.map((v) => number ? v : v + 400),
      });
      await writeLabelVolume(`${folder}/labelsTr/${name}`, { grid, data: labels });
    }
    const { subjects } = await findCohort(folder);
    assertEquals(await inspectSubject(subjects[0], folder), [
      "0006's CT shows no gallbladder, right lung, left lung, bladder, lumbar vertebra 1, right psoas, left psoas",
      "0006's MR shows no gallbladder, right lung, left lung, bladder, lumbar vertebra 1, right psoas, left psoas",
    ]);
    const path = `${folder}/cohort.json`;
    const manifest = { format: "crosswarp-cohort", version: 1, profile: "l2r", subjects } as const;
    await writeManifest(path, manifest);
    const [subject] = (await readManifest(path)).subjects;
    const read = await readLabels(subject.labels.ct!);
    assertEquals([...read.data.subarray(0, 7)], [0, 58, 86, 29662, 29663, 0, 0]);
    const refused = async (ids: Readonly<Record<string, number>>, words: string) => {
      const ct = { file: "a.nii.gz", ids };
      const wrong = { ...manifest, subjects: [{ ...subjects[0], labels: { ct } }] };
      await assertRejects(() => writeManifest(path, wrong), ManifestError, words);
    };
    const rule = "labels.ct.ids must give a label id for a label id, got";
    await refused({ "1": 0 }, `${rule} "1": 0`);
    // No voxel has an id that is written so.
    await refused({ "01": 58 }, `${rule} "01": 58`);
    await refused({ "1": 2 ** 31 }, `${rule} "1": 2147483648`);
    await refused({}, "labels.ct.ids names no label id");
    await Deno.remove(`${folder}/labelsTr/AbdomenMRCT_0006_0001.nii.gz`);
    await assertRejects(
      () => readManifest(path),
      ManifestError,
      "subject 0006, labels.ct.file: no file at",
    );
  }));
