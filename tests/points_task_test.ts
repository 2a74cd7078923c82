/** The points task as a user runs it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodeTransform } from "../registration/transform_file.ts";
import { callTask } from "../tasks/_run_task.ts";
import * as apply from "../tasks/apply.ts";
import * as points from "../tasks/points.ts";
import { callModule } from "../testing/run_task.ts";
import { Grid } from "../volume/grid.ts";
import { writeVolume } from "../volume/write_nifti.ts";

/** Fixed images around 0, moving images 100 mm to the right; a quarter turn about z, then 100 mm to the right. */
const TRANSFORM = encodeTransform({
  rigid: [0, -1, 0, 100, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  fixedGrid: Grid.axisAligned([41, 41, 41], [1, 1, 1], [-20, -20, -20]),
  movingGrid: Grid.axisAligned([41, 41, 41], [1, 1, 1], [80, -20, -20]),
});

Deno.test("task points maps points of the fixed image to the moving image, and back with --inverse", async (t) => {
  const folder = await Deno.makeTempDir();
  const file = (name: string) => `${folder}/${name}`;
  const write = (name: string, text: string) => Deno.writeTextFile(file(name), text);
  const read = (name: string) => Deno.readTextFile(file(name));
  await write("t.json", TRANSFORM);
  const run = (from: string, to: string, ...more: string[]) => {
    const paths = ["--transform", file("t.json"), "--points", file(from), "--out", file(to)];
    return callModule(points, ...paths, ...more);
  };

  await t.step("RAS", async () => {
    await write("fixed.csv", "name,x,y,z\na,1,2,3\nb,-4,5,6\n");
    const { code, text } = await run("fixed.csv", "moving.csv", "--point-space", "ras");
    assertEquals(code, 0, text);
    assertStringIncludes(text, "2 points, from the fixed to the moving image, RAS mm");
    // (x, y, z) becomes (100 - y, x, z).
    assertEquals(await read("moving.csv"), "name,x,y,z\na,98,1,3\nb,95,-4,6\n");
    const back = await run("moving.csv", "back.csv", "--point-space", "ras", "--inverse");
    assertEquals(back.code, 0, back.text);
    assertStringIncludes(back.text, "from the moving to the fixed image");
    assertEquals(await read("back.csv"), await read("fixed.csv"));
  });

  await t.step("LPS gives another result for the same numbers", async () => {
    const { code, text } = await run("fixed.csv", "lps.csv", "--point-space", "lps");
    assertEquals(code, 0, text);
    // (1, 2, 3) in LPS is (-1, -2, 3) in RAS, which becomes (102, -1, 3), and that is (-102, 1, 3) in LPS.
    assertEquals(await read("lps.csv"), "name,x,y,z\na,-102,1,3\nb,-105,-4,6\n");
  });

  await t.step("warns of points outside, and refuses files of the other image", async () => {
    await write("some.csv", "r,a,s\n1,2,3\n90,0,0\n");
    const some = await run("some.csv", "some_out.csv");
    assertEquals(some.code, 0, some.text);
    assertStringIncludes(some.text, "1 of 2 points are outside the fixed image");
    const other = await run("moving.csv", "wrong.csv", "--point-space", "ras");
    assertEquals(other.code, 1, other.text);
    assertStringIncludes(other.text, "has no point inside the fixed image");
    assertStringIncludes(other.text, "Give --inverse if the points belong to the moving image");
    await Deno.stat(file("wrong.csv")).then(
      () => assertEquals("a file", "no file"),
      () => {},
    );
  });

  await t.step("refuses suffixes and missing files", async () => {
    const cases = [
      [await run("fixed.csv", "out.fcsv"), 2, "--out must end in .csv, as --points does"],
      [await run("t.json", "out.json"), 2, "--points must end in .csv, .fcsv"],
      [await run("none.csv", "out.csv"), 1, "there is no such file"],
      [await run("fixed.csv", "none/out.csv"), 1, "does not exist. Make the folder first."],
      [await run("fixed.csv", "out.csv"), 1, "does not state the axes"],
    ] as const;
    for (const [{ code, text }, expected, message] of cases) {
      assertEquals(code, expected, text);
      assertStringIncludes(text, message);
    }
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("tasks points and apply write nothing after Ctrl-C, and their exit code is 130", async () => {
  const folder = await Deno.makeTempDir();
  const file = (name: string) => `${folder}/${name}`;
  await Deno.writeTextFile(file("t.json"), TRANSFORM);
  await Deno.writeTextFile(file("fixed.csv"), "name,x,y,z\na,1,2,3\n");
  const grid = Grid.axisAligned([5, 5, 5], [8, 8, 8], [80, -20, -20]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => 100 * Math.sin(i));
  await writeVolume(file("image.nii.gz"), { grid, data });
  const signal = AbortSignal.abort();
  const common = ["--transform", file("t.json"), "--out"];
  const mapped = [...common, file("moving.csv"), "--points", file("fixed.csv")];
  mapped.push("--point-space", "ras");
  assertEquals(await callTask(points.TASK, points.main, mapped, signal), 130);
  const image = ["--image", file("image.nii.gz"), "--like", file("image.nii.gz")];
  const warped = [...common, file("warped.nii.gz"), ...image];
  assertEquals(await callTask(apply.TASK, apply.main, warped, signal), 130);
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals(names.sort(), ["fixed.csv", "image.nii.gz", "t.json"]);
});
