import { assertAlmostEquals, assertEquals } from "@std/assert";
import { jointSetting, jointSettings } from "./joint_optimum.ts";
import type { SearchTable, SettingRow } from "./table.ts";

function row(lambda: number, dice: number | null, scored: number): SettingRow {
  return {
    lambda,
    spacing: 8,
    spacingMillimetres: 10,
    usedMillimetres: 10,
    levels: 3,
    dice,
    scored,
    treMean: null,
    foldedPercent: 0,
  };
}

function table(region: "thorax" | "abdomen", rows: SettingRow[]): SearchTable {
  return {
    similarity: "nmi",
    region,
    regulariser: "tv",
    iterations: 9,
    voxel: 4,
    seed: 1,
    subjects: ["a", "b"],
    rows,
    best: null,
  };
}

const THORAX = table("thorax", [row(0.1, 0.8, 15), row(0.05, 0.7, 15), row(0.2, 0.75, 15)]);
const ABDOMEN = table("abdomen", [row(0.05, 0.9, 17), row(0.1, 0.5, 17), row(0.2, 0.8, 17)]);

Deno.test("jointSetting() is best for both regions, each structure counting once", () => {
  // 0.1 is best in the thorax and 0.05 in the abdomen, which is also best of all: 0.80625 before 0.77656.
  const found = jointSetting(THORAX, ABDOMEN)!;
  assertEquals([found.similarity, found.lambda, found.spacing], ["nmi", 0.05, 10]);
  assertEquals([found.levels, found.subjects], [3, 2]);
  assertAlmostEquals(found.dice, (15 * 0.7 + 17 * 0.9) / 32, 1e-12);
});

Deno.test("jointSetting() may be the best setting of neither region", () => {
  const abdomen = table("abdomen", [row(0.05, 0.81, 17), row(0.1, 0.5, 17), row(0.2, 0.8, 17)]);
  assertEquals(jointSetting(THORAX, abdomen)!.lambda, 0.2);
});

Deno.test("jointSettings() leaves out what lacks a region or a score", () => {
  assertEquals(jointSettings([THORAX]), []);
  assertEquals(jointSettings([THORAX, { ...ABDOMEN, similarity: "mind" }]), []);
  const none = table("abdomen", [row(0.1, null, 0)]);
  assertEquals(jointSettings([THORAX, none]), []);
  assertEquals(jointSettings([ABDOMEN, THORAX]).length, 1);
});
