/** `register --cohort` as a user runs it: several pairs, one of them broken, in parts and again. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as register from "../tasks/register.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { callModule } from "../testing/run_task.ts";
import { Grid, type Triple, writeLabelVolume, writeVolume } from "../volume/mod.ts";

/** A body with an organ, displaced by `shift` mm. */
async function writeBody(path: string, shift: Triple): Promise<void> {
  const grid = Grid.axisAligned([26, 22, 20], [4, 4, 4], [-50, -42, -38]);
  const image = new Float32Array(grid.voxels);
  const labels = new Int32Array(grid.voxels);
  for (let i = 0; i < grid.voxels; i++) {
    const [x, y, z] = grid.world([i % 26, Math.floor(i / 26) % 22, Math.floor(i / 572)])
      .map((value, axis) => value - shift[axis]);
    const noise = ((i * 2654435761) >>> 0) / 4294967296;
    const isBody = (x / 40) ** 2 + (y / 30) ** 2 + (z / 50) ** 2 < 1;
    const isOrgan = ((x - 12) / 14) ** 2 + (y / 12) ** 2 + ((z - 6) / 16) ** 2 < 1;
    image[i] = (isOrgan ? 500 : isBody ? 200 : 0) + 10 * noise;
    if (isOrgan) labels[i] = 58;
  }
  await writeVolume(`${path}.nii.gz`, { grid, data: image });
  await writeLabelVolume(`${path}_labels.nii.gz`, { grid, data: labels });
}

const states = async (out: string) =>
  (await Deno.readTextFile(`${out}/cases.csv`)).trim().split("\n").slice(1)
    .map((line) => line.split(",").slice(0, 2).join(": "));

