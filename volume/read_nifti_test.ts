import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { counting, gzip, niftiFile, OBLIQUE } from "../testing/nifti_file.ts";
import { TruncatedFileError } from "./nifti_errors.ts";
import { readGrid, readLabelVolume, readNifti, readNiftiLabels, readVolume } from "./read_nifti.ts";

/** Notices about headers have their own tests. */
const QUIET = { onNotice: () => {} };

interface Type {
  code: number;
  bits: number;
  /** Values that only this type, and only its sign and byte order, give back. */
  values: number[];
  put: (view: DataView, at: number, value: number, little: boolean) => void;
}

const TYPES: Record<string, Type> = {
  uint8: { code: 2, bits: 8, values: [0, 1, 128, 255], put: (v, at, x) => v.setUint8(at, x) },
  int8: { code: 256, bits: 8, values: [0, 1, -128, 127], put: (v, at, x) => v.setInt8(at, x) },
  int16: {
    code: 4,
    bits: 16,
    values: [0, 1, -1024, 3071, -32768],
    put: (v, at, x, le) => v.setInt16(at, x, le),
  },
  uint16: {
    code: 512,
    bits: 16,
    values: [0, 1, 3071, 65535],
    put: (v, at, x, le) => v.setUint16(at, x, le),
  },
  int32: {
    code: 8,
    bits: 32,
    values: [0, -70000, 2 ** 24, -(2 ** 31), 2 ** 31 - 1],
    put: (v, at, x, le) => v.setInt32(at, x, le),
  },
  uint32: {
    code: 768,
    bits: 32,
    values: [0, 70000, 2 ** 32 - 1],
    put: (v, at, x, le) => v.setUint32(at, x, le),
  },
  int64: {
    code: 1024,
    bits: 64,
    values: [0, -1, 2 ** 32 + 5, -(2 ** 40) - 3, 2 ** 62],
    put: (v, at, x, le) => v.setBigInt64(at, BigInt(x), le),
  },
  uint64: {
    code: 1280,
    bits: 64,
    values: [0, 1, 2 ** 32 + 5, 2 ** 63],
    put: (v, at, x, le) => v.setBigUint64(at, BigInt(x), le),
  },
  float32: {
    code: 16,
    bits: 32,
    values: [0, -1.5, 1e-20, 3e38],
    put: (v, at, x, le) => v.setFloat32(at, x, le),
  },
  float64: {
    code: 64,
    bits: 64,
    values: [0, -1 / 3, 1e-20, Math.PI * 1e9],
    put: (v, at, x, le) => v.setFloat64(at, x, le),
  },
};

for (const [name, { code, bits, values, put }] of Object.entries(TYPES)) {
  Deno.test(`readNifti() reads ${name}: byte orders, versions, scalings, extensions, gzip`, async () => {
    for (const little of [true, false]) {
      for (const second of [false, true]) {
        for (const [slope, intercept] of [[1, 0], [0, 5], [NaN, 5], [0.5, -100], [-2, NaN]]) {
          for (const extension of [0, 32, 1003]) {
            const header = { type: code, bits, little, second, slope, intercept, extension };
            const file = niftiFile(
              { ...header, dims: [3, values.length, 1, 2] },
              counting((view, at, i) => put(view, at, values[i % values.length], little)),
            );
            // A slope of 0 or NaN means no scaling.
            const [a, b] = slope === 0 || Number.isNaN(slope) ? [1, 0] : [slope, intercept || 0];
            const scaled = Float32Array.from([...values, ...values], (value) => a * value + b);
            if (!scaled.every(Number.isFinite)) continue;
            const what = `little ${little}, NIfTI-${second ? 2 : 1}, ${slope} x + ${intercept}`;
            for (const bytes of [file, await gzip(file)]) {
              const volume = await readNifti(bytes);
              assertEquals(volume.data, scaled, what);
              volume.grid.affine.forEach((v, i) => assertAlmostEquals(v, OBLIQUE[i], 1e-6, what));
            }
          }
        }
      }
    }
  });
}

