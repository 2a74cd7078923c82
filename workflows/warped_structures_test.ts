/** Structure sets through transforms whose effect on an ellipsoid is known. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { mapThrough } from "../registration/map_points.ts";
import { ofTransform, type PointTransform } from "../registration/point_transform.ts";
import { circle, type MadeRoi, structureSetFile } from "../testing/structure_set_file.ts";
import type { Matrix4, Triple } from "../volume/affine.ts";
import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import type { SeriesTemplate } from "../volume/dicom/series_template.ts";
import { labelIds, structureLabels } from "../volume/dicom/structure_labels.ts";
import { readStructureSet, type StructureSet } from "../volume/dicom/structure_set.ts";
import { Grid } from "../volume/grid.ts";
import { warpStructures } from "./warped_structures.ts";

const STEP = 3;
const CENTRE: Triple = [10, -5, 40];
const AXES: Triple = [22, 30, 26];

/** The ellipsoid as a plan has it: contours in axial planes, LPS mm. */
function ellipsoid(scale = 1, first = -60): MadeRoi["contours"] {
  const contours = [];
  for (let z = first; z < 60; z += STEP) {
    const part = 1 - (z / (scale * AXES[2])) ** 2;
    if (part <= 0) continue;
    const points = circle([0, 0, 0], scale * Math.sqrt(part), 180).map(([x, y]): Triple => [
      CENTRE[0] + AXES[0] * x,
      CENTRE[1] + AXES[1] * y,
      CENTRE[2] + z,
    ]);
    contours.push({ points });
  }
  return contours;
}

/** The distance of a RAS point to the surface of the ellipsoid to first order, mm; positive inside. */
function depthInEllipsoid([x, y, z]: Triple, scale = 1): number {
  const q = [-x - CENTRE[0], -y - CENTRE[1], z - CENTRE[2]].map((v, k) => v / (scale * AXES[k]));
  const r = Math.hypot(...q);
  return (1 - r) * r / Math.hypot(...q.map((v, k) => v / (scale * AXES[k])));
}

/** A rotation, a shift and waves of 4 mm, and its inverse by Newton's method. */
const WAVES = ((): PointTransform => {
  const size: Triple = [19, 19, 19];
  const affine: Matrix4 = [10, 0, 0, -90, 0, 10, 0, -90, 0, 0, 10, -60, 0, 0, 0, 1];
  const grid = new Grid(size, affine);
  const displacements = new Float32Array(3 * grid.voxels);
  for (let i = 0; i < grid.voxels; i++) {
    const [x, y, z] = grid.world([i % 19, Math.floor(i / 19) % 19, Math.floor(i / 361)]);
    displacements.set([4 * Math.sin(y / 20), 3 * Math.sin(z / 25), 4 * Math.cos(x / 18)], 3 * i);
  }
  const [c, s] = [Math.cos(0.1), Math.sin(0.1)];
  return ofTransform({
    rigid: [1, 0, 0, 2, 0, c, -s, 0, 0, s, c, 3, 0, 0, 0, 1],
    controlGrid: { size, affine, displacements },
    fixedGrid: grid,
    movingGrid: grid,
  });
})();

const IDENTITY: PointTransform = {
  forward: (point) => point,
  inverse: (point) => ({ point, residual: 0 }),
};

/** A series of slices around the ellipsoid; directions are LPS. */
function seriesOf(
  orientation: SeriesTemplate["orientation"],
  [px, py, pz]: Triple,
  middle: Triple = [10, -5, 40],
): SeriesTemplate {
  const [column, row] = orientation;
  const normal: Triple = [
    column[1] * row[2] - column[2] * row[1],
    column[2] * row[0] - column[0] * row[2],
    column[0] * row[1] - column[1] * row[0],
  ];
  const size: Triple = [100 / px, 100 / py, 100 / pz].map(Math.ceil) as unknown as Triple;
  const positions = Array.from(
    { length: size[2] },
    (_, k) =>
      [0, 1, 2].map((axis) =>
        middle[axis] - 50 * (column[axis] + row[axis] + normal[axis]) + k * pz * normal[axis]
      ) as unknown as Triple,
  );
  const line = (axis: number, sign: number) =>
    [column[axis] * px, row[axis] * py, normal[axis] * pz, positions[0][axis]].map((v) => sign * v);
  return {
    uid: "1.2",
    number: 1,
    modality: "MR",
    description: "",
    size,
    affine: [...line(0, -1), ...line(1, -1), ...line(2, 1), 0, 0, 0, 1],
    positions,
    images: [],
    orientation,
    spacing: [px, py, pz],
    texts: { characterSet: "", patient: "", frameOfReference: "" },
    attributes: new Map(),
  };
}

