import { assertEquals, assertThrows } from "@std/assert";
import { SIMILARITIES } from "../registration/similarity/similarities.ts";
import { UsageError } from "./_flags.ts";
import { optionFlags, optionValues } from "./_option_flags.ts";

Deno.test("optionFlags() declares each option once, with its owners, default and check", () => {
  const { sigma, scaling, neighbourhood, absolute } = optionFlags(Object.values(SIMILARITIES));
  assertEquals(sigma, {
    type: "number",
    min: 0.1,
    max: 2,
    unit: "voxels",
    help:
      "mind, mind-ssc, nmi+mind, lncc-mind: standard deviation of the patch weights. The default is 0.5.",
  });
  assertEquals([scaling.type, scaling.valueName], ["string", "gradient|change|N"]);
  assertEquals(
    neighbourhood.help,
    "mind, nmi+mind: the compared neighbours, the nearest six or all 26.",
  );
  assertEquals(absolute.type, "boolean");
});

Deno.test("optionValues() takes the owner's options and turns texts into numbers", () => {
  const { options } = SIMILARITIES["nmi+mind"];
  const flags = { beta: undefined, scaling: "0.25", sigma: 1, neighbourhood: "dense", window: 5 };
  assertEquals(optionValues(options, flags), {
    sigma: 1,
    neighbourhood: "dense",
    fineDescriptors: undefined,
    beta: undefined,
    scaling: 0.25,
    unlimitedScale: undefined,
  });
  assertEquals(optionValues(options, { scaling: "change" }).scaling, "change");
  for (const scaling of ["0", "much", " ", "Infinity"]) {
    assertThrows(
      () => optionValues(options, { scaling }),
      UsageError,
      `--scaling must be "gradient", "change" or a number above 0, got "${scaling}"`,
    );
  }
});
