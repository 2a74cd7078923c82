import { assertEquals } from "@std/assert";
import { lungCells } from "./lung_table.ts";

Deno.test("lungCells() compares a synthesis with what the threshold finds in real images of its modality", () => {
  // In CT the threshold finds 90 % of the lungs, in MR 120 %.
  const ct = { labelled: 4000, source: 3600, thresholdDice: 0.9 };
  const mr = { labelled: 2000, source: 2400, thresholdDice: 0.8 };
  const cells = lungCells([
    { subject: "a", method: "synthesised-mr-c3-p70", bias: { ...ct, synthesis: 2400, dice: 0.6 } },
    { subject: "a", method: "synthesised-ct-c3-p70", bias: { ...mr, synthesis: 1800, dice: 0.7 } },
  ]);
  assertEquals(cells.slice(1), [
    ["CT to MR C=3 P=70", "4000", "2400", "4800", "50", "60.0", "80.0"],
    ["MR to CT C=3 P=70", "2000", "1800", "1800", "100", "70.0", "90.0"],
  ]);
  assertEquals(lungCells([]).length, 1);
});
