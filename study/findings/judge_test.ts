import { assertEquals } from "@std/assert";
import { judge, type Part } from "./judge.ts";
import { DICE, LUNG_VOLUME } from "./measures.ts";

const part = (difference: string, value: number, measure = DICE): Part => ({
  difference,
  value,
  measure,
  scores: [{ name: `score of ${difference}`, value }],
});

Deno.test("judge() says that a finding holds only if each part exceeds its limit", () => {
  assertEquals(judge([part("A", 1.6), part("B", 0.06, LUNG_VOLUME)]), {
    verdict: "holds",
    reason: "A is 1.6 points; a finding needs more than 1.5 points. " +
      "B is 0.06; a finding needs more than 0.05.",
  });
});

Deno.test("judge() says that a difference within the limit is no finding, in either direction", () => {
  for (const value of [1.4, 0, -1.4]) {
    assertEquals(judge([part("A", 9), part("B", value)]), {
      verdict: "not at this size",
      reason: `B is ${value.toFixed(1)} points; a finding needs more than 1.5 points.`,
    });
  }
});

Deno.test("judge() lets a false part decide", () => {
  const { verdict, reason } = judge([part("A", 9), part("B", 0), part("C", -1.6)]);
  assertEquals(verdict, "does not hold");
  assertEquals(reason, "C is -1.6 points; a finding needs more than 1.5 points.");
});

Deno.test("judge() names each missing score once", () => {
  assertEquals(judge([part("A", -9), part("B", NaN), part("B", NaN)]), {
    verdict: "not in this cohort",
    reason: "These scores are missing: score of B.",
  });
});
