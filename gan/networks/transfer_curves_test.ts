import { assertThrows } from "@std/assert";
import { checkTransfer, type TransferCurves } from "./transfer_curves.ts";

const RULE = { curve: [-1, 1], dark: [-0.9, -0.8], pixels: [4.5, 5.5] };

Deno.test("checkTransfer accepts no curves, curves, and rules with curves", () => {
  const accepted: unknown[] = [
    undefined,
    { mr: [-1, 1] },
    { ct: [-1, 1], mr: [1, -1], air: {} },
    { ct: [-1, 1], air: { ct: RULE } },
    { ct: [-1, 1], air: { ct: { ...RULE, radius: [8, 3] } } },
    { ct: [-1, 1], mr: [-1, 1], air: { ct: RULE, mr: { ...RULE, radius: [2, 2] } } },
  ];
  for (const transfer of accepted) checkTransfer(transfer as TransferCurves | undefined);
});

Deno.test("checkTransfer refuses other forms, which a damaged file may have, by a sentence", () => {
  const refused: [unknown, string][] = [
    [null, "`transfer` must be an object of curves"],
    [5, "`transfer` must be an object of curves"],
    [[[-1, 1]], "`transfer` must be an object of curves"],
    [{}, "`transfer` must hold curves"],
    [{ ct: "line" }, "`transfer` must hold curves"],
    [{ ct: [-1, 2] }, "`transfer` must hold curves"],
    [{ ct: [-1, 1], mr: [-1, 0, 1] }, "`transfer` must hold curves of one length"],
    [{ ct: [-1, 1], air: 5 }, "`air` of `transfer` must be an object of rules"],
    [{ ct: [-1, 1], air: null }, "`air` of `transfer` must be an object of rules"],
    [{ ct: [-1, 1], air: RULE }, "`air` of `transfer` is a rule of an earlier version"],
    [{ ct: [-1, 1], air: { ct: null } }, "the rule of CT in `air` must be an object"],
    [{ ct: [-1, 1], air: { ct: [1] } }, "the rule of CT in `air` must be an object"],
    [{ ct: [-1, 1], air: { mr: RULE } }, "`transfer` must hold curves"],
    [{ ct: [-1, 1], air: { ct: { ...RULE, dark: [1, 0] } } }, "must hold rising ranges"],
    [{ ct: [-1, 1], air: { ct: { ...RULE, pixels: 5 } } }, "must hold rising ranges"],
    [{ ct: [-1, 1], air: { ct: { ...RULE, radius: 2 } } }, "`radius` of `air` must be two"],
    [{ ct: [-1, 1], air: { ct: { ...RULE, radius: [2, 0.5] } } }, "`radius` of `air` must be"],
    [{ ct: [-1, 1], air: { ct: { ...RULE, radius: [1e9, 2] } } }, "`radius` of `air` must be"],
    [
      { ct: [-1, 1], mr: [-1, 1], air: { ct: { ...RULE, radius: [3, 2] }, mr: RULE } },
      "must have the same `radius`",
    ],
  ];
  for (const [transfer, sentence] of refused) {
    assertThrows(() => checkTransfer(transfer as TransferCurves), RangeError, sentence);
  }
});
