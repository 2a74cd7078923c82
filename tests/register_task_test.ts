/** The register and apply tasks as a user runs them. */

import type { Modality } from "../volume/modality.ts";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type DisplacementField,
  Grid,
  readDisplacementField,
  readLabelVolume,
  readVolume,
  type Triple,
  writeLabelVolume,
  writeVolume,
} from "../volume/mod.ts";
import { decodeTransform, mapPoint } from "../registration/mod.ts";
import * as apply from "../tasks/apply.ts";
import * as points from "../tasks/points.ts";
import * as register from "../tasks/register.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { random } from "../testing/random.ts";
import { callModule, task } from "../testing/run_task.ts";

/** A body with a few organs; `shift` displaces the organs, `contrast` is CT- or MR-like. */
function body(grid: Grid, contrast: Modality, shift: Triple) {
  const data = new Float32Array(grid.voxels);
  const labels = new Int32Array(grid.voxels);
  const organs: { centre: Triple; radii: Triple; ct: number; mr: number; label: number }[] = [
    { centre: [25, 5, 10], radii: [24, 26, 28], ct: 60, mr: 420, label: 58 },
    { centre: [-32, -8, 12], radii: [14, 18, 20], ct: 50, mr: 180, label: 86 },
    { centre: [-4, -30, -20], radii: [12, 10, 30], ct: 500, mr: 90, label: 29193 },
    { centre: [0, 20, -35], radii: [17, 15, 14], ct: 5, mr: 60, label: 237 },
  ];
  const [nx, ny] = grid.size;
  for (let i = 0; i < grid.voxels; i++) {
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const inside = (p[0] / 64) ** 2 + (p[1] / 48) ** 2 < 1;
    let value = inside ? (contrast === "ct" ? -90 : 800) : (contrast === "ct" ? -1000 : 5);
    for (const { centre, radii, ct, mr, label } of organs) {
      const r = p.reduce((sum, v, c) => sum + ((v - centre[c] - shift[c]) / radii[c]) ** 2, 0);
      if (r < 1) [value, labels[i]] = [contrast === "ct" ? ct : mr, label];
    }
    const noise = ((i * 2654435761) >>> 0) / 4294967296 - 0.5;
    data[i] = value + 20 * noise;
  }
  return { image: { grid, data }, labels: { grid, data: labels } };
}

