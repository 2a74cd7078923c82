import { assertEquals } from "@std/assert";
import { synthesisRows } from "../../testing/study_scores.ts";
import { invertedSyntheses } from "./inverted_syntheses.ts";

Deno.test("invertedSyntheses() names the columns whose mean contrast is negative, and nothing else", () => {
  const contrasts: Record<string, number> = { "corrected-mr": -0.05, "corrected-ct": 0.06 };
  const rows = synthesisRows((column) => ({ fatContrast: contrasts[column] ?? NaN }));
  const start = "The soft tissue is inverted in the syntheses of corrected MR (thorax): fat and";
  assertEquals(invertedSyntheses(rows)?.slice(0, start.length), start);
  // Another subject with the right order, and a larger contrast.
  const more = synthesisRows((column) => ({ fatContrast: -2 * (contrasts[column] ?? NaN) }));
  const both = [...rows, ...more.filter(({ method }) => method === "corrected-mr")];
  assertEquals(invertedSyntheses(both), undefined);
  assertEquals(invertedSyntheses(synthesisRows(() => ({ fatContrast: NaN }))), undefined);
  assertEquals(invertedSyntheses([]), undefined);
});
