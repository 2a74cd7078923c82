import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Manifest, ManifestSubject } from "../../cohort/manifest.ts";
import { profileOf } from "../../workflows/profiles.ts";
import { NO_EDGES } from "../scores/synthesis_scores.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import { PHANTOM_CAUTION, type ReportInputs, reportOf } from "./report.ts";

const subject = (kind: ManifestSubject["kind"]): ManifestSubject => ({
  id: kind,
  kind,
  images: {},
  labels: {},
});
const manifest: Manifest = {
  format: "crosswarp-cohort",
  version: 1,
  profile: "mine",
  subjects: [subject("ct"), subject("mr"), subject("paired")],
};
const inputs: ReportInputs = {
  profile: profileOf("smoke"),
  seed: 1,
  version: "test",
  adapter: "a GPU",
  manifest,
  isPhantom: false,
  regions: ["thorax", "abdomen"],
  settings: { originals: undefined, syntheses: undefined },
  given: undefined,
  volumes: [],
  pairs: [],
  syntheses: [],
  ablations: [],
  ablationSyntheses: [],
};

Deno.test("reportOf() names the breathing of a cohort that records it", () => {
  const markdownOf = (breathing: string | undefined) =>
    reportOf({ ...inputs, manifest: { ...manifest, breathing } }).markdown;
  assertStringIncludes(markdownOf("balanced"), "Breathing of the training images: balanced.");
  assertStringIncludes(markdownOf("by-modality"), "CT at inhale, MR at exhale, as in the paper.");
  assert(!markdownOf(undefined).includes("Breathing"));
});

Deno.test("reportOf() names the corrections of labels", () => {
  const volume = "s/10000067_1_MRT1_wb";
  const corrected: ManifestSubject = {
    id: "10000067",
    kind: "paired",
    images: {},
    labels: { mr: { "29662": `${volume}_29663_3.nii.gz`, "86": `${volume}_86_3.nii.gz` } },
    exclude: { mr: [29193] },
  };
  const { setup } = reportOf({ ...inputs, manifest: { ...manifest, subjects: [corrected] } });
  assertEquals(setup.filter((line) => line.startsWith("Corrections")), [
    "Corrections of the labels: 10000067's MR: the labels of right kidney are exchanged, because its files have " +
    "them on the wrong sides; 10000067's MR: the scores leave out lumbar vertebra 1.",
  ]);
  assert(!reportOf(inputs).markdown.includes("Corrections"));
});

Deno.test("reportOf() judges the paper's findings, and one more if the cohort is balanced", () => {
  const balanced = { ...manifest, breathing: "balanced" };
  for (const [one, count] of [[manifest, 8], [balanced, 9]] as const) {
    const { tables, markdown, data } = reportOf({ ...inputs, manifest: one });
    assertEquals(tables[0].cells.length, 1 + count);
    assertEquals((data.findings as unknown[]).length, count);
    assertStringIncludes(markdown, "## The paper's findings here (profile smoke)");
    assertStringIncludes(markdown, "| Finding | paper | here | verdict | reason |\n| --- | --- |");
    assertStringIncludes(markdown, "| not in this cohort | These scores are missing: Dice of NMI");
    assertEquals(markdown.includes("The populations of this cohort have the same"), count === 9);
  }
});

Deno.test("reportOf() says that a phantom's numbers are not from patients", () => {
  const { title, caution, markdown, data } = reportOf({ ...inputs, isPhantom: true });
  assertEquals(title, "MR-CT deformable registration: the study on a phantom cohort");
  assertEquals([caution, data.caution], [PHANTOM_CAUTION, PHANTOM_CAUTION]);
  assertStringIncludes(markdown, "These numbers come from a phantom cohort, not from patients.");
  assertStringIncludes(markdown, "Cohort: phantom, 1 CT and 1 MR images for the training, 1 pairs");
});

Deno.test("reportOf() names a user's cohort and how few its pairs are", () => {
  const { title, caution, markdown } = reportOf(inputs);
  assertEquals(title, 'MR-CT deformable registration: the study on the cohort "mine"');
  assertStringIncludes(
    caution,
    "These numbers come from 1 pair of images, too few to rank methods",
  );
  assertStringIncludes(markdown, "Cohort: 1 CT and 1 MR images for the training");
  assert(!markdown.includes("phantom"), markdown);
});

