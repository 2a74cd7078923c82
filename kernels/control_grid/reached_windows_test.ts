import { assert, assertEquals, assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu, Kernel } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Slab } from "../gpu/slabs.ts";
import {
  CONTROL_GRID_INTERPOLATIONS,
  controlGridDisplacementReference,
  controlGridGeometry,
  controlPoints,
} from "./control_grid.ts";
import {
  preparePull,
  pulledBands,
  type PulledImage,
  type PulledPart,
  reachedCellsReference,
} from "./reached_windows.ts";

/** Marks a dispatch that has run. */
const MARK: Kernel = {
  label: "mark",
  code: /* wgsl */ `
struct Parameters { at: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> marks: array<u32>;
@compute @workgroup_size(1)
fn main() { marks[parameters.at] = 1; }`,
};

const PER_VOXEL: Triple = [1, 0.5, 0.8];

/** The dispatches of marks, and the windows that ran with these displacements. */
function prepareMarks(
  gpu: Gpu,
  image: PulledImage,
  { planes, unit, owned }: { planes: Slab; unit: number; owned: Owned },
) {
  const places: PulledPart[] = [];
  const marks = owned.add(gpu.buffer("marks", 4 * 512));
  const dispatches = preparePull(gpu, image, {
    kernel: () => MARK,
    planes,
    unit,
    dispatch: (part) => {
      places.push(part);
      return { parameters: { at: places.length - 1 }, buffers: [marks], workgroups: [1] };
    },
  }, owned);
  return async (knots: Float32Array) => {
    const vec4 = new Float32Array(4 * controlPoints(image.geometry));
    for (let k = 0; k < knots.length / 3; k++) vec4.set(knots.subarray(3 * k, 3 * k + 3), 4 * k);
    gpu.write(image.knots, vec4);
    const recorder = gpu.record("marks").clear(marks);
    dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    const ran = new Uint32Array(await gpu.download(marks));
    return places.map((place, i) => ({ ...place, ran: ran[i] === 1 }));
  };
}

gpuTest(
  "preparePull() runs the windows that the twin finds, and those of all voxels",
  async (gpu) => {
    const movingSize: Triple = [16, 24, 120];
    const origin: Triple = [1, 1, 35];
    for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
      for (const [unit, stride] of [[1, 4], [3, 5], [4, 1]]) {
        using owned = new Owned();
        const geometry = controlGridGeometry([6, 5, 50], [3, 2, stride], interpolation);
        const count = controlPoints(geometry);
        const knots = owned.add(gpu.buffer("knots", 16 * count));
        const image: PulledImage = {
          geometry,
          knots,
          moving: { size: movingSize },
          bytesPerVoxel: 4,
          origin,
          perVoxel: PER_VOXEL,
        };
        const planes = { begin: Math.floor(6 / unit), end: Math.ceil(50 / unit) };
        const run = prepareMarks(gpu, image, { planes, unit, owned });
        const next = random(5);
        let others = 0;
        for (const [amplitude, shift] of [[2, 0], [90, 0], [2, 60], [0, 1e4], [2, 0], [0, -1e4]]) {
          // Some of the bands have large displacements.
          const u = Float32Array.from({ length: 3 * count }, (_, i) => {
            const large = i > 2 * count ? amplitude : 2;
            return large * (next() - 0.5) + (i % 3 === 2 ? shift : 0);
          });
          const found = await run(u);
          const field = controlGridDisplacementReference(geometry, u, PER_VOXEL)[2];
          for (const { band, window, windowed, accumulate, ran } of found) {
            const inPlanes = { begin: unit * band.begin, end: Math.min(unit * band.end, 50) };
            const cells = reachedCellsReference({ ...image, knots: u, band: inPlanes });
            const isInside = cells.begin >= window.begin && cells.end <= window.end;
            const touches = cells.begin < window.end && cells.end > window.begin;
            const expected = accumulate ? touches : windowed ? !isInside : isInside;
            assertEquals(ran, expected, `${inPlanes.begin}, ${window.begin}`);
            let voxels = 0;
            for (let i = 30 * inPlanes.begin; i < 30 * inPlanes.end; i++) {
              const z = Math.min(Math.max(Math.floor(i / 30) + origin[2] + field[i], 0), 119);
              const cell = Math.min(Math.floor(z), 118);
              if (cell >= window.begin && cell < window.end) voxels++;
            }
            if (!windowed && ran) assertEquals(voxels, 30 * (inPlanes.end - inPlanes.begin));
            if (accumulate && voxels > 0) assert(ran, "a window with voxels runs");
          }
          const more = found.filter(({ windowed, ran }) => windowed && ran).length;
          if (amplitude === 2 && shift === 0) assertEquals(more, 0, "small displacements");
          else assertLess(0, more);
          others += more;
        }
        assertLess(0, others);
      }
    }
  },
  { maxBindingBytes: 1536 * 49 },
);

gpuTest("pulledBands() covers all planes and cells once, with a home window around each", (gpu) => {
  for (const planes of [50, 99, 100, 101, 147, 200]) {
    // 192 bytes per plane: a binding begins at every fourth plane.
    const image = {
      moving: { size: [7, 6, planes] as Triple },
      bytesPerVoxel: 4,
      origin: [0, 0, 4] as Triple,
      perVoxel: PER_VOXEL,
    };
    const bands = pulledBands(gpu, image, { begin: 0, end: planes - 8 });
    bands.forEach(({ begin, end, windows }, i) => {
      assertEquals(begin, i === 0 ? 0 : bands[i - 1].end);
      assertLess(begin, end);
      const sorted = [...windows].sort((a, b) => a.begin - b.begin);
      sorted.forEach((window, k) => {
        assertEquals(window.begin, k === 0 ? 0 : sorted[k - 1].end);
        assertLess(window.begin, window.end);
        assertEquals(window.to, window.end + 1);
        assert((window.to - window.begin) * 192 <= gpu.maxBindingBytes);
        assertEquals(window.begin % 4, 0);
      });
      assertEquals(sorted.at(-1)!.end, planes - 1);
      const [home] = windows;
      // 48 cells around a band of at most 12 planes: up to 3 planes are lost to the alignment.
      assert(home.begin === 0 || home.begin <= begin + 4 - 15);
      assert(home.end === planes - 1 || home.end >= end + 4 + 15);
    });
    assertEquals(bands.at(-1)!.end, planes - 8);
  }
  const image = { moving: { size: [7, 6, 49] as Triple }, bytesPerVoxel: 4, origin: [0, 0, 4] };
  assertEquals(
    pulledBands(gpu, { ...image, origin: [0, 0, 4], perVoxel: PER_VOXEL }, { begin: 3, end: 40 }),
    [{ begin: 3, end: 40, windows: [{ begin: 0, end: 48, to: 49 }] }],
  );
}, { maxBindingBytes: 192 * 51 });
