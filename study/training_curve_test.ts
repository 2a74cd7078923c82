import { assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "../testing/in_folder.ts";
import {
  curveFigures,
  type CurveRow,
  meanCurves,
  readCurve,
  TRAINING_CURVE_FILE,
  writeCurve,
} from "./training_curve.ts";

function row(step: number, subject: string, values: Partial<CurveRow> = {}): CurveRow {
  return {
    training: "plain",
    region: "thorax",
    seed: 1,
    step,
    of: "mr",
    subject,
    dice: 80,
    lungVolume: 1,
    lungDice: 0.9,
    correlation: -0.25,
    shift: 0.5,
    error: 0.1,
    ...values,
  };
}

Deno.test("a training curve survives its file, and is drawn", async () => {
  await inFolder(async (folder) => {
    assertEquals(await readCurve(folder), []);
    assertEquals(await curveFigures(folder), []);
    const rows = [row(200, "a"), row(400, "a", { lungVolume: NaN }), row(200, "b", { of: "ct" })];
    await writeCurve(folder, rows);
    assertEquals(await readCurve(folder), rows);
    const figures = await curveFigures(folder);
    assertEquals(figures.length, 3);
    for (const { png } of figures) assertEquals([...png.subarray(1, 4)], [80, 78, 71]);
    const path = `${folder}/${TRAINING_CURVE_FILE}`;
    const withoutSeed = (await Deno.readTextFile(path)).replace(",seed", "")
      .replaceAll("thorax,1,", "thorax,");
    await Deno.writeTextFile(path, withoutSeed);
    assertEquals(await readCurve(folder), rows);
    await Deno.writeTextFile(path, "step,dice\n1,2\n");
    await assertRejects(
      () => readCurve(folder),
      Error,
      "other columns than training, region, seed, step",
    );
  });
});

Deno.test("meanCurves() are means over the subjects after each number of steps", () => {
  const curves = meanCurves([
    row(400, "a", { lungVolume: 0.8 }),
    row(200, "a", { lungVolume: 0.9 }),
    row(200, "b", { lungVolume: 1.2 }),
    row(400, "b", { lungVolume: NaN }),
    row(400, "a", { seed: 2, lungVolume: 1.2 }),
    row(200, "a", { training: "corrected", of: "ct", lungVolume: 1 }),
  ]);
  assertEquals(curves.map(({ training, of, steps }) => [training, of, steps]), [
    ["plain", "mr", [200, 400]],
    ["corrected", "ct", [200]],
  ]);
  const rounded = curves[0].means.lungVolume.map((value) => Number(value.toFixed(6)));
  assertEquals(rounded, [1.05, 1]);
});
