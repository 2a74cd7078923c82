import { assertStringIncludes } from "@std/assert";
import { bSplineParameters, rigidParameters } from "./elastix.ts";

Deno.test("bSplineParameters() writes elastix's syntax: text quoted, numbers bare, lists spaced", () => {
  const text = bSplineParameters({ bendingWeight: 1, spacing: 10, levels: 3, iterations: 20 });
  assertStringIncludes(text, '(Transform "BSplineTransform")\n');
  assertStringIncludes(
    text,
    '(Metric "NormalizedMutualInformation" "TransformBendingEnergyPenalty")\n',
  );
  assertStringIncludes(text, "(Metric1Weight 1)\n");
  assertStringIncludes(text, "(FinalGridSpacingInPhysicalUnits 10)\n");
  assertStringIncludes(text, "(NumberOfResolutions 3)\n(MaximumNumberOfIterations 20)\n");
});

Deno.test("bSplineParameters() and rigidParameters() have the yardstick's defaults", () => {
  const text = bSplineParameters();
  assertStringIncludes(text, "(Metric1Weight 50)\n");
  assertStringIncludes(text, "(FinalGridSpacingInPhysicalUnits 12)\n");
  assertStringIncludes(text, "(NumberOfResolutions 4)\n(MaximumNumberOfIterations 500)\n");
  assertStringIncludes(rigidParameters(), '(Metric "AdvancedMattesMutualInformation")\n');
});

Deno.test("bSplineParameters() takes Mattes MI", () => {
  assertStringIncludes(
    bSplineParameters({ metric: "mattes" }),
    '(Metric "AdvancedMattesMutualInformation" "TransformBendingEnergyPenalty")\n',
  );
});