Deno.test("readNifti() takes the sform, else the qform, else the voxel size", async () => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  // 90 degrees about z, with the third axis reversed.
  const qform = { code: 1, b: 0, c: 0, d: Math.SQRT1_2, offset: [5, 6, 7], qfac: -1 };
  const expected = [0, -2, 0, 5, 2, 0, 0, 6, 0, 0, -4, 7, 0, 0, 0, 1];
  for (const second of [false, true]) {
    const read = async (change: Parameters<typeof niftiFile>[0]) =>
      (await readNifti(niftiFile({ second, ...change }, put), "a", QUIET)).grid.affine;
    (await read({ sform: null, qform })).forEach((v, i) =>
      assertAlmostEquals(v, expected[i], 1e-6)
    );
    // Also where the qform's code is higher.
    (await read({ qform: { ...qform, code: 4 } })).forEach((v, i) =>
      assertAlmostEquals(v, OBLIQUE[i], 1e-6)
    );
    assertEquals(await read({ sform: null }), [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]);
    // A half turn whose quaternion is too long by rounding, about y.
    const half = { ...qform, b: 0, c: 1 + 1e-6, d: 0, qfac: 1 };
    assertEquals(
      (await read({ sform: null, qform: half })).map((v) => v + 0),
      [-2, 0, 0, 5, 0, 2, 0, 6, 0, 0, -4, 7, 0, 0, 0, 1],
    );
  }
});

Deno.test("readNifti() turns metres and micrometres into millimetres", async () => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  for (const [units, factor] of [[0, 1], [1, 1000], [2, 1], [3, 0.001], [10, 1]]) {
    const pixdims = [2, 2, 4].map((size) => size / factor);
    const { grid } = await readNifti(niftiFile({ sform: null, units, pixdims }, put), "a", QUIET);
    assertAlmostEquals(grid.affine[10], 4, 1e-6);
  }
});

Deno.test("readNifti() accepts trailing axes of one voxel, and missing ones", async () => {
  const put = counting((view, at, x) => view.setFloat32(at, x, true));
  const size = async (dims: number[]) => (await readNifti(niftiFile({ dims }, put))).grid.size;
  assertEquals(await size([4, 3, 2, 2, 1]), [3, 2, 2]);
  assertEquals(await size([7, 3, 2, 2, 1, 1, 1, 1]), [3, 2, 2]);
  assertEquals(await size([2, 3, 4]), [3, 4, 1]);
  assertEquals(await size([1, 5]), [5, 1, 1]);
});

Deno.test("readNifti() reads images of several blocks, wherever their voxels begin", async () => {
  for (const [name, extension] of [["int16", 0], ["int16", 1], ["float64", 5]] as const) {
    const { code, bits, put } = TYPES[name];
    const n = 1009 * 1091;
    // A multiplier that leaves no two blocks alike.
    const value = (i: number) => (Math.imul(i, 7919) >> 16) % 1000;
    const file = niftiFile(
      { type: code, bits, little: false, extension, dims: [4, 1009, 1, 1091, 1] },
      counting((view, at, i) => put(view, at, value(i), false)),
    );
    const kept = file.slice();
    for (const bytes of [file, await gzip(file)]) {
      const { data } = await readNifti(bytes);
      assertEquals(data.length, n);
      assert(data.every((v, i) => v === value(i)), name);
    }
    assert(file.every((byte, i) => byte === kept[i]), "the caller's bytes stay as they are");
  }
});

Deno.test("readNifti() scales in double precision and rounds once", async () => {
  const { code, bits, put } = TYPES.int32;
  // 16777217 is not a single-precision number, 16777217 - 16777216 is.
  const file = niftiFile(
    { type: code, bits, slope: 1, intercept: -16777216, dims: [3, 1, 1, 1] },
    (view, at) => put(view, at, 16777217, true),
  );
  assertEquals((await readNifti(file)).data, new Float32Array([1]));
  const plain = niftiFile(
    { type: code, bits, dims: [3, 1, 1, 1] },
    (view, at) => put(view, at, 16777217, true),
  );
  assertEquals((await readNifti(plain)).data, new Float32Array([16777216]));
});

