import { assert, assertEquals } from "@std/assert";
import { IDENTITY, type Matrix4, type Triple } from "../volume/affine.ts";
import {
  grownForPatches,
  isReduction,
  isThin,
  type MaskVoxels,
  reducedMask,
} from "./reduced_mask.ts";

/** A mask of one plane at an index of an axis. */
function plane(size: Triple, axis: number, at: number): MaskVoxels {
  const [nx, ny] = size;
  const data = Uint8Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
    const index = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    return index[axis] === at ? 1 : 0;
  });
  return { size, data };
}

/** Blocks of `f` voxels become one. */
const blocks = (f: number): Matrix4 => {
  const c = (f - 1) / 2;
  return [f, 0, 0, c, 0, f, 0, c, 0, 0, f, c, 0, 0, 0, 1];
};
const count = (data: ArrayLike<number>) =>
  Array.from(data).reduce((sum: number, value) => sum + value, 0);

Deno.test("reducedMask() keeps a mask of one slice at every factor and position", () => {
  const size: Triple = [17, 13, 19];
  for (const factor of [2, 3, 4, 5]) {
    const reduced = size.map((n) => Math.floor(n / factor)) as unknown as Triple;
    for (const axis of [0, 1, 2]) {
      for (let at = 0; at < size[axis]; at++) {
        const mask = plane(size, axis, at);
        const found = reducedMask({ mask, size: reduced, matrix: blocks(factor) });
        const block = Math.min(reduced[axis] - 1, Math.floor(at / factor));
        assertEquals(found, plane(reduced, axis, block).data, `${factor}, axis ${axis}, ${at}`);
      }
    }
  }
});

Deno.test("reducedMask() keeps every valid voxel of a turned grid", () => {
  const size: Triple = [30, 30, 30];
  const [s, c] = [Math.sin(0.6), Math.cos(0.6)];
  const matrix: Matrix4 = [3 * c, -3 * s, 0, 12, 3 * s, 3 * c, 0, -6, 0, 0, 3, 0, 0, 0, 0, 1];
  for (let at = 5; at < 25; at++) {
    const data = new Uint8Array(27000);
    data[(15 * 30 + 15) * 30 + at] = 1;
    const found = reducedMask({ mask: { size, data }, size: [12, 12, 12], matrix });
    assert(count(found) >= 1, `voxel ${at}`);
  }
});

Deno.test("reducedMask() takes the nearest voxel where voxels stay as large", () => {
  const size: Triple = [9, 5, 4];
  const data = Uint8Array.from({ length: 180 }, (_, i) => (i * 7919) % 3 === 0 ? 1 : 0);
  assertEquals(reducedMask({ mask: { size, data }, size, matrix: IDENTITY }), data);
  const shift = [1, 0, 0, 0.4, 0, 1, 0, -0.4, 0, 0, 1, 0, 0, 0, 0, 1];
  assertEquals(reducedMask({ mask: { size, data }, size, matrix: shift }), data);
  assertEquals(isReduction(shift), false);
  assertEquals(isReduction(blocks(2)), true);
});

Deno.test("reducedMask() is empty elsewhere", () => {
  const mask = plane([8, 8, 8], 2, 3);
  const far = [2, 0, 0, 500, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
  assertEquals(count(reducedMask({ mask, size: [4, 4, 4], matrix: far })), 0);
});

Deno.test("reducedMask() gives a thin mask cells to interpolate in, and leaves others as they are", () => {
  const size: Triple = [8, 8, 8];
  const thin = plane(size, 1, 4);
  assertEquals(isThin(thin), true);
  const found = reducedMask({ mask: thin, size, matrix: IDENTITY, isInterpolated: true });
  assertEquals(isThin({ size, data: found }), false);
  assertEquals(count(found), 3 * 64);
  const thick = { size, data: Uint8Array.from({ length: 512 }, (_, i) => i % 8 < 2 ? 1 : 0) };
  assertEquals(
    reducedMask({ mask: thick, size, matrix: IDENTITY, isInterpolated: true }),
    thick.data,
  );
  // An image of one slice is interpolated within it.
  assertEquals(isThin({ size: [8, 8, 1], data: new Uint8Array(64).fill(1) }), false);
});

Deno.test("grownForPatches() gives one slice neighbours, and leaves masks that have them", () => {
  const size: Triple = [12, 10, 11];
  const planes = (data: ArrayLike<number>) =>
    Array.from(
      { length: 11 },
      (_, z) => count(Array.from(data).slice(120 * z, 120 * z + 120)) / 120,
    );
  const slice = plane(size, 2, 5);
  // A voxel needs both neighbours along z, which the border of the image does not take away along x and y.
  assertEquals(planes(grownForPatches(slice, false)!), [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]);
  // Between two such voxels lies a cell.
  assertEquals(planes(grownForPatches(slice, true)!), [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]);
  const thick = {
    size,
    data: Uint8Array.from(slice.data, (_, i) => Math.abs(Math.floor(i / 120) - 5) < 2 ? 1 : 0),
  };
  assertEquals(grownForPatches(thick, false), undefined);
  assertEquals(planes(grownForPatches(thick, true)!), [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]);
  const whole = { size, data: new Uint8Array(1320).fill(1) };
  assertEquals(grownForPatches(whole, true), undefined);
});
