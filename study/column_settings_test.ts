import { assertEquals, assertStringIncludes } from "@std/assert";
import { ablationColumns } from "./ablations.ts";
import type { BestSetting } from "./grid_search/best_settings.ts";
import { REGIONS } from "./grid_search/plan.ts";
import { columnParameters } from "./column_settings.ts";
import { COLUMNS } from "./columns.ts";
import { profileOf } from "../workflows/profiles.ts";
import { reportOf } from "./report/report.ts";

const THORAX: BestSetting = {
  similarity: "nmi",
  region: "thorax",
  regulariser: "l2",
  lambda: 0.03,
  spacing: 17.5,
  levels: 4,
  voxel: 2.5,
  iterations: 50,
  dice: 0.9,
};
const profile = profileOf("quick");
const originals = { path: "a/best.json", settings: [THORAX] };
const column = (name: string) =>
  [...COLUMNS, ...ablationColumns(["regulariser", "synthesis"])].find((one) => one.name === name)!;

Deno.test("columnParameters() takes the region's setting of the similarity, else the profile's", () => {
  const own = { ...profile.deformable, similarity: "nmi" } as const;
  assertEquals(columnParameters(profile, column("nmi"), "abdomen", { originals }), own);
  assertEquals(columnParameters(profile, column("nmi"), "all", { originals }), own);
  assertEquals(columnParameters(profile, column("nmi"), "thorax", { originals }), {
    similarity: "nmi",
    regulariser: "l2",
    lambda: 0.03,
    spacing: 17.5,
    levels: 4,
    iterations: 50,
  });
  // A regulariser of its own brings its own weight; spacing and levels are those that were found.
  assertEquals(columnParameters(profile, column("nmi-l2"), "thorax", { originals }), {
    similarity: "nmi",
    regulariser: "l2",
    lambda: 0.1,
    spacing: 17.5,
    levels: 4,
    iterations: 50,
  });
});

Deno.test("columnParameters() takes a synthesised column's own setting, else one for all syntheses", () => {
  const name = "synthesised-mr-c12-p34";
  const lncc = { ...THORAX, similarity: "lncc" } as const;
  const of = (settings: Parameters<typeof columnParameters>[3]) => {
    const { lambda, spacing, absolute } = columnParameters(
      profile,
      column(name),
      "thorax",
      settings,
    );
    return [lambda, spacing, absolute];
  };
  assertEquals(of({ originals }), [0.4, 15, true]);
  const all = { path: "", settings: [THORAX, lncc] };
  assertEquals(of({ originals: all }), [0.03, 17.5, true]);
  const syntheses = { [name]: { path: "", settings: [{ ...lncc, lambda: 0.025 }] } };
  assertEquals(of({ originals: all, syntheses }), [0.025, 17.5, true]);
});

Deno.test("the control without a synthesis has the settings of the syntheses", () => {
  const settings = (name: string) => columnParameters(profile, column(name), "thorax", {});
  const control = settings("no-synthesis");
  assertEquals(control, settings("corrected-mr"));
  assertEquals([control.similarity, control.absolute], ["lncc", true]);
});

Deno.test("the report's settings are those that were used, and it names their file", () => {
  const report = reportOf({
    profile,
    seed: 1,
    version: "test",
    adapter: "none",
    given: originals,
    manifest: { format: "crosswarp-cohort", version: 1, profile: "quick", subjects: [] },
    isPhantom: true,
    regions: REGIONS,
    volumes: [],
    pairs: [],
    syntheses: [],
    ablations: [],
    ablationSyntheses: [],
    settings: { originals },
  });
  assertStringIncludes(report.markdown, "The best settings of a/best.json.");
  // The settings that the file lacks were searched.
  assertStringIncludes(
    report.markdown,
    "on the original images (nmi, mind, nmi+mind): lambda 0.025",
  );
  const { cells } = report.tables.find(({ name }) => name === "settings")!;
  assertEquals(cells.length, 1 + 13 * 2);
  const row = (name: string) => cells.find(([first]) => first === name)!.slice(1);
  assertEquals(row("NMI, thorax"), ["squared L2", "0.03", "17.5", "4", "90.0"]);
  assertEquals(row("NMI, abdomen"), ["total variation", "0.05", "15", "3", "-"]);
  assertEquals(row("CT C=3 P=70, abdomen"), ["total variation", "0.4", "15", "3", "-"]);
});
