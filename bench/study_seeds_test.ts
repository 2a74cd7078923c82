import { assertEquals, assertThrows } from "@std/assert";
import { ablationColumns } from "../study/ablations.ts";
import type { Verdict } from "../study/findings/finding.ts";
import { findingsOf } from "../study/findings/findings.ts";
import type { ScoredPair } from "../study/tables/table2.ts";
import type { SynthesisRow } from "../study/synthesis_measures.ts";
import { profileOf } from "../workflows/profiles.ts";
import {
  checkStudies,
  correctedCells,
  diceCells,
  findingCells,
  partCells,
  type StudyData,
  studyData,
} from "./study_seeds.ts";

type Dice = Readonly<Record<string, readonly [thorax: number, abdomen: number, vertebra: number]>>;

const VERDICTS: readonly Verdict[] = ["holds", "does not hold", "not at this size"];
/** The findings of a study without scores, in another order. */
const FINDINGS = findingsOf({
  profile: profileOf("quick"),
  breathing: undefined,
  volumes: [],
  table2: [],
  syntheses: [],
}).reverse();

/** A study of one pair; label 11 is the liver of the thorax, 29 the first lumbar vertebra of the abdomen. */
function study(seed: number, dice: Dice, lungs: number): StudyData {
  const results = (values: (column: string) => Record<number, number>) =>
    Object.fromEntries(Object.keys(dice).map((name) => [name, { dice: values(name) }]));
  const edges = { right: 0.1, front: -0.4, up: 0.2, lungs: 0, skin: 0 };
  const scores = {
    correlation: 0.7,
    lungVolume: lungs,
    lungDice: 0.9,
    truthEdges: edges,
    sourceEdges: edges,
  };
  return {
    crosswarp: "1",
    adapter: "software",
    cohort: "quick",
    isPhantom: true,
    profile: profileOf("quick"),
    seed,
    table1: [{ structure: "liver", ct: 1000 + seed, mr: 900 }],
    registrations: [
      {
        subject: "paired-01",
        region: "thorax",
        results: results((name) => ({ 58: dice[name][0] })),
      },
      {
        subject: "paired-01",
        region: "abdomen",
        results: results((name) => ({ 237: dice[name][1], 29193: dice[name][2] })),
      },
    ] as unknown as ScoredPair[],
    syntheses: [
      { subject: "paired-01", region: "thorax", method: "corrected-mr", scores },
    ] as unknown as SynthesisRow[],
    ablationSyntheses: [],
    findings: FINDINGS.map((one, i) => ({ ...one, verdict: VERDICTS[(i + seed) % 3] })),
  };
}

const STUDIES = [
  study(1, {
    "nmi": [0.8, 0.7, 0.5],
    "corrected-mr": [0.9, 0.6, 0.4],
    "no-synthesis": [0.7, 0.7, 0.5],
  }, 0.95),
  study(2, {
    "nmi": [0.9, 0.8, 0.6],
    "corrected-mr": [0.8, 0.8, 0.8],
    "no-synthesis": [0.7, 0.7, 0.5],
  }, 1.02),
];

Deno.test("diceCells has means, ranges, the paper's values, and the vertebra", () => {
  // Abdomen of NMI: (0.7 + 0.5) / 2 = 60 % and 70 %.
  assertEquals(diceCells(STUDIES), [
    ["", "NMI", "corrected MR", "no synthesis, local correlation"],
    ["thorax", "85.0", "85.0", "70.0"],
    ["thorax, range", "80.0 to 90.0", "80.0 to 90.0", "70.0 to 70.0"],
    ["thorax, paper", "75.2", "-", "-"],
    ["abdomen", "65.0", "65.0", "60.0"],
    ["abdomen, range", "60.0 to 70.0", "50.0 to 80.0", "60.0 to 60.0"],
    ["abdomen, paper", "78.8", "-", "-"],
    ["L1", "55.0", "60.0", "50.0"],
    ["L1, range", "50.0 to 60.0", "40.0 to 80.0", "50.0 to 50.0"],
  ]);
});

Deno.test("correctedCells has the value of each study", () => {
  const [head, ...rows] = correctedCells(STUDIES);
  assertEquals(head, [
    "",
    "thorax: corrected MR",
    "thorax: corrected CT",
    "abdomen: corrected MR",
    "abdomen: corrected CT",
  ]);
  assertEquals(rows.map(([title, mr, ct, abdomen]) => [title, mr, ct, abdomen]), [
    ["Dice minus NMI's, points", "+10.0, -10.0", "-", "-10.0, +10.0"],
    ["Dice minus that without a synthesis, points", "+20.0, +10.0", "-", "-10.0, +20.0"],
    ["soft-tissue correlation", "0.70, 0.70", "-", "-"],
    ["largest shift along an axis, mm", "0.40, 0.40", "-", "-"],
    ["lung volume / truth", "0.950, 1.020", "-", "-"],
    ["Dice of the lungs, %", "90.0, 90.0", "-", "-"],
    ["Dice of L1, %", "-", "-", "40.0, 80.0"],
  ]);
});