Deno.test({
  name: "tasks register and apply read and write the documented files",
  ignore: SKIPS_GPU,
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    const file = (name: string) => `${folder}/${name}`;
    // Different spacing, size and axis orientation: the moving image is stored with x and z reversed.
    const fixedGrid = Grid.axisAligned([45, 34, 36], [3, 3, 3], [-66, -50, -54]);
    const movingGrid = new Grid([44, 33, 26], [
      -3.2,
      0,
      0,
      70,
      0,
      3.2,
      0,
      -52,
      0,
      0,
      -4,
      52,
      0,
      0,
      0,
      1,
    ]);
    const fixed = body(fixedGrid, "mr", [0, 0, 0]);
    const moving = body(movingGrid, "ct", [4, -3, 6]);
    await writeVolume(file("mr.nii.gz"), fixed.image);
    await writeVolume(file("ct.nii.gz"), moving.image, { type: "int16" });
    await writeLabelVolume(file("mr_labels.nii.gz"), fixed.labels);
    await writeLabelVolume(file("ct_labels.nii.gz"), moving.labels);
    // The centres of two organs; the moving image shows them 4, -3 and 6 mm away. Its file has LPS axes.
    await Deno.writeTextFile(file("mr.csv"), "name,r,a,s\nliver,25,5,10\nspleen,-32,-8,12\n");
    await Deno.writeTextFile(file("ct.csv"), "name,l,p,s\nspleen,28,11,18\nliver,-29,-2,16\n");
    const out = file("out");

    await t.step("register writes everything and improves the overlap", async () => {
      const { code, text } = await task(
        "register",
        "--fixed",
        file("mr.nii.gz"),
        "--moving",
        file("ct.nii.gz"),
        "--fixed-labels",
        file("mr_labels.nii.gz"),
        "--moving-labels",
        file("ct_labels.nii.gz"),
        "--fixed-points",
        file("mr.csv"),
        "--moving-points",
        file("ct.csv"),
        "--out",
        out,
        "--spacing",
        "12",
      );
      assertEquals(code, 0, text);
      assertEquals((await Array.fromAsync(Deno.readDir(out))).map((entry) => entry.name).sort(), [
        "field.nii.gz",
        "inverse_field.nii.gz",
        "jacobian.nii.gz",
        "metrics.json",
        "overview.png",
        "report.html",
        "transform.json",
        "warped.nii.gz",
        "warped_labels.nii.gz",
      ]);
      const metrics = JSON.parse(await Deno.readTextFile(`${out}/metrics.json`));
      assertEquals(metrics.jacobian.foldedPercent, 0);
      for (const label of ["58", "86", "237"]) {
        assert(metrics.dice[label].after > metrics.dice[label].before, `label ${label}`);
        assert(metrics.dice[label].after > 0.85, `label ${label}: ${metrics.dice[label].after}`);
      }
      const { mean, points: errors } = metrics.targetRegistrationError;
      assertAlmostEquals(mean.before, Math.hypot(4, 3, 6), 1e-9);
      assertEquals(errors.map(({ name }: { name: string }) => name), ["liver", "spleen"]);
      assert(mean.after < 2.5, `TRE ${mean.after}`);
      assertStringIncludes(text, "Target registration error of 2 landmarks: mean ");
      assertEquals((await readVolume(`${out}/warped.nii.gz`)).grid.size, fixedGrid.size);
      // The body is the same along z, so that a displaced copy fits almost as well.
      assert(metrics.quality.verdict !== "failed", `${metrics.quality.reasons}`);
      assert(metrics.quality.gain > 0.1, `${metrics.quality.gain}`);
      assertStringIncludes(text, `Quality: ${metrics.quality.verdict}`);
    });

    await t.step(
      "with --strict it ends with 3 if the result of the discrete start has failed",
      async () => {
        const next = random(1);
        const data = moving.image.data.map(() => 1000 * next());
        await writeVolume(file("noise.nii.gz"), { grid: movingGrid, data });
        const failed = file("failed");
        const paths = {
          "--fixed": file("mr.nii.gz"),
          "--moving": file("noise.nii.gz"),
          "--out": failed,
        };
        const quick = ["--levels", "1", "--iterations", "2", "--start", "discrete", "--strict"];
        const { code, text } = await callModule(
          register,
          ...Object.entries(paths).flat(),
          ...quick,
        );
        assertEquals(code, 3, text);
        assertStringIncludes(text, "Quality: failed. ");
        assertStringIncludes(text, " A copy of the warped image");
        const metrics = JSON.parse(await Deno.readTextFile(`${failed}/metrics.json`));
        assertEquals(metrics.quality.verdict, "failed");
        assertEquals(metrics.parameters.start, "discrete");
        assertEquals(metrics.parameters.deformable.replacedLevels, 0);
        const { chosen, agreement } = metrics.deformable.levels[0].start;
        assertEquals(chosen, "discrete");
        assert(agreement >= 0 && agreement <= 1, `${agreement}`);
      },
    );

    await t.step("says that it registers a few slices by another similarity", async () => {
      const slices = (image: typeof fixed.image, first: number) => {
        const [nx, ny] = image.grid.size;
        const grid = Grid.axisAligned([nx, ny, 3], [3, 3, 3], [-66, -50, 0]);
        return { grid, data: image.data.slice(first * nx * ny, (first + 3) * nx * ny) };
      };
      await writeVolume(file("thin_mr.nii.gz"), slices(fixed.image, 18));
      const shifted = body(fixedGrid, "ct", [2, 1, 0]);
      await writeVolume(file("thin_ct.nii.gz"), slices(shifted.image, 18));
      const thin = file("thin");
      const paths = {
        "--fixed": file("thin_mr.nii.gz"),
        "--moving": file("thin_ct.nii.gz"),
        "--out": thin,
      };
      const words = Object.entries(paths).flat();
      const { code, text } = await callModule(register, ...words, "--iterations", "2");
      assertEquals(code, 0, text);
      const sentence = "The similarity is nmi+mind, because too few voxels of a level";
      assertStringIncludes(text, sentence);
      const metrics = JSON.parse(await Deno.readTextFile(`${thin}/metrics.json`));
      assertEquals(metrics.parameters.similarity, "automatic");
      assertEquals(metrics.parameters.deformable.similarity, "nmi+mind");
      assert(metrics.notices.some((notice: string) => notice.startsWith(sentence)));
      assertStringIncludes(await Deno.readTextFile(`${thin}/report.html`), sentence);
    });

    await t.step("writes the fields of the transform and of its inverse", async () => {
      const transform = decodeTransform(await Deno.readTextFile(`${out}/transform.json`));
      const field = await readDisplacementField(`${out}/field.nii.gz`);
      const inverse = await readDisplacementField(`${out}/inverse_field.nii.gz`);
      const moved = (f: DisplacementField, index: Triple): [Triple, Triple] => {
        const i = (index[2] * f.grid.size[1] + index[1]) * f.grid.size[0] + index[0];
        const x = f.grid.world(index);
        const y = x.map((v, c) => v + f.components[c][i]) as unknown as Triple;
        return [x, y];
      };
      for (const index of [[0, 0, 0], [20, 17, 15], [44, 33, 35], [10, 25, 30]] as Triple[]) {
        const [x, y] = moved(field, index);
        mapPoint(transform, x).forEach((v, c) => assertAlmostEquals(y[c], v, 1e-3));
      }
      for (const index of [[5, 6, 7], [22, 16, 13], [40, 30, 20]] as Triple[]) {
        const [y, x] = moved(inverse, index);
        mapPoint(transform, x).forEach((v, c) => assertAlmostEquals(y[c], v, 0.03));
      }
    });

    await t.step("points maps landmarks to the moving image and back", async () => {
      const run = async (from: string, to: string, ...more: string[]) => {
        const paths = ["--transform", `${out}/transform.json`, "--points", from, "--out", to];
        const { code, text } = await callModule(points, ...paths, ...more);
        assertEquals(code, 0, text);
        return (await Deno.readTextFile(to)).trim().split("\n").slice(1)
          .map((line) => line.split(",").slice(1).map(Number));
      };
      const moved = await run(file("mr.csv"), file("moved.csv"));
      const { points: errors } = JSON.parse(await Deno.readTextFile(`${out}/metrics.json`))
        .targetRegistrationError;
      const expected = [[29, 2, 16], [-28, -11, 18]];
      expected.forEach((point, i) => {
        const distance = Math.hypot(...point.map((v, k) => v - moved[i][k]));
        assertAlmostEquals(distance, errors[i].after, 1e-5);
      });
      const back = await run(file("moved.csv"), file("back.csv"), "--inverse");
      back.flat().forEach((v, i) => assertAlmostEquals(v, [25, 5, 10, -32, -8, 12][i], 1e-3));
    });

    await t.step("apply repeats the results of register, and inverts them", async () => {
      const common = ["--transform", `${out}/transform.json`, "--out", file("applied.nii.gz")];
      const image = await task(
        "apply",
        ...common,
        "--image",
        file("ct.nii.gz"),
        "--like",
        file("mr.nii.gz"),
      );
      assertEquals(image.code, 0, image.text);
      assertEquals(
        (await readVolume(file("applied.nii.gz"))).data,
        (await readVolume(`${out}/warped.nii.gz`)).data,
      );
      const labels = await callModule(
        apply,
        ...common,
        "--image",
        file("mr_labels.nii.gz"),
        "--like",
        file("ct.nii.gz"),
        "--labels",
        "--inverse",
      );
      assertEquals(labels.code, 0, labels.text);
      const pulled = await readLabelVolume(file("applied.nii.gz"));
      assertEquals(pulled.grid.size, movingGrid.size);
      const count = (data: Int32Array, test: (i: number) => boolean) =>
        data.reduce((sum, _, i) => sum + (test(i) ? 1 : 0), 0);
      const [a, b] = [pulled.data, moving.labels.data];
      const both = count(a, (i) => a[i] === 58 && b[i] === 58);
      assert(2 * both / (count(a, (i) => a[i] === 58) + count(b, (i) => b[i] === 58)) > 0.85);
    });

    await t.step(
      "refuses bad input with a message and the exit code, and writes nothing",
      async () => {
        await Deno.writeTextFile(file("text.nii.gz"), "not an image");
        const gzip = await Deno.readFile(file("ct.nii.gz"));
        await Deno.writeFile(file("cut.nii.gz"), gzip.subarray(0, gzip.length >> 1));
        await writeLabelVolume(file("empty.nii.gz"), {
          grid: fixedGrid,
          data: new Int32Array(fixedGrid.voxels),
        });
        const far = new Grid(
          movingGrid.size,
          movingGrid.affine.map((v, i) => i === 3 ? v + 5000 : v),
        );
        await writeVolume(file("far.nii.gz"), { grid: far, data: moving.image.data });
        const good = { "--fixed": file("mr.nii.gz"), "--moving": file("ct.nii.gz") };
        const cases: [Record<string, string>, number, string][] = [
          [{ "--moving": file("text.nii.gz") }, 1, "not a NIfTI"],
          [{ "--moving": file("cut.nii.gz") }, 1, "compression"],
          [{ "--moving": file("missing.nii.gz") }, 1, "no such file"],
          [{ "--fixed-mask": file("empty.nii.gz") }, 1, "empty"],
          [{ "--moving-labels": file("ct.nii.gz") }, 1, "not a label id"],
          [{ "--fixed": file("mr_labels.nii.gz") }, 1, "looks like a label image"],
          [{ "--moving": file("far.nii.gz"), "--no-rigid": "" }, 1, "Register rigidly first"],
          [{ "--lambda": "much" }, 2, "number"],
          [{ "--rigid-only": "", "--no-rigid": "" }, 2, "nothing to do"],
          [{ "--rigid-preset": "imregister", "--no-rigid": "" }, 2, "--rigid-preset does nothing"],
          [{ "--landa": "1" }, 2, "did you mean --lambda"],
          [
            { "--similarity": "nmi", "--window": "5" },
            2,
            "--window does nothing with --similarity nmi. It needs --similarity lncc",
          ],
          [
            { "--beta": "0.5" },
            2,
            "--beta does nothing with --similarity automatic. It needs --similarity nmi+mind",
          ],
          [
            { "--similarity": "lncc", "--absolute": "", "--scaling": "0.5" },
            2,
            "--scaling does nothing with --similarity lncc",
          ],
          [
            { "--interpolation": "cubic", "--regulariser": "tv" },
            2,
            "--interpolation cubic needs --regulariser bending",
          ],
          [
            { "--interpolation": "cubic", "--no-folding": "" },
            2,
            "--no-folding needs --interpolation linear",
          ],
          [
            { "--method": "mind-gauss-newton", "--start": "discrete" },
            2,
            "--start does nothing with --method mind-gauss-newton",
          ],
          [{ "--start": "random" }, 2, "--start"],
          [
            { "--keep-interpolated": "", "--resolution": "3" },
            2,
            "--keep-interpolated does nothing with --resolution",
          ],
          [
            { "--keep-interpolated": "", "--similarity": "nmi" },
            2,
            "--keep-interpolated does nothing with --similarity nmi",
          ],
          [
            { "--similarity": "nmi+mind", "--scaling": "much" },
            2,
            '--scaling must be "gradient", "change" or a number above 0',
          ],
        ];
        const inFile = file("text.nii.gz");
        cases.push([{ "--out": inFile }, 1, "is not a folder"]);
        for (const [change, expected, words] of cases) {
          const flags = Object.entries({ ...good, "--out": file("none"), ...change });
          const { code, text } = await callModule(
            register,
            ...flags.flat().filter((a) => a !== ""),
          );
          assertEquals(code, expected, text);
          assertStringIncludes(text, words);
          assertEquals(await Deno.stat(file("none")).catch(() => undefined), undefined, text);
        }
        assertEquals(
          await Deno.readTextFile(inFile),
          "not an image",
          "the file in the way is as it was",
        );
        const applied = { "--transform": `${out}/transform.json`, "--image": file("ct.nii.gz") };
        const wrong: [Record<string, string>, string][] = [
          [{ "--transform": file("missing.json") }, "Cannot read"],
          [{ "--transform": `${out}/metrics.json` }, "not a crosswarp transform"],
          [{ "--image": file("missing.nii.gz") }, "no such file"],
          [{ "--out": file("nowhere/applied.nii.gz") }, "nowhere"],
        ];
        for (const [change, words] of wrong) {
          const last = { "--like": file("mr.nii.gz"), "--out": file("none.nii.gz") };
          const { code, text } = await callModule(
            apply,
            ...Object.entries({ ...applied, ...last, ...change }).flat(),
          );
          assertEquals(code, 1, text);
          assertStringIncludes(text, words);
          for (const name of ["none.nii.gz", "nowhere"]) {
            assertEquals(await Deno.stat(file(name)).catch(() => undefined), undefined, text);
          }
        }
      },
    );
    await Deno.remove(folder, { recursive: true });
  },
});
