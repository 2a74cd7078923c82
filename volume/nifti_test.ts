import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Matrix4 } from "./affine.ts";
import { Grid } from "./grid.ts";
import {
  FileAccessError,
  type ImageFileError,
  ImageGeometryError,
  ImageShapeError,
  NonFiniteVoxelsError,
  NotLabelsError,
  NotNiftiError,
  TruncatedFileError,
  UnsupportedVoxelsError,
} from "./nifti_errors.ts";
import { readDisplacementField } from "./read_displacement_field.ts";
import { readLabelVolume, readNifti, readNiftiLabels, readVolume } from "./read_nifti.ts";
import {
  encodeNifti,
  encodeNiftiLabels,
  writeDisplacementField,
  writeLabelVolume,
  writeVolume,
} from "./write_nifti.ts";

/** 2 x 2 x 4 mm voxels, turned by 120 degrees about (1, 1, 1) and then a little more, at right angles. */
const OBLIQUE: Matrix4 = (() => {
  const [s, c] = [Math.sin(0.2), Math.cos(0.2)];
  return [
    ...[0, -2 * s, 4 * c, 30],
    ...[2, 0, 0, -20],
    ...[0, 2 * c, 4 * s, 12],
    ...[0, 0, 0, 1],
  ];
})();

interface Header {
  little: boolean;
  type: number;
  bits: number;
  dims: number[];
  slope: number;
  intercept: number;
  sform: Matrix4 | null;
  qform: { code: number; b: number; c: number; d: number; offset: number[]; qfac: number } | null;
  second: boolean;
  extension: number;
}

const PLAIN: Header = {
  ...{ little: true, type: 16, bits: 32, dims: [3, 2, 2, 2], slope: 1, intercept: 0 },
  ...{ sform: OBLIQUE, qform: null, second: false, extension: 0 },
};

/** A NIfTI file written byte by byte, after the standard, sharing nothing with the writer under test. */
function fileOf(change: Partial<Header>, put: (view: DataView, at: number) => void): Uint8Array {
  const h = { ...PLAIN, ...change }, le = h.little;
  const start = (h.second ? 544 : 352) + h.extension;
  const count = h.dims.slice(1).reduce((n, d) => n * d, 1);
  const view = new DataView(new ArrayBuffer(start + Math.max(count, 0) * h.bits / 8));
  const i16 = (at: number, v: number) => view.setInt16(at, v, le);
  const real = (at: number, v: number) => view.setFloat32(at, v, le);
  const f64 = (at: number, v: number) => view.setFloat64(at, v, le);
  if (h.second) {
    view.setInt32(0, 540, le);
    [..."n+2\0\r\n\x1a\n"].forEach((c, i) => view.setUint8(4 + i, c.charCodeAt(0)));
    i16(12, h.type);
    i16(14, h.bits);
    h.dims.forEach((d, i) => view.setBigInt64(16 + 8 * i, BigInt(d), le));
    [1, 2, 2, 4].forEach((p, i) => f64(104 + 8 * i, p));
    view.setBigInt64(168, BigInt(start), le);
    f64(176, h.slope);
    f64(184, h.intercept);
    view.setInt32(348, h.sform ? 1 : 0, le);
    h.sform?.slice(0, 12).forEach((v, i) => f64(400 + 8 * i, v));
    view.setInt32(500, 2, le);
  } else {
    view.setInt32(0, 348, le);
    h.dims.forEach((d, i) => i16(40 + 2 * i, d));
    i16(70, h.type);
    i16(72, h.bits);
    [h.qform?.qfac ?? 1, 2, 2, 4].forEach((p, i) => real(76 + 4 * i, p));
    real(108, start);
    real(112, h.slope);
    real(116, h.intercept);
    view.setUint8(123, 2);
    i16(252, h.qform?.code ?? 0);
    i16(254, h.sform ? 1 : 0);
    const q = h.qform;
    if (q) [q.b, q.c, q.d, ...q.offset].forEach((v, i) => real(256 + 4 * i, v));
    h.sform?.slice(0, 12).forEach((v, i) => real(280 + 4 * i, v));
    [..."n+1\0"].forEach((c, i) => view.setUint8(344 + i, c.charCodeAt(0)));
  }
  if (h.extension > 0) {
    const at = h.second ? 540 : 348;
    view.setUint8(at, 1);
    view.setInt32(at + 4, h.extension, le);
    view.setInt32(at + 8, 6, le);
  }
  for (let i = 0; i < count; i++) put(view, start + i * h.bits / 8);
  return new Uint8Array(view.buffer);
}