Deno.test("partCells has the means without each part, and the difference of each study", () => {
  assertEquals(partCells(STUDIES, "thorax"), undefined);
  const columns = ablationColumns(["correspondence"]);
  const scored = (seed: number, all: number, without: number) => ({
    ...study(
      seed,
      Object.fromEntries(columns.map(({ name }) => {
        const dice = name.endsWith("all-parts") ? all : without;
        return [name, [dice, dice, dice] as const];
      })),
      1,
    ),
    ablationSyntheses: columns.map(({ name: method }) => ({
      ...STUDIES[seed - 1].syntheses[0],
      method,
    })),
  });
  const cells = partCells([scored(1, 0.9, 0.85), scored(2, 0.8, 0.83)], "thorax")!;
  assertEquals(cells.slice(0, 3), [
    [
      "without",
      "corrected MR: Dice, %",
      "difference",
      "corrected CT: Dice, %",
      "difference",
      "corrected MR: correlation",
      "corrected CT: correlation",
      "corrected MR: shift, mm",
      "corrected CT: shift, mm",
      "corrected MR: lung volume",
      "corrected CT: lung volume",
    ],
    // The lungs of the two studies have 0.95 and 1.02 of their volume.
    [
      "nothing (all parts)",
      "85.0",
      "-",
      "85.0",
      "-",
      "0.70",
      "0.70",
      "0.40",
      "0.40",
      "0.985",
      "0.985",
    ],
    [
      "registered start",
      "84.0",
      "-5.0, +3.0",
      "84.0",
      "-5.0, +3.0",
      "0.70",
      "0.70",
      "0.40",
      "0.40",
      "0.985",
      "0.985",
    ],
  ]);
  assertEquals(cells.length, 1 + 7);
  assertEquals(cells.at(-1)![0], "intensity transfer");
});

Deno.test("findingCells has the verdicts of the studies, and of their scores together", () => {
  const cells = findingCells(STUDIES);
  assertEquals(cells[0], ["Finding", "seed 1", "seed 2", "together", "together, in numbers"]);
  assertEquals(cells.length, 9);
  // The last finding is the first one of the studies.
  assertEquals(cells[8].slice(1, 4), ["does not hold", "not at this size", "not in this cohort"]);
  assertEquals(cells[7].slice(1, 4), ["not at this size", "holds", "not in this cohort"]);
  assertEquals(cells[8][4].includes("lung volume 0.98"), true);
});

Deno.test("checkStudies refuses one study, one seed twice, and other settings; studyData other files", () => {
  const [first, second] = STUDIES;
  checkStudies(STUDIES);
  assertThrows(() => checkStudies([first]), RangeError, "at least two");
  assertThrows(() => checkStudies([first, { ...second, seed: 1 }]), RangeError, "the same seed");
  const balanced = { ...second, breathing: "balanced" };
  assertThrows(() => checkStudies([first, balanced]), RangeError, "differ in: breathing");
  const given = (lambda: number) =>
    [
      {
        similarity: "nmi",
        voxel: 4,
        iterations: 50,
        region: "thorax",
        regulariser: "tv",
        lambda,
        spacing: 12,
        levels: 3,
        dice: 1,
      },
    ] as StudyData["given"];
  checkStudies([{ ...first, given: given(1) }, { ...second, given: given(1) }]);
  const searched = [{ ...first, given: given(1) }, { ...second, given: given(2) }];
  assertThrows(() => checkStudies(searched), RangeError, "differ in: given");
  const other = { ...second, profile: profileOf("smoke") };
  assertThrows(() => checkStudies([first, other]), RangeError, "seeds 1 and 2 differ in: profile");
  const fewer = study(2, { nmi: [0.9, 0.8, 0.6] }, 1);
  assertThrows(() => checkStudies([first, fewer]), RangeError, "differ in: columns");
  // A study's file has null where a score is not known.
  const read = studyData(JSON.parse(JSON.stringify({
    ...first,
    syntheses: [{ ...first.syntheses[0], scores: { ...first.syntheses[0].scores, lungDice: NaN } }],
  })));
  assertEquals(correctedCells([read, second])[6][1], "-, 90.0");
  assertThrows(
    () => studyData({ ...first, findings: undefined }),
    RangeError,
    "no list `findings`",
  );
  assertThrows(() => studyData(null), RangeError, "no list `table1`");
});
