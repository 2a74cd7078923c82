/** The way from VISCERAL's files to the study, on phantoms under VISCERAL's names. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { STRUCTURES } from "../cohort/label_scheme.ts";
import { readManifest } from "../cohort/manifest.ts";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import { readLabels } from "../cohort/read_labels.ts";
import { profileOf } from "../workflows/profiles.ts";
import { reproduce } from "../study/reproduce.ts";
import { scoredLabels } from "../study/scores/pair_scores.ts";
import { readRegionPair } from "../study/subjects.ts";
import { studyRegions } from "../study/regions.ts";
import { labelVolumes } from "../study/tables/table1.ts";
import { readLabelVolume, writeLabelVolume } from "../volume/mod.ts";
import { gpuTest } from "../testing/gpu.ts";
import { task } from "../testing/run_task.ts";

const PATIENTS = { "10000021": "paired-01", "10000067": "paired-02", "10000080": "paired-03" };
const RIGHT_KIDNEY = 29662;
const LEFT_KIDNEY = 29663;
const FIRST_LUMBAR = 29193;

/** Writes an image and a mask for each structure, as the challenge ships them. */
async function ship(folder: string, phantom: string, from: string, volume: string): Promise<void> {
  await Deno.copyFile(`${phantom}/${from}.nii.gz`, `${folder}/volumes/${volume}.nii.gz`);
  const { grid, data } = await readLabelVolume(`${phantom}/${from}_labels.nii.gz`);
  for (const { label } of STRUCTURES) {
    // The challenge's mistake, which section 2 corrects.
    const isSwapped = volume === "10000067_1_MRT1_wb";
    const shown = !isSwapped
      ? label
      : label === RIGHT_KIDNEY
      ? LEFT_KIDNEY
      : label === LEFT_KIDNEY
      ? RIGHT_KIDNEY
      : label;
    const mask = data.map((value) => value === shown ? 1 : 0);
    const path = `${folder}/segmentations/${volume}_${label}_4.nii.gz`;
    await writeLabelVolume(path, { grid, data: mask });
  }
}

gpuTest(
  "task cohort makes a cohort for the study from VISCERAL's files, with the paper's corrections",
  async (gpu) => {
    const root = await Deno.makeTempDir();
    const folder = `${root}/visceral`;
    const phantom = `${root}/phantom`;
    await writePhantomCohort({ out: phantom, profile: "smoke", subjects: "paired" });
    for (const name of ["volumes", "segmentations"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    }
    for (const [patient, from] of Object.entries(PATIENTS)) {
      await ship(folder, phantom, `${from}_ct`, `${patient}_1_CT_wb`);
      await ship(folder, phantom, `${from}_mr`, `${patient}_1_MRT1_wb`);
    }
    await ship(folder, phantom, "paired-01_ct", "10000005_1_CT_wb");
    await ship(folder, phantom, "paired-02_mr", "10000301_1_MRT1_wb");

    const { code, text } = await task("cohort", "--from", folder);
    assertEquals(code, 0, text);
    assertStringIncludes(text, "3 paired, 1 CT and 1 MR subjects");
    assertStringIncludes(
      text,
      "10000067's MR: the labels of right kidney and left kidney are exchanged",
    );
    assertStringIncludes(text, "10000080's MR: the scores leave out lumbar vertebra 1");
    // The CT is at inhale and the MR at exhale.
    assertStringIncludes(text, "- The lungs of the CT images measure");
    const manifest = await readManifest(`${folder}/cohort.json`);
    assertEquals(studyRegions(manifest), ["thorax", "abdomen"]);
    for (const [patient, from] of Object.entries(PATIENTS)) {
      const { labels } = manifest.subjects.find(({ id }) => id === patient)!;
      for (const modality of ["ct", "mr"] as const) {
        const truth = await readLabelVolume(`${phantom}/${from}_${modality}_labels.nii.gz`);
        const { data } = await readLabels(labels[modality]!);
        assert(data.every((label, i) => label === truth.data[i]), `${patient} ${modality}`);
      }
    }
    const third = manifest.subjects.find(({ id }) => id === "10000080")!;
    const pair = await readRegionPair(gpu, third, "abdomen", 8);
    assert(!scoredLabels("abdomen", pair.excluded).includes(FIRST_LUMBAR));

    // The study reads the masks itself.
    const out = `${root}/out`;
    await reproduce(gpu, {
      profile: profileOf("smoke"),
      seed: 1,
      out,
      version: "test",
      cohort: `${folder}/cohort.json`,
      only: ["table1"],
    });
    const { value } = JSON.parse(await Deno.readTextFile(`${out}/table1.json`));
    const volumes = labelVolumes(await readLabelVolume(`${phantom}/paired-01_ct_labels.nii.gz`));
    assertEquals(
      value.map(({ ct }: { ct: number }) => ct),
      STRUCTURES.map(({ label }) => volumes.get(label)),
    );
    await Deno.remove(root, { recursive: true });
  },
);
