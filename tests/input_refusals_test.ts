/** Tasks notice inputs and outputs that cannot work before they begin, and say what to do. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as apply from "../tasks/apply.ts";
import * as n4 from "../tasks/n4.ts";
import * as register from "../tasks/register.ts";
import * as synthesise from "../tasks/synthesise.ts";
import { encodeTransform } from "../registration/transform_file.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { gzip, niftiFile } from "../testing/nifti_file.ts";
import { callModule } from "../testing/run_task.ts";
import { IDENTITY } from "../volume/affine.ts";
import { Grid, readLabelVolume, readVolume, writeLabelVolume, writeVolume } from "../volume/mod.ts";

const grid = Grid.axisAligned([24, 20, 16], [4, 4, 6], [-48, -40, -48]);
const image = {
  grid,
  data: Float32Array.from({ length: grid.voxels }, (_, i) => (i * 37 % 401) + 0.5),
};
const labels = {
  grid,
  data: Int32Array.from({ length: grid.voxels }, (_, i) => i % 24 > 3 && i % 24 < 20 ? 58 : 0),
};
/** The same voxels without the header: voxels of 1 mm from the origin. */
const bare = { grid: Grid.axisAligned(grid.size, [1, 1, 1], [200, 0, 0]), data: labels.data };

interface Files {
  readonly folder: string;
  readonly at: (name: string) => string;
}

