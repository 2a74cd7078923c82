import { assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { paddingNotices } from "./register_files.ts";

Deno.test("paddingNotices() names the image, the share, the value and the flag", () => {
  const grid = Grid.axisAligned([10, 10, 10], [2, 2, 2]);
  const tissue = Float32Array.from({ length: 1000 }, (_, i) => i - 500);
  const padded = tissue.map((value, i) => i < 123 ? -8192 : value);
  const paths = { fixed: "mr.nii.gz", moving: "ct.nii.gz" };
  const notices = paddingNotices(
    { fixed: { grid, data: tissue }, moving: { grid, data: padded } },
    paths,
  );
  assertEquals(notices, [
    "ct.nii.gz: 12.3 % of the voxels are padding of -8192. The registration leaves them out, and they count as " +
    "-377 in the warped image. --keep-padding treats them as tissue.",
  ]);
});
