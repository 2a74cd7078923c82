import { assertAlmostEquals, assertEquals } from "@std/assert";
import { PLANES, PlaneStack } from "../../kernels/patches/plane_stack.ts";
import { seededValues } from "../../testing/float_values.ts";
import type { Triple } from "../../volume/affine.ts";
import { PatchMeans } from "./patch_means.ts";
import { meanAboveBackground, readPatch } from "./plane_patch.ts";

Deno.test("PatchMeans have the means of the patches, also of a volume smaller than a patch", () => {
  const size: Triple = [11, 5, 7];
  const image = seededValues(11 * 5 * 7, 1);
  for (const axes of [PLANES.coronal, PLANES.axial, PLANES.sagittal]) {
    for (const patch of [[4, 3, 2], [12, 9, 3]] as Triple[]) {
      const stack = new PlaneStack(size, axes, patch);
      const means = new PatchMeans(image, stack, patch);
      const last = stack.extent.map((count, i) => count - patch[i]);
      for (const start of [[0, 0, 0], last, last.map((n) => n >> 1)] as unknown as Triple[]) {
        const wanted = meanAboveBackground(readPatch(image, stack, start, patch));
        assertAlmostEquals(means.aboveBackground(start), wanted, 1e-12);
      }
    }
  }
});

Deno.test("PatchMeans are relative to the background", () => {
  const size: Triple = [2, 1, 2];
  const patch: Triple = [2, 2, 1];
  const stack = new PlaneStack(size, PLANES.coronal, patch);
  const means = new PatchMeans(new Float32Array([-1, -1, 0, 1]), stack, patch);
  assertEquals(means.aboveBackground([0, 0, 0]), 0.75);
});