const AXIAL = [[1, 0, 0], [0, 1, 0]] as const;
const CORONAL = [[1, 0, 0], [0, 0, -1]] as const;
const OBLIQUE = [[1, 0, 0], [0, Math.cos(0.3), Math.sin(0.3)]] as const;

const read = (...rois: MadeRoi[]) => readStructureSet(structureSetFile({ rois }));

/** Warps without warnings. */
function warped(structures: StructureSet, map: PointTransform, like: SeriesTemplate) {
  const notices: string[] = [];
  const options = { structures, map, like, onNotice: (line: string) => notices.push(line) };
  return { ...warpStructures(options), notices };
}

for (
  const [name, like, most, rms] of [
    ["axial slices of 3 mm", seriesOf(AXIAL, [1, 1, 3]), 0.6, 0.15],
    ["axial slices with pixels of 2 mm", seriesOf(AXIAL, [2, 2, 3]), 0.6, 0.15],
    ["coronal slices", seriesOf(CORONAL, [1, 1, 2.5]), 0.6, 0.15],
    ["oblique slices", seriesOf(OBLIQUE, [1, 1.5, 3]), 0.6, 0.15],
  ] as const
) {
  Deno.test(`warpStructures() puts an ellipsoid where the transform leads it, ${name}`, async () => {
    const structures = await read({ name: "Ellipsoid", contours: ellipsoid() });
    const { contours: [contours], notices } = warped(structures, WAVES, like);
    assertEquals(notices, []);
    let worst = 0;
    let squares = 0;
    let count = 0;
    for (const { points, slice, kind } of contours) {
      assertEquals(kind, "CLOSED_PLANAR");
      const [column, row] = like.orientation;
      for (const p of points) {
        const distance = depthInEllipsoid(WAVES.forward([-p[0], -p[1], p[2]]));
        worst = Math.max(worst, Math.abs(distance));
        squares += distance ** 2;
        count++;
        // In the plane of its slice.
        const d = p.map((v, axis) => v - like.positions[slice!][axis]);
        const along = (v: readonly number[]) => d.reduce((sum, x, axis) => sum + x * v[axis], 0);
        assertAlmostEquals(Math.hypot(along(column), along(row)), Math.hypot(...d), 1e-9);
      }
    }
    assert(count > 1000);
    // The largest errors are at the poles, where the plan has no contour; half a slice is 1.5 mm.
    assert(worst < most, `largest distance ${worst} mm`);
    assert(Math.sqrt(squares / count) < rms, `rms ${Math.sqrt(squares / count)} mm`);

    const grid = new Grid(like.size, like.affine);
    const drawn: StructureSet = {
      ...structures,
      rois: [{
        ...structures.rois[0],
        contours: contours.map(({ kind, points }) => ({
          kind,
          points: points.map(([x, y, z]): Triple => [-x, -y, z]),
        })),
      }],
    };
    const ids = labelIds(drawn);
    const { data } = structureLabels({ structures: drawn, grid, ids, onNotice: () => {} });
    let both = 0;
    let sum = 0;
    const [nx, ny] = grid.size;
    data.forEach((label, i) => {
      const index: Triple = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      const isTrue = depthInEllipsoid(WAVES.forward(grid.world(index))) > 0;
      both += Number(isTrue && label > 0);
      sum += Number(isTrue) + Number(label > 0);
    });
    assert(2 * both / sum > 0.99, `Dice ${2 * both / sum}`);
  });
}

Deno.test("warpStructures() writes holes as keyholes, and the area of a shell", async () => {
  const structures = await read({
    name: "Shell",
    contours: [...ellipsoid(), ...ellipsoid(0.5)],
  });
  const like = seriesOf(AXIAL, [1, 1, 3]);
  const { contours: [contours] } = warped(structures, WAVES, like);
  const perSlice = new Map<number, number>();
  let volume = 0;
  for (const { points, slice } of contours) {
    perSlice.set(slice!, (perSlice.get(slice!) ?? 0) + 1);
    points.forEach(([ax, ay], i) => {
      const [bx, by] = points[(i + 1) % points.length];
      volume += (ax * by - bx * ay) / 2 * 3;
    });
  }
  // One line for each slice, with the hole in it.
  assertEquals([...perSlice.values()].filter((n) => n > 1), []);
  const full = 4 / 3 * Math.PI * AXES[0] * AXES[1] * AXES[2];
  // The waves change volumes by some per cent.
  const { contours: [outer] } = warped(
    await read({ name: "Ellipsoid", contours: ellipsoid() }),
    WAVES,
    like,
  );
  assert(outer.length === contours.length);
  assertAlmostEquals(volume / full, 7 / 8, 0.05);
});

