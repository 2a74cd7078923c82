import { assert, assertEquals, assertThrows } from "@std/assert";
import { forgetStages } from "../forget_stages.ts";
import { ablationCycleGansStage } from "./ablation_cycle_gans.ts";
import { ablationsStage } from "./ablations.ts";
import { cohortStage } from "./cohort.ts";
import { originalsStage } from "./originals.ts";
import type { Stage } from "./stage.ts";
import { StageResults } from "./stage_results.ts";
import { STAGES, STUDY_STAGES } from "./stages.ts";
import { synthesesStage } from "./syntheses.ts";
import { table1Stage } from "./table1.ts";

Deno.test("STUDY_STAGES have unique names, and each comes after the stages that it needs", () => {
  assertEquals(new Set(STAGES).size, STAGES.length);
  const before = new Set<Stage>();
  for (const stage of STUDY_STAGES) {
    for (const needed of stage.needs) {
      assert(before.has(needed), `${stage.name} needs ${needed.name}`);
    }
    before.add(stage);
  }
});

Deno.test("STUDY_STAGES leave different files", () => {
  const left = STUDY_STAGES.flatMap((stage) => stage.leaves({ isPhantom: true }));
  assertEquals(new Set(left).size, left.length);
});

Deno.test("forgetStages() tells the syntheses and models of the ablations from those of Table 2", async () => {
  const out = await Deno.makeTempDir();
  const ofTable2 = [
    "synthesis/a_thorax_corrected-mr.json",
    "synthesis/a_thorax_corrected-mr.nii.gz",
  ];
  const ofAblations = [
    "models/thorax_c1_p22_011111.json",
    "models/thorax_c1_p22_111110.json",
    "synthesis/a_thorax_corrected-mr-without-registered-start.json",
    "synthesis/a_thorax_corrected-mr-without-registered-start.nii.gz",
  ];
  const others = [
    "models/thorax_c1_p22.json",
    "models/thorax_c1_p22_corrected.json",
    "synthesis/a_thorax_mr.png",
  ];
  const there = async () => {
    const names: string[] = [];
    for (const folder of ["models", "synthesis"]) {
      for await (const { name } of Deno.readDir(`${out}/${folder}`)) {
        names.push(`${folder}/${name}`);
      }
    }
    return names.sort();
  };
  await Deno.mkdir(`${out}/models`);
  await Deno.mkdir(`${out}/synthesis`);
  for (const file of [...ofTable2, ...ofAblations, ...others]) {
    await Deno.writeTextFile(`${out}/${file}`, "");
  }
  await forgetStages(out, [synthesesStage], { isPhantom: true });
  assertEquals(await there(), [...ofAblations, ...others].sort());
  await forgetStages(out, [ablationCycleGansStage, ablationsStage], { isPhantom: true });
  assertEquals(await there(), others);
  await Deno.remove(out, { recursive: true });
});

Deno.test("StageResults throws when a stage has not run", () => {
  const results = new StageResults();
  results.keep(table1Stage, []);
  assertEquals(results.of(table1Stage), []);
  assertThrows(() => results.of(originalsStage), Error, '"originals" has not run');
});

Deno.test("forgetStages() removes what the stages leave, and no other column's files", async () => {
  const out = await Deno.makeTempDir();
  await Deno.mkdir(`${out}/cohort`);
  await Deno.mkdir(`${out}/registrations`);
  const files = ["nmi", "nmi+mind-1-0.2", "synthesised-mr-c3-p70"]
    .flatMap((
      name,
    ) => [`registrations/a_thorax_${name}.json`, `registrations/a_thorax_${name}.png`]);
  for (const file of ["cohort/cohort.json", "table1.json", ...files]) {
    await Deno.writeTextFile(`${out}/${file}`, "");
  }
  const names = async (folder: string) =>
    (await Array.fromAsync(Deno.readDir(`${out}/${folder}`))).map(({ name }) => name).sort();
  await forgetStages(out, [cohortStage, table1Stage, originalsStage], { isPhantom: false });
  assertEquals(await names(""), ["cohort", "registrations"], "a user's own cohort stays");
  assertEquals(await names("registrations"), [
    "a_thorax_nmi+mind-1-0.2.json",
    "a_thorax_nmi+mind-1-0.2.png",
    "a_thorax_synthesised-mr-c3-p70.json",
    "a_thorax_synthesised-mr-c3-p70.png",
  ]);
  await forgetStages(out, [cohortStage], { isPhantom: true });
  assertEquals(await names(""), ["registrations"]);
  await Deno.remove(out, { recursive: true });
});
