import { assertEquals, assertStringIncludes } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { runRegistration } from "./run_registration.ts";

gpuTest(
  "runRegistration() gives the surface distances of the labels, as the command does",
  async () => {
    const grid = Grid.axisAligned([20, 18, 16], [4, 4, 4]);
    const isBlock = (i: number, from: number) => {
      const [x, y, z] = [i % 20, Math.floor(i / 20) % 18, Math.floor(i / 360)];
      return x >= from && x < from + 8 && y > 4 && y < 12 && z > 4 && z < 11;
    };
    const volume = (from: number) => ({
      grid,
      data: Float32Array.from(
        { length: grid.voxels },
        (_, i) => (isBlock(i, from) ? 100 : 0) + (i % 7) / 2,
      ),
    });
    const labels = (from: number) => ({
      grid,
      data: Int32Array.from({ length: grid.voxels }, (_, i) => isBlock(i, from) ? 5 : 0),
    });
    const { files } = await runRegistration({
      inputs: {
        fixed: volume(5),
        moving: volume(5),
        fixedLabels: labels(5),
        movingLabels: labels(5),
      },
      args: [
        "--fixed",
        "a",
        "--moving",
        "b",
        "--out",
        "c",
        "--no-rigid",
        "--iterations",
        "1",
        "--levels",
        "1",
      ],
      notices: [],
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    const text = async (name: string) => new TextDecoder().decode(await files[name]());
    // Equal images: the labels stay where they are.
    assertEquals(JSON.parse(await text("metrics.json")).hausdorff95Mm, { 5: 0 });
    assertStringIncludes(
      await text("report.html"),
      "<td>5</td><td>1.000</td><td>1.000</td><td>0.00</td>",
    );
  },
);
