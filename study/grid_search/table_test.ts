import { assertEquals, assertStringIncludes } from "@std/assert";
import type { UnitScore } from "./grid_search.ts";
import type { SearchUnit } from "./plan.ts";
import { searchHeatMaps, writeGridSearch } from "./results.ts";
import {
  bestCells,
  bestRow,
  sameSpacings,
  searchCells,
  searchTable,
  type SettingRow,
} from "./table.ts";
import { readBestSettings } from "./best_settings.ts";

const ROW: SettingRow = {
  lambda: 0.1,
  spacing: 10,
  spacingMillimetres: 12.5,
  usedMillimetres: 12,
  levels: 3,
  dice: 0.8,
  treMean: null,
  foldedPercent: 1,
};

Deno.test("bestRow() takes the highest Dice; of equals fewer folds, then the cheaper and smoother", () => {
  const rows: SettingRow[] = [
    { ...ROW, dice: null },
    { ...ROW, dice: 0.7 },
    ROW,
    { ...ROW, foldedPercent: 0.5, levels: 4 },
    { ...ROW, foldedPercent: 0.5 },
    { ...ROW, foldedPercent: 0.5, spacing: 14 },
    { ...ROW, foldedPercent: 0.5, spacing: 14, lambda: 0.2 },
    { ...ROW, dice: 0.8001, foldedPercent: 9 },
  ];
  for (let left = rows.length; left > 0; left--) {
    const order = rows.slice(0, left);
    const expected = [, , 1, 2, 3, 4, 5, 6, 7][left];
    assertEquals(bestRow(order), left === 1 ? null : rows[expected!]);
    assertEquals(bestRow(order.toReversed()), bestRow(order));
  }
});

const PLAN = { regulariser: "tv", iterations: 9, voxel: 4, seed: 1, subjects: ["a", "b"] } as const;

/** Two subjects, two weights, two spacings. */
function units() {
  const list: { unit: SearchUnit; score: UnitScore }[] = [];
  for (const id of PLAN.subjects) {
    for (const lambda of [0.05, 0.1]) {
      for (const spacing of [8, 10]) {
        const dice = { 1: lambda + (id === "a" ? 0 : 0.2), 2: id === "a" ? null : 0.9 };
        list.push({
          unit: {
            similarity: "nmi",
            lambda,
            spacing,
            levels: 2,
            key: "",
            path: "",
            pair: {
              region: "thorax",
              excluded: [],
              rigid: { path: "", key: "" },
              subject: { id, kind: "paired", images: {}, labels: {} },
            },
          },
          score: {
            parameters: {},
            dice,
            meanDice: 0,
            treMean: id === "a" ? 2 : null,
            tre95: null,
            foldedPercent: id === "a" ? 1 : 2,
            leastJacobian: 0,
            usedSpacing: 12,
            seconds: 1,
            adapter: "",
          },
        });
      }
    }
  }
  return list;
}

Deno.test("searchTable() averages over structures and subjects, and says which spacings coincide", () => {
  const table = searchTable(PLAN, units());
  assertEquals(table.rows.map(({ lambda, spacing }) => [lambda, spacing]), [
    [0.05, 8],
    [0.05, 10],
    [0.1, 8],
    [0.1, 10],
  ]);
  assertEquals(table.best, table.rows[3]);
  assertEquals(searchCells(table)[4], [
    "2",
    "0.1",
    "10",
    "12.5",
    "12.00",
    "43.33",
    "2.000",
    "1.5000",
    "*",
  ]);
  assertEquals(bestCells([table])[1].slice(0, 5), ["nmi", "thorax", "2", "0.1", "10"]);
  assertStringIncludes(sameSpacings(table).join(), "8 and 10 pixels come to the same 12.00 mm");
  assertEquals([...searchHeatMaps(table).keys()], [2]);
});

Deno.test("writeGridSearch() keeps the best settings of other searches in the folder", async () => {
  const folder = await Deno.makeTempDir();
  const best = `${folder}/best.json`;
  const table = searchTable(PLAN, units());
  const none = { best: null, rows: table.rows.map((row) => ({ ...row, dice: null })) };
  await writeGridSearch(folder, best, [{ ...table, similarity: "mind" }]);
  await writeGridSearch(folder, best, [table, { ...table, region: "abdomen", ...none }]);
  const { settings } = await readBestSettings(best);
  assertEquals(
    settings.map((
      { similarity, region, spacing, lambda },
    ) => [similarity, region, spacing, lambda]),
    [["nmi", "thorax", 12.5, 0.1], ["mind", "thorax", 12.5, 0.1]],
  );
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  assertEquals(names.filter((name) => name.startsWith("nmi_thorax")), [
    "nmi_thorax.csv",
    "nmi_thorax.json",
    "nmi_thorax.txt",
    "nmi_thorax_levels2.png",
  ]);
  await Deno.remove(folder, { recursive: true });
});
