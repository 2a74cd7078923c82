/** Names of files as people write them, and folders with files that cannot be used. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";
import { findCohort, inspectSubject, withoutBadFiles } from "./find_cohort.ts";
import { type FileProblem, ManifestError, readManifest, writeManifest } from "./manifest.ts";
import { inFolder } from "../testing/in_folder.ts";

const grid = Grid.axisAligned([4, 4, 4], [2, 2, 2]);
const image = { grid, data: Float32Array.from({ length: 64 }, (_, i) => 20 * i - 500) };
const labels = { grid, data: Int32Array.from({ length: 64 }, (_, i) => i === 9 ? 58 : 0) };

Deno.test("findCohort() takes names with letters of all languages and with spaces", () =>
  inFolder(async (folder) => {
    const names = ["Müller", "patient 2", "Ωμέγα", "王小明", "José (left)", "a+b", "x.y-z_1"];
    for (const name of names) {
      await writeVolume(`${folder}/${name}_ct.nii.gz`, image);
      await writeVolume(`${folder}/${name}_mr.nii.gz`, image);
    }
    const { subjects, remarks } = await findCohort(folder);
    assertEquals(subjects.map(({ id }) => id).sort(), [...names].sort());
    assertEquals(subjects.every(({ kind }) => kind === "paired"), true);
    assertEquals(remarks.filter((remark) => remark.includes("left out")), []);
    const path = `${folder}/cohort.json`;
    await writeManifest(path, { format: "crosswarp-cohort", version: 1, profile: "own", subjects });
    assertEquals((await readManifest(path)).subjects.length, names.length);
  }));

Deno.test("findCohort() takes a folder for each subject, and a folder for each kind of file", () =>
  inFolder(async (folder) => {
    const files = [
      "paired/anna/ct",
      "paired/anna/mr",
      "paired/anna/ct_labels",
      "paired/anna/mr_labels",
      "paired/anna/ct_tumour",
      "train_ct/bert",
      "train_ct_labels/bert",
      "MR/carl",
      "MR/carl_labels",
      "out_mr/warped",
      "ct",
    ];
    for (const file of files) {
      const path = `${folder}/${file}.nii.gz`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      if (file.includes("labels")) await writeLabelVolume(path, labels);
      else await writeVolume(path, image);
    }
    const { subjects, remarks } = await findCohort(folder);
    assertEquals(subjects.toSorted((a, b) => a.id < b.id ? -1 : 1), [
      {
        id: "anna",
        kind: "paired",
        images: { ct: "paired/anna/ct.nii.gz", mr: "paired/anna/mr.nii.gz" },
        labels: { ct: "paired/anna/ct_labels.nii.gz", mr: "paired/anna/mr_labels.nii.gz" },
      },
      {
        id: "bert",
        kind: "ct",
        images: { ct: "train_ct/bert.nii.gz" },
        labels: { ct: "train_ct_labels/bert.nii.gz" },
      },
      {
        id: "carl",
        kind: "mr",
        images: { mr: "MR/carl.nii.gz" },
        labels: { mr: "MR/carl_labels.nii.gz" },
      },
    ]);
    assertEquals(remarks.map((remark) => remark.split(" is left out")[0]), [
      "ct.nii.gz",
      "out_mr/warped.nii.gz",
      "paired/anna/ct_tumour.nii.gz",
    ]);
  }));

Deno.test("findCohort() pairs no two training images, and names pairs from two folders", () =>
  inFolder(async (folder) => {
    for (const path of ["train_ct/001", "train_mr/001", "a/002/ct", "b/002/mr"]) {
      const file = `${folder}/${path}.nii.gz`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await writeVolume(file, image);
    }
    const { subjects, remarks } = await findCohort(folder);
    assertEquals(
      subjects.map(({ id, kind }) => `${id} ${kind}`).sort(),
      ["001_ct ct", "001_mr mr", "002 paired"],
    );
    const text = remarks.join("\n");
    assertStringIncludes(text, "a/002/ct.nii.gz and b/002/mr.nii.gz are a pair by their names");
  }));

Deno.test("findCohort() knows one name in its two Unicode forms", () =>
  inFolder(async (folder) => {
    await writeVolume(`${folder}/${"Müller".normalize("NFC")}_ct.nii.gz`, image);
    await writeVolume(`${folder}/${"Müller".normalize("NFD")}_mr.nii.gz`, image);
    const { subjects } = await findCohort(folder);
    assertEquals(subjects.map(({ id, kind }) => [id, kind]), [["Müller", "paired"]]);
  }));

Deno.test("findCohort() leaves out names with the true reason", () =>
  inFolder(async (folder) => {
    const names = ["a_ct", "a,b_ct", "-x_ct", " y_ct", "b$_mr", "c", "_ct", ".hidden_ct"];
    for (const name of names) await writeVolume(`${folder}/${name}.nii.gz`, image);
    const { subjects, remarks } = await findCohort(folder);
    assertEquals(subjects.map(({ id }) => id), ["a"]);
    const reason = (file: string) => remarks.find((remark) => remark.startsWith(`${file}.nii`))!;
    for (const name of ["a,b_ct", "-x_ct", " y_ct", "b$_mr", "_ct", ".hidden_ct"]) {
      assertStringIncludes(reason(name), "must begin with a letter or a digit", name);
      assertEquals(reason(name).includes("does not end in"), false);
    }
    assertStringIncludes(reason("c"), "its name does not end in _ct, _mr, _ct_labels");
  }));

Deno.test("a cohort's problems are all found, and the rest can be taken", () =>
  inFolder(async (folder) => {
    for (const id of ["good", "cut", "link", "labels", "masks"]) {
      await writeVolume(`${folder}/${id}_ct.nii.gz`, image);
      await writeLabelVolume(`${folder}/${id}_ct_labels.nii.gz`, labels);
    }
    const bytes = await Deno.readFile(`${folder}/cut_ct.nii.gz`);
    await Deno.writeFile(`${folder}/cut_ct.nii.gz`, bytes.subarray(0, bytes.length - 9));
    await Deno.symlink("/no/such/image.nii.gz", `${folder}/link_mr.nii.gz`);
    await writeLabelVolume(`${folder}/link_mr_labels.nii.gz`, labels);
    await Deno.symlink("/no/such/text", `${folder}/readme`);
    await Deno.symlink(folder, `${folder}/itself`);
    await Deno.writeTextFile(`${folder}/labels_ct_labels.nii.gz`, "text");
    const found = await findCohort(folder);
    assertEquals(found.problems.map(({ path }) => path), ["link_mr.nii.gz"]);
    const problems: FileProblem[] = [...found.problems];
    for (const subject of found.subjects) {
      await inspectSubject(subject, folder, { onProblem: (problem) => problems.push(problem) });
    }
    assertEquals([...new Set(problems.map(({ path }) => path))].sort(), [
      "cut_ct.nii.gz",
      "labels_ct_labels.nii.gz",
      "link_mr.nii.gz",
    ]);
    const text = problems.map(({ message }) => message).join("\n");
    for (
      const words of [
        "compression",
        "is not a NIfTI, NRRD, MetaImage or Analyze file",
        "leads to nothing",
      ]
    ) {
      assertStringIncludes(text, words);
    }
    const rest = withoutBadFiles(found.subjects, problems);
    assertEquals(rest.map(({ id }) => id), ["good", "masks"]);
    // Without a function for problems the first one is thrown.
    const [cut] = found.subjects.filter(({ id }) => id === "cut");
    await assertRejects(() => inspectSubject(cut, folder), Error, "compression");
  }));

Deno.test("inspectSubject() finds every damaged mask of a subject", () =>
  inFolder(async (folder) => {
    const masks = { "58": "58.nii.gz", "86": "86.nii.gz", "237": "237.nii.gz" };
    await writeVolume(`${folder}/ct.nii.gz`, image);
    await writeLabelVolume(`${folder}/58.nii.gz`, labels);
    for (const id of ["86", "237"]) await Deno.writeTextFile(`${folder}/${id}.nii.gz`, "text");
    const problems: string[] = [];
    const subject = {
      id: "a",
      kind: "ct" as const,
      images: { ct: "ct.nii.gz" },
      labels: { ct: masks },
    };
    await inspectSubject(subject, folder, { onProblem: ({ path }) => problems.push(path) });
    assertEquals(problems.sort(), ["237.nii.gz", "86.nii.gz"]);
  }));

Deno.test("findCohort() refuses a folder whose only file is a dangling link by its reason", () =>
  inFolder(async (folder) => {
    await Deno.symlink("/no/such/image.nii.gz", `${folder}/a_ct.nii.gz`);
    const { subjects, problems } = await findCohort(folder);
    assertEquals(subjects.map(({ id }) => id), ["a"]);
    assertStringIncludes(problems[0].message, "leads to nothing");
    await assertRejects(() => findCohort(`${folder}/none`), ManifestError, "Cannot read");
  }));

Deno.test("inspectSubject() names padding, and what it counts as", async () => {
  const folder = await Deno.makeTempDir();
  const grid = Grid.axisAligned([10, 10, 10], [2, 2, 2]);
  const data = Float32Array.from({ length: 1000 }, (_, i) => i < 250 ? -3024 : 2 * i - 1524);
  await writeVolume(`${folder}/a_ct.nii.gz`, { grid, data });
  const subject = { id: "a", kind: "ct", images: { ct: "a_ct.nii.gz" }, labels: {} } as const;
  assertEquals(await inspectSubject(subject, folder), [
    "a_ct.nii.gz: 25.0 % of the voxels are padding of -3024; they count as -1024",
  ]);
  await Deno.remove(folder, { recursive: true });
});
