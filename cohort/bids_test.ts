import { assertEquals } from "@std/assert";
import { inFolder } from "../testing/in_folder.ts";
import { Grid } from "../volume/grid.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { bidsCohort, isBidsImage } from "./bids.ts";
import { findCohort } from "./find_cohort.ts";

Deno.test("bidsCohort() prefers T1w, and pairs the images of a subject or of a session", () => {
  const { subjects, remarks } = bidsCohort([
    "sub-01/anat/sub-01_T2w.nii.gz",
    "sub-01/anat/sub-01_acq-mprage_run-1_T1w.nii.gz",
    "sub-01/ct/sub-01_ct.nii.gz",
    "sub-02/ses-a/anat/sub-02_ses-a_FLAIR.nii",
    "sub-02/ses-b/ct/sub-02_ses-b_ct.nii.gz",
    "sub-03/ses-1/anat/sub-03_ses-1_T1w.nii.gz",
    "sub-03/ses-1/ct/sub-03_ses-1_ct.nii.gz",
    "sub-03/ses-2/anat/sub-03_ses-2_T1w.nii.gz",
    "sub-01/func/sub-01_task-rest_bold.nii.gz",
    "derivatives/seg/sub-01/anat/sub-01_T1w.nii.gz",
  ]);
  assertEquals(subjects, [
    {
      id: "sub-01",
      kind: "paired",
      images: {
        ct: "sub-01/ct/sub-01_ct.nii.gz",
        mr: "sub-01/anat/sub-01_acq-mprage_run-1_T1w.nii.gz",
      },
      labels: {},
    },
    {
      id: "sub-02",
      kind: "paired",
      images: {
        ct: "sub-02/ses-b/ct/sub-02_ses-b_ct.nii.gz",
        mr: "sub-02/ses-a/anat/sub-02_ses-a_FLAIR.nii",
      },
      labels: {},
    },
    {
      id: "sub-03_ses-1",
      kind: "paired",
      images: {
        ct: "sub-03/ses-1/ct/sub-03_ses-1_ct.nii.gz",
        mr: "sub-03/ses-1/anat/sub-03_ses-1_T1w.nii.gz",
      },
      labels: {},
    },
    {
      id: "sub-03_ses-2",
      kind: "mr",
      images: { mr: "sub-03/ses-2/anat/sub-03_ses-2_T1w.nii.gz" },
      labels: {},
    },
  ]);
  assertEquals(remarks, [
    "sub-01/anat/sub-01_T2w.nii.gz is left out: sub-01/anat/sub-01_acq-mprage_run-1_T1w.nii.gz is the same subject's",
    "sub-02 has its CT and its MR in different sessions: they are taken as a pair",
    "2 files are left out: its place or name is not that of a BIDS image of T1w, T2w, PDw, FLAIR or ct",
    "No image has labels: the study takes whole images, without Table 1 and Dice",
  ]);
});

Deno.test("isBidsImage() wants the subject in the folder and in the name", () => {
  for (
    const path of ["sub-01_ct.nii.gz", "sub-01/ct/sub-02_ct.nii.gz", "sub-01/ct/sub-01_ct.txt"]
  ) {
    assertEquals(isBidsImage(path), false, path);
  }
  assertEquals(isBidsImage("data/sub-01/ct/sub-01_ct.nii.gz"), true);
});

Deno.test("findCohort() knows a BIDS dataset, and one's own files with BIDS-like names", () =>
  inFolder(async (folder) => {
    const image = { grid: Grid.axisAligned([2, 2, 2], [1, 1, 3]), data: new Float32Array(8) };
    for (const place of ["ct/sub-01_ct", "anat/sub-01_T1w"]) {
      await Deno.mkdir(`${folder}/bids/sub-01/${place.split("/")[0]}`, { recursive: true });
      await writeVolume(`${folder}/bids/sub-01/${place}.nii.gz`, image);
    }
    await Deno.mkdir(`${folder}/own`);
    for (const modality of ["ct", "mr"]) {
      await writeVolume(`${folder}/own/sub-01_${modality}.nii.gz`, image);
    }
    for (const from of ["bids", "own"]) {
      const { subjects } = await findCohort(`${folder}/${from}`);
      assertEquals(subjects.map(({ id, kind }) => [id, kind]), [["sub-01", "paired"]]);
    }
  }));