Deno.test("warpStructures() maps points and open lines by points, and lines with new points", async () => {
  const structures = await read(
    { name: "Point", contours: [{ kind: "POINT", points: [[10, -5, 40]] }] },
    { name: "Line", contours: [{ kind: "OPEN_PLANAR", points: [[0, 0, 40], [20, 0, 40]] }] },
  );
  const { contours: [[point], [line]] } = warped(structures, WAVES, seriesOf(AXIAL, [1, 1, 3]));
  const [x, y, z] = mapThrough(WAVES, [[-10, 5, 40]], true).points[0];
  assertEquals(point, { kind: "POINT", points: [[-x, -y, z]], slice: undefined });
  assertEquals(line.kind, "OPEN_NONPLANAR");
  assertEquals(line.points.length, 21);
  for (const [k, [x, y, z]] of line.points.entries()) {
    const back = WAVES.forward([-x, -y, z]);
    back.forEach((v, axis) => assertAlmostEquals(v, [-k, 0, 40][axis], 1e-3));
  }
});

Deno.test("warpStructures() leaves contours in their planes as they are by the identity", async () => {
  const structures = await read({ name: "Ellipsoid", contours: ellipsoid(1, -60) });
  // The slices lie in the planes of the contours.
  const like = seriesOf(AXIAL, [1, 1, 3], [10, -5, 30]);
  const { contours: [contours] } = warped(structures, IDENTITY, like);
  const slices = contours.map(({ slice }) => like.positions[slice!][2]);
  const planes = structures.rois[0].contours.map(({ points }) => points[0][2]);
  assertEquals(slices, planes.filter((z) => z <= Math.max(...slices)));
  for (const { points } of contours) {
    for (const [x, y, z] of points) {
      assertAlmostEquals(depthInEllipsoid([-x, -y, z]), 0, 0.05);
    }
  }
});

/** A body whose end at z = 0 is drawn out by 15 mm in its middle, far from its contours. */
const BULGE: PointTransform = (() => {
  const height = ([x, y]: Triple) => 15 * Math.exp(-((x + 10) ** 2 + (y - 5) ** 2) / 200);
  return {
    forward: (p) => [p[0], p[1], p[2] - height(p)],
    inverse: (p) => ({ point: [p[0], p[1], p[2] + height(p)], residual: 0 }),
  };
})();

Deno.test("warpStructures() follows a body into slices that no point of a contour reaches", async () => {
  const disc = (z: number) => ({ points: circle([10, -5, z], 45, 180) });
  const structures = await read({ name: "Disc", contours: [28, 31, 34, 37, 40].map(disc) });
  const like = seriesOf(AXIAL, [1, 1, 3], [10, -5, 30]);
  const { contours: [contours], notices } = warped(structures, BULGE, like);
  assertEquals(notices, []);
  // The end is at 41.5 mm, and in the middle 15 mm higher.
  const heights = contours.map(({ slice }) => like.positions[slice!][2]);
  assertEquals(heights, [28, 31, 34, 37, 40, 43, 46, 49, 52, 55]);
  for (const { points: [[x, y]], slice } of contours.slice(5)) {
    const bulge = 15 * Math.exp(-((x - 10) ** 2 + (y + 5) ** 2) / 200);
    assertAlmostEquals(41.5 + bulge, like.positions[slice!][2], 0.2);
  }
});