Deno.test("reportOf() says what images without labels cannot show", () => {
  const { caution, tables } = reportOf({ ...inputs, regions: ["all"] });
  assertStringIncludes(caution, "1 pair of images without labels.");
  assertEquals(tables.map(({ name }) => name), [
    "findings",
    "registrations",
    "settings",
    "differences",
  ]);
});

/** The scores of a synthesis. */
const synthesis: SynthesisRow = {
  subject: "p1",
  region: "thorax",
  method: "synthesised-ct-c3-p70",
  seconds: 2,
  scores: {
    error: 0.084,
    errorHu: 168,
    correlation: -0.02,
    sourceTruthEdges: { ...NO_EDGES, up: 1.1 },
    truthEdges: { ...NO_EDGES, up: 1.8 },
    lungVolume: 1.09,
    lungDice: 0.87,
    sliceJumps: 1,
    fatContrast: -0.1,
    sourceEdges: NO_EDGES,
    expectedLungVolume: NaN,
  },
};

Deno.test("reportOf() has the means of the syntheses' scores, and each synthesis only in a file", () => {
  const { tables, markdown } = reportOf({ ...inputs, syntheses: [synthesis] });
  const names = tables.map(({ name }) => name).filter((name) => name.startsWith("synthesis"));
  assertEquals(names, ["synthesis-truth", "synthesis-source", "synthesis"]);
  assertStringIncludes(markdown, "| thorax, MR to CT C=3 P=70 | 8.4 | 168 | -0.02 | 1.80 |");
  assert(!markdown.includes("p1"), "the rows of the subjects are only in synthesis.csv");
});

Deno.test("reportOf() has the syntheses of the ablations, against what is known of them", () => {
  const method = "corrected-ct-without-intensity-transfer";
  const tableOf = (scores: SynthesisRow["scores"]) => {
    const { tables, data } = reportOf({
      ...inputs,
      ablations: ["correspondence"],
      ablationSyntheses: [{ ...synthesis, method, scores }],
    });
    assertEquals((data.ablationSyntheses as unknown[]).length, 1);
    assertEquals(data.syntheses, []);
    return tables.find(({ name }) => name === "ablation-syntheses")!;
  };
  const truth = tableOf(synthesis.scores);
  assertStringIncludes(truth.title, "of the ablations against the true images");
  const row = "thorax, MR to corrected CT without intensity transfer";
  assertEquals(truth.cells[1].slice(0, 4), [row, "8.4", "168", "-0.02"]);
  const real = { ...synthesis.scores, error: NaN, fatContrast: 0.25 };
  const source = tableOf(real);
  assertStringIncludes(source.title, "of the ablations against their sources");
  assertEquals(source.cells.map((cells) => cells.slice(0, 2)), [
    ["Synthesis", "fat contrast, %"],
    [row, "25.0"],
  ]);
});

Deno.test("reportOf() lists what differs from the paper, and says when s was limited", () => {
  const result = (s: number, unlimitedS: number) => ({
    dice: {},
    treMean: null,
    tre95: null,
    hausdorff95: {},
    nmi: null,
    jacobian: null,
    mindScales: [{ s: 3, unlimitedS: 3 }, { s, unlimitedS }],
  });
  const pairOf = (s: number, unlimitedS: number) => ({
    subject: "p1",
    region: "thorax" as const,
    results: { "nmi+mind": result(s, unlimitedS) },
  });
  const rowsOf = (given: Partial<ReportInputs>) => {
    const { tables } = reportOf({ ...inputs, ...given });
    const { cells } = tables.find(({ name }) => name === "differences")!;
    return new Map(cells.map(([name, paper, here]) => [name, [paper, here]]));
  };
  const limited = rowsOf({ pairs: [pairOf(30, 57.25)] });
  assertEquals(limited.get("Maximum of s"), [
    "none",
    "30, reached at 1 of 2 levels (without it up to 57.3)",
  ]);
  assertEquals(limited.get("Voxel size, mm"), ["1.25", "8"]);
  assertEquals(limited.get("Rigid registration"), ["imregister", "robust"]);
  const free = rowsOf({ pairs: [pairOf(4, 4)] });
  assertEquals(free.get("Maximum of s"), ["none", "30, not reached at any of 2 levels"]);
  const ofPaper = rowsOf({ profile: profileOf("paper"), pairs: [pairOf(57, 57)] });
  for (const name of ["Maximum of s", "Voxel size, mm", "Rigid registration"]) {
    assertEquals(ofPaper.has(name), false, name);
  }
});