const counting = (write: (view: DataView, at: number, value: number) => void, first = 0) => {
  let value = first;
  return (view: DataView, at: number) => write(view, at, value++);
};

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const TYPES: [string, number, number, (v: DataView, at: number, x: number, le: boolean) => void][] =
  [
    ["uint8", 2, 8, (v, at, x) => v.setUint8(at, x)],
    ["int8", 256, 8, (v, at, x) => v.setInt8(at, x)],
    ["int16", 4, 16, (v, at, x, le) => v.setInt16(at, x, le)],
    ["uint16", 512, 16, (v, at, x, le) => v.setUint16(at, x, le)],
    ["int32", 8, 32, (v, at, x, le) => v.setInt32(at, x, le)],
    ["uint32", 768, 32, (v, at, x, le) => v.setUint32(at, x, le)],
    ["int64", 1024, 64, (v, at, x, le) => v.setBigInt64(at, BigInt(x), le)],
    ["uint64", 1280, 64, (v, at, x, le) => v.setBigUint64(at, BigInt(x), le)],
    ["float32", 16, 32, (v, at, x, le) => v.setFloat32(at, x, le)],
    ["float64", 64, 64, (v, at, x, le) => v.setFloat64(at, x, le)],
  ];

Deno.test("readNifti() reads every real type, byte order, version, scaling, gzip and extension", async () => {
  for (const [name, type, bits, write] of TYPES) {
    for (const little of [true, false]) {
      for (const second of [false, true]) {
        for (const [slope, intercept] of [[1, 0], [0, 5], [2.5, -100]]) {
          for (const extension of [0, 32]) {
            const file = fileOf(
              { type, bits, little, second, slope, intercept, extension, dims: [3, 3, 2, 2] },
              counting((view, at, x) => write(view, at, x, little)),
            );
            // A slope of 0 means no scaling.
            const [a, b] = slope === 0 ? [1, 0] : [slope, intercept];
            const expected = Float32Array.from({ length: 12 }, (_, i) => a * i + b);
            const what = `${name} little ${little} NIfTI-${second ? 2 : 1} slope ${slope}`;
            for (const bytes of [file, await gzip(file)]) {
              const volume = await readNifti(bytes);
              assertEquals(volume.data, expected, what);
              volume.grid.affine.forEach((v, i) => assertAlmostEquals(v, OBLIQUE[i], 1e-5, what));
            }
          }
        }
      }
    }
  }
});

Deno.test("readNifti() takes the sform, else the qform, else the voxel size", async () => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  // 90 degrees about z, with the third axis reversed.
  const qform = { code: 1, b: 0, c: 0, d: Math.SQRT1_2, offset: [5, 6, 7], qfac: -1 };
  const expected = [0, -2, 0, 5, 2, 0, 0, 6, 0, 0, -4, 7, 0, 0, 0, 1];
  const byQform = await readNifti(fileOf({ sform: null, qform }, put));
  byQform.grid.affine.forEach((v, i) => assertAlmostEquals(v, expected[i], 1e-5));
  const both = await readNifti(fileOf({ qform: { ...qform, code: 4 } }, put));
  both.grid.affine.forEach((v, i) => assertAlmostEquals(v, OBLIQUE[i], 1e-5));
  const neither = await readNifti(fileOf({ sform: null }, put));
  assertEquals(neither.grid.affine, [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]);
});

Deno.test("readNifti() accepts trailing axes of one voxel", async () => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  const volume = await readNifti(fileOf({ dims: [6, 3, 2, 2, 1, 1, 1] }, put));
  assertEquals(volume.grid.size, [3, 2, 2]);
  assertEquals((await readNifti(fileOf({ dims: [2, 3, 4] }, put))).grid.size, [3, 4, 1]);
});