Deno.test("warpStructures() names parts that vanish, and volumes that the transform does not explain", async () => {
  const like = seriesOf(AXIAL, [1, 1, 3]);
  const sheet = (z: number, width: number): readonly Triple[] => [
    [40.3, -20, z],
    [40.3 + width, -20, z],
    [40.3 + width, 10, z],
    [40.3, 10, z],
  ];
  // The points of the lattice are at 40 and 41 mm.
  const planes = (width: number) =>
    [38, 41, 44].flatMap((z) => [
      { points: circle([10, -5, z], 12, 90) },
      { points: sheet(z, width) },
    ]);
  const lost = warped(await read({ name: "Two", contours: planes(0.4) }), IDENTITY, like);
  assertEquals(lost.notices.map((line) => line.replace(/^the structure set, /, "")), [
    'ROI "Two": 1 of its 2 separate parts have no contour in the slices of the result, 0.108 mL of 4.18 mL. They are ' +
    "thinner than 1 mm, lie between two slices, or lie outside.",
  ]);
  const both = warped(await read({ name: "Two", contours: planes(1.6) }), IDENTITY, like);
  assertEquals(both.notices, []);

  const plan = await read({ name: "Ellipsoid", contours: ellipsoid() });
  // Half of the body is above the slices, and the map makes it 1.331 times as large.
  const scaled: PointTransform = {
    forward: (p) => [p[0] / 1.1, p[1] / 1.1, p[2] / 1.1],
    inverse: (p) => ({ point: [1.1 * p[0], 1.1 * p[1], 1.1 * p[2]], residual: 0 }),
  };
  const cut = warped(plan, scaled, seriesOf(AXIAL, [1, 1, 3], [10, -5, -5]));
  const [outside, volume] = cut.notices;
  assertEquals(cut.notices.length, 2);
  assert(outside.includes("lie outside the slices"), outside);
  const [, found, expected, before] =
    / enclose (\S+) mL, and the transform makes (\S+) mL of its (\S+) mL/.exec(volume)!.map(Number);
  const full = 4 / 3 * Math.PI * 22 * 30 * 26 / 1000;
  assertAlmostEquals(before, full, 0.01 * full);
  assertAlmostEquals(expected, 1.331 * full, 0.015 * full);
  assertAlmostEquals(found, 0.6 * full, 0.15 * full);
});

Deno.test("warpStructures() refuses a result without contours", async () => {
  const like = seriesOf(AXIAL, [1, 1, 3]);
  const nothing = await read({ name: "Void", contours: [] });
  assertThrows(
    () => warped(nothing, IDENTITY, like),
    DicomSeriesError,
    "its ROIs have no contours",
  );
  const flat = [[9.3, -5, 41], [9.6, -5, 41], [9.6, 5, 41], [9.3, 5, 41]] as const;
  const thin = await read({ name: "Thin", contours: [{ points: flat }] });
  assertThrows(
    () => warped(thin, IDENTITY, like),
    DicomSeriesError,
    "no contour of any ROI is left in the slices of the result",
  );
});

Deno.test("warpStructures() tells what is lost, and refuses what it cannot map", async () => {
  const like = seriesOf(AXIAL, [1, 1, 3], [10, -5, 70]);
  const plan = await read(
    { name: "Cut", contours: ellipsoid() },
    { name: "Gap", contours: ellipsoid().filter((_, i) => i < 6 || i > 9) },
    { name: "Small", contours: [{ points: [[0, 0, 40], [1, 0, 40]] }] },
    { name: "Void", contours: [] },
  );
  const { notices, contours } = warped(plan, IDENTITY, like);
  const starts = notices.map((line) => line.replace(/^the structure set, /, "").slice(0, 46));
  assertEquals(
    starts,
    [
      'ROI "Small": 1 closed contours have fewer than',
      'ROI "Gap": 4 planes between its contours have ',
      'ROI "Cut": 180 of 2040 points on its border lie',
      'ROI "Gap": 180 of 1560 points on its border lie',
    ].map((line) => line.slice(0, 46)),
  );
  assert(contours[0].length > 0);
  assertEquals([contours[2], contours[3]], [[], []]);
  const far = seriesOf(AXIAL, [1, 1, 3], [500, 0, 0]);
  assertThrows(
    () => warped(plan, IDENTITY, far),
    DicomSeriesError,
    "has no contour inside the slices of the result. Check the direction (--inverse)",
  );
  const crossed = await read({
    name: "Crossed",
    contours: [
      { points: circle([0, 0, 40], 10) },
      { points: circle([0, 0, 0], 10).map(([x, y]): Triple => [0, x, y + 40]) },
    ],
  });
  assertThrows(
    () => warped(crossed, IDENTITY, like),
    DicomSeriesError,
    'ROI "Crossed": its contours are not in parallel planes',
  );
});