async function inFiles(body: (files: Files) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => `${folder}/${name}`;
  try {
    await writeVolume(at("image.nii.gz"), image);
    await writeLabelVolume(at("labels.nii.gz"), labels);
    await writeLabelVolume(at("bare.nii.gz"), bare);
    await Deno.writeTextFile(
      at("t.json"),
      encodeTransform({
        rigid: IDENTITY,
        controlGrid: undefined,
        fixedGrid: grid,
        movingGrid: grid,
      }),
    );
    await body({ folder, at });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder. */
async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("task register refuses masks and labels that do not fit at once, by the file's name", () =>
  inFiles(async ({ folder, at }) => {
    const before = await names(folder);
    const run = (...args: string[]) =>
      callModule(
        register,
        "--fixed",
        at("image.nii.gz"),
        "--moving",
        at("image.nii.gz"),
        "--out",
        at("out"),
        ...args,
      );
    for (const flag of ["--fixed-mask", "--moving-mask", "--fixed-labels"]) {
      const { code, text } = await run(flag, at("bare.nii.gz"));
      assertEquals(code, 1, text);
      assertStringIncludes(text, `bare.nii.gz (${flag}) must lie on the grid of the`);
      assertEquals(text.includes("rigid"), false, "the registration did not begin");
    }
    const { code, text } = await run("--moving-labels", at("bare.nii.gz"));
    assertEquals(code, 1, text);
    assertStringIncludes(text, "only 0 of 5120 labelled voxels lie inside the moving image");
    assertEquals(await names(folder), before);
  }));

Deno.test("task n4 refuses a mask on another grid by the file's name", () =>
  inFiles(async ({ at }) => {
    const { code, text } = await callModule(
      n4,
      "--image",
      at("image.nii.gz"),
      "--mask",
      at("bare.nii.gz"),
      "--out",
      at("out.nii.gz"),
    );
    assertEquals(code, 1, text);
    assertStringIncludes(text, "bare.nii.gz (--mask) must lie on the grid of the image");
  }));

Deno.test("task apply refuses labels without --labels, and labels that lie elsewhere", () =>
  inFiles(async ({ folder, at }) => {
    const before = await names(folder);
    const run = (...args: string[]) =>
      callModule(
        apply,
        "--transform",
        at("t.json"),
        "--like",
        at("image.nii.gz"),
        "--out",
        at("out.nii.gz"),
        ...args,
      );
    const blended = await run("--image", at("labels.nii.gz"));
    assertEquals(blended.code, 1, blended.text);
    assertStringIncludes(blended.text, "looks like a label image. Give --labels");
    await writeVolume(at("far.nii.gz"), { grid: bare.grid, data: image.data });
    const far = await run("--image", at("far.nii.gz"));
    assertEquals(far.code, 1, far.text);
    assertStringIncludes(far.text, "no point in common with the moving image of the transform");
    await Deno.remove(at("far.nii.gz"));
    for (const inverse of [[], ["--inverse"]]) {
      const empty = await run("--image", at("bare.nii.gz"), "--labels", ...inverse);
      assertEquals(empty.code, 1, empty.text);
      assertStringIncludes(empty.text, "bare.nii.gz (--image) does not fit: only 0 of 5120");
    }
    assertEquals(await names(folder), before);
  }));

Deno.test({
  name: "task apply reads only the grid of --like: several volumes and NaN do not matter",
  ignore: SKIPS_GPU,
  fn: () =>
    inFiles(async ({ at }) => {
      const sform = grid.affine;
      const made = async (dims: number[]) =>
        await gzip(niftiFile({ dims, sform, pixdims: [4, 4, 6] }, (view, at) =>
          view.setFloat32(at, NaN, true)));
      await Deno.writeFile(at("nan.nii.gz"), await made([3, 24, 20, 16]));
      await Deno.writeFile(at("4d.nii.gz"), await made([4, 24, 20, 16, 3]));
      await Deno.writeFile(at("5d.nii.gz"), await made([5, 24, 20, 16, 1, 3]));
      for (const like of ["nan", "4d", "5d"]) {
        const { code, text } = await callModule(
          apply,
          "--transform",
          at("t.json"),
          "--like",
          at(`${like}.nii.gz`),
          "--image",
          at("image.nii.gz"),
          "--out",
          at("out.nii.gz"),
        );
        assertEquals(code, 0, text);
        const result = await readVolume(at("out.nii.gz"));
        assertEquals(result.grid.size, grid.size);
        assert(result.data.every((value, i) =>
          Math.abs(value - image.data[i]) < 1e-2
        ));
      }
    }),
});

Deno.test("tasks notice a missing folder and a wrong suffix before anything else", () =>
  inFiles(async ({ folder, at }) => {
    const none = at("no image.nii.gz");
    const model = at("no model");
    const commands = [
      [apply, ["--transform", none, "--image", none, "--like", none]],
      [n4, ["--image", none]],
      [synthesise, ["--model", model, "--image", none, "--to", "mr"]],
    ] as const;
    for (const [module, args] of commands) {
      // deno-lint-ignore no-explicit-any
      const run = (out: string) => callModule(module as any, ...args, "--out", out);
      const missing = await run(at("none/out.nii.gz"));
      assertEquals(missing.code, 1, missing.text);
      assertStringIncludes(missing.text, `the folder ${folder}/none does not exist`);
      const suffix = await run(at("out.png"));
      assertEquals(suffix.code, 2, suffix.text);
      assertStringIncludes(suffix.text, "--out must end in .nii.gz, .nii, .nrrd or .mha");
    }
  }));

Deno.test("task apply names a --transform that is binary, and prints none of its bytes", () =>
  inFiles(async ({ at }) => {
    await Deno.writeTextFile(at("itk.txt"), "#Insight Transform File V1.0\n");
    for (const name of ["bytes.mat", "bytes.json"]) {
      await Deno.writeFile(at(name), new Uint8Array(300).map((_, i) => i));
    }
    for (
      const [name, words] of [
        ["image.nii.gz", "not a displacement field"],
        ["bytes.mat", "is not a MATLAB file of level 4"],
        [
          "bytes.json",
          "is not JSON (it is a binary file). Give the transform.json of a registration",
        ],
        ["itk.txt", "has no transform"],
      ]
    ) {
      const { code, text } = await callModule(
        apply,
        "--transform",
        at(name),
        "--image",
        at("image.nii.gz"),
        "--like",
        at("image.nii.gz"),
        "--out",
        at("out.nii.gz"),
      );
      assertEquals(code, 1, text);
      assertStringIncludes(text, name);
      assertStringIncludes(text, words);
      // deno-lint-ignore no-control-regex
      assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufffd]/.test(text), false);
      assertEquals(text.trim().split("\n").length, 1, text);
    }
  }));

Deno.test("task apply says the limit of label ids", () =>
  inFiles(async ({ at }) => {
    const file = niftiFile(
      { type: 768, dims: [3, 24, 20, 16], sform: grid.affine, pixdims: [4, 4, 6] },
      (view, where) => view.setUint32(where, 3e9, true),
    );
    await Deno.writeFile(at("large.nii"), file);
    const { code, text } = await callModule(
      apply,
      "--labels",
      "--transform",
      at("t.json"),
      "--image",
      at("large.nii"),
      "--like",
      at("image.nii.gz"),
      "--out",
      at("out.nii.gz"),
    );
    assertEquals(code, 1, text);
    assertStringIncludes(text, "a whole number from 0 to 2147483647");
    assertStringIncludes(text, "3000000000");
  }));

Deno.test({
  name: "task apply keeps the ids of labels that fit",
  ignore: SKIPS_GPU,
  fn: () =>
    inFiles(async ({ at }) => {
      const { code, text } = await callModule(
        apply,
        "--labels",
        "--transform",
        at("t.json"),
        "--image",
        at("labels.nii.gz"),
        "--like",
        at("image.nii.gz"),
        "--out",
        at("out.nii.gz"),
      );
      assertEquals(code, 0, text);
      assertEquals((await readLabelVolume(at("out.nii.gz"))).data, labels.data);
    }),
});
