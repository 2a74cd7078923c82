import { assertEquals } from "@std/assert";
import { meanRow, type ScoreRow, ScoreTable, writeScores } from "./score_table.ts";

function row(pair: string, method: string, value: number): ScoreRow {
  const figures = {
    pair,
    method,
    dice: value / 10,
    diceByLabel: { liver: value / 10 },
    hd95: value,
    hd95ByLabel: { liver: value },
    treMean: value,
    tre95: value,
    treMax: value,
    foldedPercent: 0,
    jacobianMin: 1,
    sdLogJacobian: 0.1,
  };
  return method === "truth"
    ? figures
    : { ...figures, seconds: 10 * value, peakBytes: value * 2 ** 20 };
}
const rows = [row("a", "x", 2), row("a", "truth", 0), row("b", "x", 4), row("b", "truth", 1)];

Deno.test("meanRow() averages a method's figures, and takes the most memory", () => {
  const { hd95ByLabel, seconds, peakBytes, pair } = meanRow(rows, "x");
  assertEquals([hd95ByLabel.liver, seconds, peakBytes, pair], [3, 30, 4 * 2 ** 20, "mean"]);
  const truth = meanRow(rows, "truth");
  assertEquals([truth.hd95, truth.seconds, truth.peakBytes], [0.5, undefined, undefined]);
});

Deno.test("ScoreTable writes cells below their titles, and a dash for what was not measured", () => {
  const table = new ScoreTable(6);
  const at = table.head().indexOf("Dice");
  assertEquals(table.line(rows[2]).slice(at - 2, at + 4), "0.4000");
  assertEquals(table.line(rows[2]).length, table.line(rows[1]).length);
  assertEquals(table.line(rows[1]).split(/ +/).slice(-3), ["-", "-", "-"]);
});

Deno.test("writeScores() writes the same figures as JSON and CSV", async () => {
  const folder = `${await Deno.makeTempDir()}/new`;
  await writeScores(folder, rows);
  assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/scores.json`)), rows);
  const lines = (await Deno.readTextFile(`${folder}/scores.csv`)).trim().split("\r\n");
  assertEquals(lines.length, 5);
  assertEquals(lines[1].split(",").slice(0, 4), ["a", "x", "0.2000", "2.00"]);
});