Deno.test("readNiftiLabels() reads exact ids from every type", async () => {
  for (
    const [name, ids] of [
      ["uint8", [0, 58, 237]],
      ["int16", [0, 29193, 32249]],
      ["uint16", [0, 65535, 5]],
      ["int32", [0, 2 ** 24 + 1, 2 ** 31 - 1]],
      ["int64", [0, 2 ** 24 + 1, 2 ** 31 - 1]],
      ["float32", [0, 32249, 7]],
      ["float64", [0, 2 ** 24 + 1, 2 ** 31 - 1]],
    ] as const
  ) {
    const { code, bits, put } = TYPES[name];
    for (const little of [true, false]) {
      const file = niftiFile(
        { type: code, bits, little, dims: [3, 3, 1, 1] },
        counting((view, at, i) => put(view, at, ids[i], little)),
      );
      assertEquals([...(await readNiftiLabels(file)).data], [...ids], name);
    }
  }
  // Scaled ids that differ slightly from whole numbers in single precision.
  const { code, bits, put } = TYPES.uint8;
  const scaled = { type: code, bits, dims: [3, 3, 1, 1] };
  const file = niftiFile(
    { ...scaled, slope: 0.1, intercept: 0 },
    counting((view, at, i) => put(view, at, 10 * i, true)),
  );
  assertEquals([...(await readNiftiLabels(file)).data], [0, 1, 2]);
});

Deno.test("readVolume() reads files in pieces, compressed or not, by path or URL", async () => {
  const folder = await Deno.makeTempDir();
  const { code, bits, put } = TYPES.int16;
  const n = 20011 * 20;
  const file = niftiFile(
    { type: code, bits, extension: 16, dims: [3, 20011, 20, 1] },
    counting((view, at, i) => put(view, at, i % 1009, true)),
  );
  await Deno.writeFile(`${folder}/a.nii`, file);
  await Deno.writeFile(`${folder}/a b.nii.gz`, await gzip(file));
  for (const path of [`${folder}/a.nii`, new URL(`file://${folder}/a%20b.nii.gz`)]) {
    const { data } = await readVolume(path);
    assertEquals(data.length, n);
    assert(data.every((value, i) => value === i % 1009));
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the readers take a Blob, a File, bytes and addresses, also in a browser", async () => {
  const plain = niftiFile(
    { dims: [3, 2, 1, 1] },
    counting((v, at, i) => v.setFloat32(at, [5, 7][i], true)),
  );
  const packed = await gzip(plain);
  const check = async () => {
    for (const bytes of [plain, packed]) {
      const address = new URL(URL.createObjectURL(new Blob([bytes])));
      for (const file of [bytes, new Blob([bytes]), new File([bytes], "ct.nii"), address]) {
        assertEquals([...(await readVolume(file, QUIET)).data], [5, 7]);
        assertEquals([...(await readLabelVolume(file, QUIET)).data], [5, 7]);
        assertEquals((await readGrid(file, QUIET)).size, [2, 1, 1]);
      }
      URL.revokeObjectURL(address.href);
    }
    const file = new File([plain.slice(0, -1)], "cut.nii");
    await assertRejects(() => readVolume(file, QUIET), TruncatedFileError, "cut.nii ends before");
    const blob = new Blob([plain.slice(0, -1)]);
    await assertRejects(() => readVolume(blob, QUIET), TruncatedFileError, "the image ends before");
  };
  await check();
  await asInBrowser(check);
});

Deno.test("readNifti() takes a moment for ten million voxels", async () => {
  const { code, bits } = TYPES.int16;
  const bytes = niftiFile({ type: code, bits, dims: [3, 256, 256, 150] }, () => {});
  const began = performance.now();
  await readNifti(bytes);
  // Measured: 0.04 s. A closure or a BigInt for every voxel takes many times as long.
  assertLess(performance.now() - began, 3000);
});
