import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkLines, checkWarnings, type SynthesisCheck } from "./training_checks.ts";

const check: SynthesisCheck = {
  of: "mr",
  fat: 0.45,
  muscle: 0.53,
  isInverted: true,
  shift: [0.26, -1.74],
  isShifted: true,
};

Deno.test("checkLines() and checkWarnings() say what is wrong and what to do", () => {
  assertEquals(checkLines({ step: 500, checks: [check] }, "coronal"), [
    "step 500, synthesised MR: fat 45 % and muscle 53 % of the range (inverted); " +
    "shift 0.3 mm right, -1.7 mm down",
  ]);
  const warnings = checkWarnings({ step: 500, checks: [check] });
  assertEquals(warnings.length, 2);
  assertStringIncludes(
    warnings[0],
    "the synthesised MR shows fat darker than muscle, but real MR shows it brighter",
  );
  assertStringIncludes(warnings[0], "--similarity lncc --absolute");
  assertStringIncludes(warnings[1], "is shifted by 1.7 mm against its source");
  const others = checkWarnings({ step: 500, checks: [check] }, { keepsCorrespondence: true });
  assertStringIncludes(others[0], "train with more --pair-steps");
  assertStringIncludes(others[1], "a larger --structure-weight");
  assertEquals(checkWarnings({ step: 0, checks: [check] }), [], "untrained networks know nothing");
});

Deno.test("checkLines() says what the patches do not show", () => {
  const unknown = {
    ...check,
    of: "ct" as const,
    fat: NaN,
    muscle: NaN,
    shift: [NaN, NaN] as const,
  };
  assertEquals(checkLines({ step: 1, checks: [unknown] }, "axial"), [
    "step 1, synthesised CT: too little fat or muscle to see their order; " +
    "too few edges to measure the shift",
  ]);
});