Deno.test({
  name: "register --cohort registers what it can, says what it cannot, and goes on with --resume",
  ignore: SKIPS_GPU,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    await writeBody(`${folder}/fixed`, [0, 0, 0]);
    await writeBody(`${folder}/near`, [5, 3, -4]);
    await writeBody(`${folder}/far`, [-6, 4, 2]);
    const table = (broken: string) =>
      Deno.writeTextFile(
        `${folder}/pairs.csv`,
        "case,fixed,moving,fixed_labels,moving_labels\n" +
          "near,fixed.nii.gz,near.nii.gz,fixed_labels.nii.gz,near_labels.nii.gz\n" +
          `broken,fixed.nii.gz,${broken},,\n` +
          "far,fixed.nii.gz,far.nii.gz,fixed_labels.nii.gz,far_labels.nii.gz\n",
      );
    await table("missing.nii.gz");
    const out = `${folder}/out`;
    const run = async (...more: string[]) => {
      const args = ["--cohort", `${folder}/pairs.csv`, "--out", out, "--rigid-only"];
      return await callModule(register, ...args, ...more);
    };

    // The second part has the last two cases. Those of the first part are not registered yet.
    const second = await run("--shard", "2/2");
    assertEquals(second.code, 1, second.text);
    assertStringIncludes(second.text, "broken: no result. Cannot read");
    assertStringIncludes(second.text, "1 without a result, 1 not registered");
    const [near, broken, far] = await states(out);
    assertEquals([near, broken], ["near: not registered", "broken: no result"]);
    assertMatch(far, /^far: (good|doubtful)$/);
    const written = await Deno.stat(`${out}/far/warped.nii.gz`);

    const first = await run("--shard", "1/2");
    assertEquals(first.code, 0, first.text);
    assertMatch((await states(out))[0], /^near: (good|doubtful)$/);
    const [, ...rows] = (await Deno.readTextFile(`${out}/cases.csv`)).trim().split("\n");
    const [, , before, after, hausdorff] = rows[0].split(",").map(Number);
    assert(after > before && after > 0.9, rows[0]);
    assert(hausdorff > 0 && hausdorff <= 4, rows[0]);
    const page = await Deno.readTextFile(`${out}/report.html`);
    assertStringIncludes(page, '<a href="near/report.html">');
    assertEquals(page.match(/<img/g)?.length, 2);
    // What a script of the page could load from elsewhere.
    assertEquals(page.match(/(src|href)="http/g), null);
    const report = await Deno.readTextFile(`${out}/near/report.html`);
    assertStringIncludes(report, "Registration of near");
    assertMatch(report, /register --fixed \S+fixed.nii.gz --moving \S+near.nii.gz/);

    // The broken line is mended. The finished cases stay as they are.
    await table("near.nii.gz");
    const again = await run("--resume");
    assertEquals(again.code, 0, again.text);
    assertStringIncludes(again.text, "far: it is registered already");
    assertStringIncludes(again.text, "3 cases: ");
    const { mtime } = await Deno.stat(`${out}/far/warped.nii.gz`);
    assertEquals(mtime, written.mtime);

    // A file with other content is another case, although it has the same name.
    await writeBody(`${folder}/far`, [-6, 4, 9]);
    const changed = await run("--resume", "--shard", "3/3");
    assertEquals(changed.text.includes("registered already"), false, changed.text);

    // An intermediate result of other settings does not end the case. A DICOM series that is missing is made, or refused.
    await table("near.nii.gz");
    await Deno.writeTextFile(
      `${out}/near/checkpoint.json`,
      '{"format":"crosswarp-checkpoint","version":3,"identity":{"--seed":"1"}}',
    );
    const other = await run("--resume", "--shard", "1/2", "--seed", "7");
    assertEquals(other.code, 0, other.text);
    assertStringIncludes(
      other.text,
      "near/checkpoint.json is damaged or of another run, and is not used",
    );
    const dicom = await run(
      "--resume",
      "--shard",
      "1/2",
      "--seed",
      "7",
      "--dicom-out",
      `${out}_dicom`,
    );
    assertEquals(dicom.code, 1);
    assertStringIncludes(
      dicom.text,
      "near: no result. --dicom-out needs a --fixed that is a DICOM",
    );
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("register --cohort notices before the work that the folder of a case cannot be written", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${folder}/pairs.csv`,
    "case,fixed,moving\na,b.nii,c.nii\nd,b.nii,c.nii\n",
  );
  await Deno.mkdir(`${folder}/out`);
  await Deno.writeTextFile(`${folder}/out/d`, "");
  const args = ["--cohort", `${folder}/pairs.csv`, "--out", `${folder}/out`];
  const { code, text } = await callModule(register, ...args);
  assertEquals(code, 1);
  assertMatch(text, /Cannot write to \S+out\/d: \S+ is not a folder/);
  assertEquals(await Array.fromAsync(Deno.readDir(`${folder}/out`), ({ name }) => name), ["d"]);
  // The space of landmarks is a setting of all cases.
  const spaced = await callModule(register, ...args, "--point-space", "lps");
  assertEquals(spaced.code, 2);
  assertStringIncludes(spaced.text, "no case of the cohort has landmarks");
  await Deno.writeTextFile(
    `${folder}/pairs.csv`,
    "case,fixed,moving,fixed_points,moving_points\nd,b.nii,c.nii,p.csv,q.csv\n",
  );
  const landmarks = await callModule(register, ...args, "--point-space", "lps");
  assertStringIncludes(landmarks.text, "Cannot write to", landmarks.text);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("register --cohort refuses the files of one registration, and what it needs alone", async () => {
  const cases: [string[], string][] = [
    [["--cohort", "a.csv", "--fixed", "b.nii", "--out", "o"], "--fixed does nothing with --cohort"],
    [["--fixed", "a", "--moving", "b", "--out", "o", "--shard", "1/2"], "--shard needs --cohort"],
    [["--fixed", "a", "--out", "o"], "--moving is required without --cohort"],
    [["--cohort", "a.csv", "--out", "o", "--shard", "3/2"], "--shard: a shard is i/n"],
  ];
  for (const [args, words] of cases) {
    const { code, text } = await callModule(register, ...args);
    assertEquals(code, 2, text);
    assertStringIncludes(text, words);
  }
  const { code, text } = await callModule(register, "--cohort", "no.csv", "--out", "o");
  assertEquals(code, 1);
  assertStringIncludes(text, "Cannot read no.csv");
});
