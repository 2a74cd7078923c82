import { assertEquals, assertStringIncludes } from "@std/assert";
import { plastimatchStages } from "./plastimatch.ts";

Deno.test("plastimatchStages() writes its syntax, three B-spline stages coarse to fine", () => {
  const text = plastimatchStages({ fixed: "a.nii", moving: "b.nii", field: "c.nii", spacing: 10 });
  assertStringIncludes(text, "[GLOBAL]\nfixed=a.nii\nmoving=b.nii\nvf_out=c.nii\n");
  assertEquals(text.split("[STAGE]\n").length - 1, 6);
  assertEquals(
    [...text.matchAll(/grid_spac=(.*)\nres=(.*)\n/g)].map(([, grid, voxels]) => [grid, voxels]),
    [["40 40 40", "4 4 4"], ["20 20 20", "2 2 2"], ["10 10 10", "1 1 1"]],
  );
});
