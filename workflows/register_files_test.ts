import { assert, assertEquals } from "@std/assert";
import type { RegisterImagesResult } from "../registration/register.ts";
import { Grid } from "../volume/grid.ts";
import { CompressionThread } from "../volume/compression_thread.ts";
import {
  beginImages,
  encodeRegistration,
  hausdorffDistances,
  paddingNotices,
} from "./register_files.ts";

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

Deno.test("hausdorffDistances() accepts labels whose header differs by rounding, as a registration does", () => {
  const at = (offset: number) => Grid.axisAligned([10, 10, 10], [2, 2, 2], [offset, 0, 0]);
  const [grid, rounded] = [at(0), at(0.008)];
  const plane = (x: number) => Int32Array.from({ length: 1000 }, (_, i) => i % 10 === x ? 7 : 0);
  const image = { grid, data: new Float32Array(1000) };
  const distances = hausdorffDistances(
    { fixed: image, moving: image, fixedLabels: { grid: rounded, data: plane(3) } },
    {
      warpedLabels: { grid, data: plane(6) },
      overlap: [{ label: 7, before: 0, after: 0 }, { label: 8, before: 0, after: 0 }],
    },
  );
  // Three voxels of 2 mm; the images have no label 8.
  assertEquals([...distances], [[7, 6]]);
});

Deno.test("encodeRegistration() gives the same files with a thread, without, and with one that fails", async () => {
  const grid = Grid.axisAligned([9, 8, 7], [2, 2, 3]);
  const values = (factor: number) =>
    Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(factor * i * i));
  const image = { grid, data: values(0.1) };
  const labels = { grid, data: Int32Array.from(image.data, (value) => value > 0.5 ? 300 : 0) };
  const field = { grid, components: [values(0.2), values(0.3), values(0.4)] };
  const result = {
    transform: {
      rigid: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
      fixedGrid: grid,
      movingGrid: grid,
    },
    warped: image,
    before: image,
    warpedLabels: labels,
    field,
    inverseField: field,
    jacobian: { grid, data: values(0.5) },
    jacobianStatistics: { foldedPercent: 0, sdLog: 0.1 },
    padding: {},
  } as unknown as RegisterImagesResult;
  const inputs = { fixed: image, moving: image };
  const without = await (await encodeRegistration(inputs, result)).files;
  assertEquals(Object.keys(without), [
    "warped.nii.gz",
    "warped_labels.nii.gz",
    "field.nii.gz",
    "inverse_field.nii.gz",
    "jacobian.nii.gz",
    "transform.json",
    "overview.png",
  ]);
  using thread = await CompressionThread.open();
  assert(thread !== undefined);
  assertEquals(await (await encodeRegistration(inputs, result, { thread })).files, without);
  const failing = {
    compress: () => Promise.reject(new Error("no memory")),
    deflate: () => Promise.reject(new Error("no memory")),
  } as unknown as CompressionThread;
  assertEquals(
    await (await encodeRegistration(inputs, result, { thread: failing })).files,
    without,
  );
  // Files that were begun before the rest of the result was known.
  const begun = await beginImages(result, thread);
  assertEquals(Object.keys(begun), Object.keys(without).slice(0, 5));
  const both = await encodeRegistration(inputs, result, { thread, begun });
  assertEquals(await both.files, without);
});
