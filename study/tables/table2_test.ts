import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { BestSettings } from "../grid_search/best_settings.ts";
import { table2Cells } from "./score_tables.ts";
import {
  jointDice,
  marked,
  mergedPairs,
  type ScoredPair,
  structureTable,
  table2,
} from "./table2.ts";

function pair(
  subject: string,
  region: "thorax" | "abdomen",
  rigid: number,
  nmi: number,
): ScoredPair {
  const [first, second] = region === "thorax" ? [58, 86] : [237, 29193];
  const scores = (dice: number) => ({
    dice: { [first]: dice, [second]: subject === "b" ? null : dice / 2 },
    treMean: null,
    tre95: null,
    hausdorff95: {},
    nmi: null,
    jacobian: null,
  });
  return { subject, region, results: { rigid: scores(rigid), nmi: scores(nmi) } };
}

Deno.test("table2() averages over structures and subjects and leaves out absent labels", () => {
  const pairs = [
    pair("a", "thorax", 0.4, 0.8),
    pair("b", "thorax", 0.6, 0.9),
    pair("a", "abdomen", 0.2, 0.6),
  ];
  const [thorax, abdomen, both] = table2(pairs);
  assertAlmostEquals(thorax.dice.rigid, 100 * (0.4 + 0.2 + 0.6) / 3, 1e-9);
  assertAlmostEquals(thorax.dice.nmi, 100 * (0.8 + 0.4 + 0.9) / 3, 1e-9);
  assertAlmostEquals(abdomen.dice.nmi, 100 * (0.6 + 0.3) / 2, 1e-9);
  assertAlmostEquals(both.dice.rigid, 100 * (0.4 + 0.2 + 0.6 + 0.2 + 0.1) / 5, 1e-9);
  assertEquals([thorax.paper.rigid, thorax.paper.nmi], [55.2, 75.2]);
  assertEquals(both.paper["synthesised-ct-c12-p22"], 57.8);
  assertEquals(thorax.dice.mind, NaN);
  const liver = structureTable(pairs).find((row) => row.structure === "liver")!;
  assertAlmostEquals(liver.dice.nmi, 85, 1e-9);
});

Deno.test("table2Cells() has the joint optimum of the searches next to the mean of both regions", () => {
  const pairs = [pair("a", "thorax", 0.4, 0.8), pair("a", "abdomen", 0.2, 0.6)];
  const joint = {
    similarity: "nmi",
    lambda: 0.1,
    spacing: 10,
    levels: 3,
    dice: 0.556,
    subjects: 1,
  };
  const originals = { path: "", settings: [], joint: [joint] } as BestSettings;
  const found = jointDice({ originals });
  assertEquals(Object.keys(found), ["nmi"]);
  const cells = table2Cells(pairs, found);
  assertEquals(cells.slice(5).map(([name]) => name), ["both", "both, one setting", "both, paper"]);
  const nmi = cells[0].indexOf("NMI");
  assertEquals(cells.slice(5).map((row) => row[nmi]), ["52.5**", "55.6", "76.7"]);
  assertEquals(cells[6][1], "-");
  assertEquals(table2Cells(pairs).length, cells.length - 1);
});

Deno.test("marked() names the best and what is within 5 % of it", () => {
  const dice = { a: 80, b: 76, c: 75.9, d: NaN };
  assertEquals(marked(dice), { best: ["a"], near: ["a", "b"] });
});

Deno.test("mergedPairs() joins the columns of each pair in the order of the groups", () => {
  const first = [pair("a", "thorax", 0.4, 0.8), pair("b", "thorax", 0.6, 0.9)];
  const mind = first[0].results.nmi;
  const second = first.map(({ subject, region }) => ({ subject, region, results: { mind } }));
  const merged = mergedPairs(first, second.toReversed(), []);
  assertEquals(merged.map(({ subject }) => subject), ["a", "b"]);
  assertEquals(Object.keys(merged[1].results), ["rigid", "nmi", "mind"]);
});