Deno.test("what cannot be used is refused by name, with the file's", async (t) => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  const good = fileOf({}, put), packed = await gzip(good);
  const text = new TextEncoder().encode("this is no image at all".repeat(40));
  const pair = good.slice();
  pair.set([..."ni1\0"].map((c) => c.charCodeAt(0)), 344);
  const nan = fileOf(
    { dims: [3, 3, 2, 2] },
    counting((view, at, x) => {
      view.setFloat32(at, x === 4 || x === 9 ? NaN : x, true);
    }),
  );
  const sheared = [...OBLIQUE];
  sheared[0] += 0.4;
  const singular = [...OBLIQUE];
  for (const row of [0, 4, 8]) singular[row] = singular[row + 1];
  const cases: [string, Uint8Array, new (message: string) => ImageFileError, string][] = [
    ["text", text, NotNiftiError, "not a NIfTI"],
    ["header of a pair", pair, NotNiftiError, "two-file"],
    ["empty", new Uint8Array(), NotNiftiError, "is empty"],
    ["cut gzip", packed.subarray(0, packed.length - 20), TruncatedFileError, "compression"],
    [
      "cut data",
      good.subarray(0, good.length - 8),
      TruncatedFileError,
      "ends before its voxels do",
    ],
    ["complex", fileOf({ type: 32, bits: 64 }, () => {}), UnsupportedVoxelsError, "complex"],
    ["RGB", fileOf({ type: 128, bits: 24 }, () => {}), UnsupportedVoxelsError, "RGB"],
    ["4-D", fileOf({ dims: [4, 2, 2, 2, 3] }, put), ImageShapeError, "3 volumes"],
    ["zero axis", fileOf({ dims: [3, 2, 0, 2] }, put), ImageShapeError, "without voxels"],
    ["singular", fileOf({ sform: singular }, put), ImageGeometryError, "singular"],
    ["sheared", fileOf({ sform: sheared }, put), ImageGeometryError, "right angles"],
    [
      "NaN",
      nan,
      NonFiniteVoxelsError,
      "2 of 12 values are NaN or infinite (in single precision), the first is number 4, at (1, 1, 0)",
    ],
  ];
  for (const [name, bytes, kind, words] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => readNifti(bytes, "scan.nii"), kind, words);
      assertStringIncludes(error.message, "scan.nii");
    });
  }
  const fractions = fileOf({}, counting((view, at, x) => view.setFloat32(at, x / 2, true)));
  await assertRejects(
    () => readNiftiLabels(fractions),
    NotLabelsError,
    "4 of 8 voxels are not a label id (a whole number from 0), the first is number 1, at (1, 0, 0): 0.5",
  );
  await assertRejects(() => readVolume("/no/such/file.nii"), FileAccessError, "no such file");
});

Deno.test("images, labels and fields come back as they were written", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/image.nii.gz`;
  for (const flip of [1, -1]) {
    const grid = new Grid([5, 4, 3], OBLIQUE.map((v, i) => i % 4 === 2 ? flip * v : v));
    const data = Float32Array.from({ length: 60 }, (_, i) => 7 * i - 100);
    for (const type of ["float32", "int16", "int32"] as const) {
      await writeVolume(path, { grid, data }, { type });
      const read = await readVolume(path);
      assertEquals(read.data, data);
      read.grid.affine.forEach((v, i) => assertAlmostEquals(v, grid.affine[i], 1e-5));
      // The quaternion alone must say the same: without the sform the matrix stays.
      const raw = new Uint8Array(
        await new Response(
          new Blob([await Deno.readFile(path)]).stream().pipeThrough(
            new DecompressionStream("gzip"),
          ),
        ).arrayBuffer(),
      );
      new DataView(raw.buffer).setInt16(254, 0, true);
      (await readNifti(raw)).grid.affine.forEach((v, i) =>
        assertAlmostEquals(v, grid.affine[i], 1e-5)
      );
    }
    for (const ids of [[0, 200], [0, 300], [0, 32249], [0, 65000], [0, 100000]]) {
      const labels = { grid, data: Int32Array.from({ length: 60 }, (_, i) => ids[i % 2]) };
      await writeLabelVolume(path, labels);
      assertEquals((await readLabelVolume(path)).data, labels.data);
    }
    const components = [1, 2, 3].map((k) => data.map((v) => v / k));
    await writeDisplacementField(path, {
      grid,
      components: [components[0], components[1], components[2]],
    });
    assertEquals([...(await readDisplacementField(path)).components], components);
  }
  assertEquals(
    (await encodeNiftiLabels({
      grid: Grid.axisAligned([1, 1, 1], [1, 1, 1]),
      data: new Int32Array(1),
    })).length > 0,
    true,
  );
  await assertRejects(() => readDisplacementField(`${folder}/none`), FileAccessError);
  const one = { grid: Grid.axisAligned([1, 1, 1], [1, 1, 1]), data: new Float32Array(1) };
  await assertRejects(() => writeVolume(`${folder}/no/a.nii.gz`, one), FileAccessError, "folder");
  const left: string[] = [];
  for await (const entry of Deno.readDir(folder)) left.push(entry.name);
  assertEquals(left, ["image.nii.gz"]);
  assertEquals((await readNifti(await encodeNifti(one))).grid.size, [1, 1, 1]);
  await Deno.remove(folder, { recursive: true });
});
