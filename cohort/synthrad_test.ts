import { assertEquals } from "@std/assert";
import { inFolder } from "../testing/in_folder.ts";
import { Grid } from "../volume/grid.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { findCohort } from "./find_cohort.ts";
import { synthRadCohort } from "./synthrad.ts";

Deno.test("synthRadCohort() pairs the images of a patient's folder", () => {
  const patients = ["Task1/AB/1ABA001", "Task1/TH/1THB104"].flatMap((folder) =>
    ["ct", "mr", "mask"].map((name) => `${folder}/${name}.mha`)
  );
  const others = ["Val/HN/1HNC010/mr.mha", "copy/1ABA001/ct.mha", "Task2/AB/2ABA001/ct.mha"];
  const { subjects, remarks } = synthRadCohort(patients.concat(others));
  assertEquals(subjects, [
    {
      id: "1ABA001",
      kind: "paired",
      images: { ct: "Task1/AB/1ABA001/ct.mha", mr: "Task1/AB/1ABA001/mr.mha" },
      labels: {},
    },
    {
      id: "1THB104",
      kind: "paired",
      images: { ct: "Task1/TH/1THB104/ct.mha", mr: "Task1/TH/1THB104/mr.mha" },
      labels: {},
    },
    { id: "1HNC010", kind: "mr", images: { mr: "Val/HN/1HNC010/mr.mha" }, labels: {} },
  ]);
  assertEquals(remarks, [
    "1ABA001 has a second CT, copy/1ABA001/ct.mha: the first is taken",
    "2 masks are left out: a manifest has none",
    "1 file is left out: its name is not one of SynthRAD2025's Task 1",
    "No image has labels: the study takes whole images, without Table 1 and Dice",
  ]);
});

Deno.test("findCohort() knows the folders of SynthRAD2025, also from within", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/AB/1ABA001`, { recursive: true });
    const image = { grid: Grid.axisAligned([2, 2, 2], [1, 1, 3]), data: new Float32Array(8) };
    for (const name of ["ct", "mr"]) await writeVolume(`${folder}/AB/1ABA001/${name}.mha`, image);
    for (const from of [folder, `${folder}/AB`]) {
      const { subjects } = await findCohort(from);
      assertEquals(subjects.map(({ id, kind }) => [id, kind]), [["1ABA001", "paired"]]);
    }
  }));
