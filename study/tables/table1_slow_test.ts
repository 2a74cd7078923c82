import type { Modality } from "../../volume/modality.ts";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { STRUCTURES } from "../../cohort/label_scheme.ts";
import { planCohort } from "../../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderLabels } from "../../cohort/phantom/imaging.ts";
import { type Manifest, readManifest, writeManifest } from "../../cohort/manifest.ts";
import { Grid } from "../../volume/grid.ts";
import { writeLabelVolume } from "../../volume/write_nifti.ts";
import { PAPER_TABLE_1 } from "./paper_tables.ts";
import { table1, table1Cells } from "./table1.ts";

Deno.test("the phantom cohort has the paper's mean volumes within 10 %, for CT and for MR", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { subjects } = planCohort({ profile: "smoke", seed: 1 });
    const manifest: Manifest = {
      format: "crosswarp-cohort",
      version: 1,
      profile: "smoke",
      subjects: subjects.filter((s) => s.kind !== "paired").map(({ id, kind }) => ({
        id,
        kind,
        images: { [kind]: `${id}.nii.gz` },
        labels: { [kind]: `${id}.nii.gz` },
      })),
    };
    for (const { id, kind, body, images } of subjects) {
      const plan = kind === "paired" ? undefined : images[kind];
      if (plan === undefined) continue;
      const labels = renderLabels(body, plan, imageGrid(body, plan));
      await writeLabelVolume(`${folder}/${id}.nii.gz`, labels);
    }
    await writeManifest(`${folder}/cohort.json`, manifest);
    const rows = await table1(await readManifest(`${folder}/cohort.json`));
    assertEquals(rows.length, 11);
    for (const { structure, ct, mr } of rows) {
      for (
        const [measured, paper] of [[ct, PAPER_TABLE_1[structure].ct], [
          mr,
          PAPER_TABLE_1[structure].mr,
        ]]
      ) {
        assertGreater(measured / paper, 0.9, `${structure}: ${measured} cm3, paper ${paper}`);
        assertLess(measured / paper, 1.1, `${structure}: ${measured} cm3, paper ${paper}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("table1Cells() has the paper's printed volumes and ratios", () => {
  const rows = STRUCTURES.map(({ name }) => ({ structure: name, ct: 1, mr: 1 }));
  const printed = table1Cells(rows).slice(1).map((cells) => cells.slice(4).map(Number));
  const columns = [0, 1, 2].map((i) => printed.map((row) => row[i]));
  assertEquals(columns, [
    [1896, 244, 42, 2598, 2253, 198, 63, 185, 197, 208, 188],
    [1576, 248, 201, 1338, 1144, 153, 62, 211, 225, 158, 180],
    [120, 98, 21, 194, 197, 129, 101, 88, 88, 131, 105],
  ]);
});

Deno.test("table1() measures volumes in cm3 and leaves out pairs and excluded structures", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const grid = Grid.axisAligned([10, 10, 10], [10, 5, 4]);
    const data = new Int32Array(1000).fill(58, 0, 500).fill(86, 500, 600);
    await writeLabelVolume(`${folder}/l.nii.gz`, { grid, data });
    const files = (kind: Modality) => ({
      images: { [kind]: "l.nii.gz" },
      labels: { [kind]: "l.nii.gz" },
    });
    await writeManifest(`${folder}/cohort.json`, {
      format: "crosswarp-cohort",
      version: 1,
      profile: "own",
      subjects: [
        { id: "a", kind: "ct", ...files("ct") },
        { id: "b", kind: "mr", ...files("mr"), exclude: { mr: [86] } },
        {
          id: "c",
          kind: "paired",
          images: { ct: "l.nii.gz", mr: "l.nii.gz" },
          labels: { ct: "l.nii.gz", mr: "l.nii.gz" },
        },
      ],
    });
    const rows = await table1(await readManifest(`${folder}/cohort.json`));
    assertEquals(rows[0], { structure: "liver", ct: 100, mr: 100 });
    assertEquals(rows[1], { structure: "spleen", ct: 20, mr: NaN });
    assertEquals(table1Cells(rows)[1], ["liver", "100", "100", "100", "1896", "1576", "120"]);
    assertEquals(table1Cells(rows)[2], ["spleen", "20", "-", "-", "244", "248", "98"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
