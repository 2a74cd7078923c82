import type { Modality } from "../volume/modality.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import { gpuTest } from "../testing/gpu.ts";
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  identifyRun,
} from "./checkpoint.ts";
import { registerDeformable } from "./deformable/register_deformable.ts";
import { registerImages } from "./register.ts";

const GRID = Grid.axisAligned([32, 30, 28], [3, 3, 3], [-48, -45, -42]);

/** A bumpy body moved by a few mm, in two contrasts. */
function image(shift: number, contrast: Modality): Volume {
  const data = new Float32Array(GRID.voxels);
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = GRID.world([i % 32, Math.floor(i / 32) % 30, Math.floor(i / 960)]);
    const inside = 1 / (1 + Math.exp((Math.hypot((x - shift) / 38, y / 34, z / 34) - 1) * 14));
    const t = Math.sin(0.13 * (x - shift) + 0.06 * y) + Math.sin(0.15 * y) + Math.cos(0.14 * z);
    data[i] = inside * (contrast === "ct" ? 1000 + 80 * t : 500 + 220 * Math.cos(1.4 * t));
  }
  return { grid: GRID, data };
}

const FIXED = image(0, "mr");
const MOVING = image(5, "ct");

gpuTest("a registration stopped after a level goes on to the same bytes", async (gpu) => {
  const identity = await identifyRun({ "fixed image": FIXED, "moving image": MOVING }, {});
  const rigid = { levels: 1, iterations: 20 };
  const deformable = { levels: 3, spacing: 12, iterations: 15, noFolding: true } as const;
  const options = { fixed: FIXED, moving: MOVING, rigid, deformable };
  const whole = await registerImages(gpu, options);
  for (const after of [undefined, 0, 1, 2]) {
    let text = "";
    const stop = new Error("enough");
    await assertRejects(
      () =>
        registerImages(gpu, {
          ...options,
          onCheckpoint: (found) => {
            text = encodeCheckpoint(identity, found);
            if (found.level?.level === after) throw stop;
          },
        }),
      Error,
      "enough",
    );
    assertEquals(gpu.liveBytes, 0);
    const resume = decodeCheckpoint(text, identity);
    const done: unknown[] = [];
    const continued = await registerImages(gpu, {
      ...options,
      resume,
      onCheckpoint: ({ level }) => void done.push(level?.level),
    });
    assertEquals(done, [0, 1, 2].filter((level) => level > (after ?? -1)));
    for (const key of ["transform", "warped", "field", "inverseField", "jacobian"] as const) {
      assertEquals(continued[key], whole[key]);
    }
    assertEquals(continued.deformable, whole.deformable);
    assertEquals(JSON.stringify(continued.rigid), JSON.stringify(whole.rigid));
  }
});

gpuTest("registerDeformable() refuses to go on with what does not fit", async (gpu) => {
  const records = [{}] as unknown as NonNullable<Checkpoint["level"]>["records"];
  for (const [level, length] of [[0, 12], [7, 4 * 27]]) {
    const resume = { level, displacements: new Float32Array(length), records };
    await assertRejects(
      () => registerDeformable(gpu, { fixed: FIXED, moving: MOVING, resume }),
      RangeError,
      "resume",
    );
    assertEquals(gpu.liveBytes, 0);
  }
});

Deno.test("a checkpoint says what differs from the run that wants to continue", async () => {
  const images = { "fixed image": FIXED, "moving image": MOVING, "fixed mask": undefined };
  const identity = await identifyRun(images, { spacing: 20, lambda: undefined });
  const displacements = new Float32Array([1, -2.5, 1e-30, 0]);
  const text = encodeCheckpoint(identity, { level: { level: 0, displacements, records: [] } });
  assertEquals(decodeCheckpoint(text, identity).level?.displacements, displacements);
  const moved = { grid: new Grid(GRID.size, GRID.affine.map((v, i) => i === 3 ? 1 : v)) };
  const mask = { grid: GRID, data: new Int32Array(GRID.voxels) };
  const cases: [Record<string, unknown>, Record<string, unknown>, string][] = [
    [{ "fixed image": MOVING }, {}, "the fixed image is not the same"],
    [{ "moving image": { ...MOVING, ...moved } }, {}, "the moving image is not the same"],
    [{ "fixed mask": mask }, {}, "fixed mask was none and is given"],
    [{}, { spacing: 10 }, "spacing was 20 and is 10. "],
    [{}, { lambda: 0.1 }, "lambda was default and is 0.1"],
    [{}, { noFolding: true }, "noFolding was absent and is true"],
  ];
  for (const [other, parameters, words] of cases) {
    const now = await identifyRun(
      { ...images, ...other } as typeof images,
      { spacing: 20, lambda: undefined, ...parameters },
    );
    const error = assertThrows(() => decodeCheckpoint(text, now, "it"), CheckpointError, words);
    assert(!/sha256/.test(error.message), error.message);
  }
  for (
    const broken of [
      "",
      "{}",
      "[]",
      text.slice(0, 90),
      text.replace('"version":5', '"version":9'),
      "null",
    ]
  ) {
    assertThrows(() => decodeCheckpoint(broken, identity, "it"), CheckpointError, "Remove it");
  }
  const cut = text.replace(/"knots":"[^"]*"/, '"knots":"?"');
  assertThrows(() => decodeCheckpoint(cut, identity, "it"), CheckpointError, "damaged");
});
