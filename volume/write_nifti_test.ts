import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Matrix4, Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import { FileAccessError } from "../host/errors.ts";
import { matrixOfQform, qformOf } from "./qform.ts";
import { readDisplacementField } from "./read_displacement_field.ts";
import { readLabelVolume, readNifti, readNiftiLabels, readVolume } from "./read_nifti.ts";
import { inFolder } from "../testing/in_folder.ts";
import { writeWholeFile } from "../host/write_file.ts";
import {
  encodeDisplacementField,
  encodeNifti,
  encodeNiftiLabels,
  writeDisplacementField,
  writeLabelVolume,
  writeVolume,
  writeVolumes,
} from "./write_nifti.ts";

/** A rotation about an axis (Rodrigues' formula) with voxel sizes and an offset, in single precision. */
function oblique(axis: Triple, degrees: number, spacing: Triple, handed = 1): Matrix4 {
  const [x, y, z] = axis.map((v) => v / Math.hypot(...axis));
  const c = Math.cos(degrees * Math.PI / 180);
  const s = Math.sin(degrees * Math.PI / 180);
  const t = 1 - c;
  const [a, b, d] = [spacing[0], spacing[1], spacing[2] * handed];
  // deno-fmt-ignore
  return [
    (t * x * x + c) * a, (t * x * y - s * z) * b, (t * x * z + s * y) * d, -31.7,
    (t * x * y + s * z) * a, (t * y * y + c) * b, (t * y * z - s * x) * d, 100.3,
    (t * x * z - s * y) * a, (t * y * z + s * x) * b, (t * z * z + c) * d, 1234.5,
    0, 0, 0, 1,
  ].map(Math.fround);
}

const size: Triple = [5, 4, 3];
const turned = [0, 33, 120, 180].flatMap((degrees) =>
  [1, -1].map((handed) => new Grid(size, oblique([1, -2, 3], degrees, [0.8, 1.25, 6], handed)))
);
const grids = [
  Grid.axisAligned(size, [0.8, 1.25, 6], [-10.1, 20.2, 30.3]),
  ...turned,
].map(({ affine }) => new Grid(size, affine.map(Math.fround)));

const header = async (grid: Grid) => {
  const image = { grid, data: new Float32Array(grid.voxels) };
  return new DataView((await encodeNifti(image, { compressed: false })).buffer as ArrayBuffer);
};

Deno.test("encodeNifti() comes back voxel for voxel, with the very same matrix", async () => {
  const data = Float32Array.from({ length: 60 }, (_, i) => Math.fround(7.3 * i - 100));
  const whole = data.map((v) => Math.round(Math.abs(v)) % 256);
  for (const grid of grids) {
    for (const type of ["float32", "uint8", "int16", "uint16", "int32"] as const) {
      for (const compressed of [true, false]) {
        const image = { grid, data: type === "float32" ? data : whole };
        assertEquals(await readNifti(await encodeNifti(image, { type, compressed })), image);
      }
    }
  }
});

Deno.test("encodeNifti() says in the qform what it says in the sform", async () => {
  for (const grid of grids) {
    const view = await header(grid);
    assertEquals([view.getInt16(252, true), view.getInt16(254, true)], [1, 1]);
    view.setInt16(254, 0, true);
    const byQform = await readNifti(new Uint8Array(view.buffer));
    assert(byQform.grid.equals(grid, 1e-3), grid.affine.join());
  }
});

Deno.test("encodeNifti() leaves out a qform that would say something else", async () => {
  const shear = (amount: number) =>
    new Grid([300, 300, 3], [1, amount, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const codes = async (grid: Grid) => {
    const view = await header(grid);
    return [view.getInt16(252, true), view.getInt16(254, true)];
  };
  assertEquals(await codes(shear(0)), [1, 1]);
  // ITK reads no such sform: it gets the nearest rotation.
  assertEquals(await codes(shear(5e-4)), [1, 1]);
  assertEquals(await codes(shear(2e-3)), [0, 1]);
  // Within 0.04 degrees of a half turn the standard's quaternion holds the half turn only.
  const near = new Grid([300, 300, 3], oblique([1, -2, 3], 179.99, [0.8, 1.25, 6]));
  assertEquals(await codes(near), [0, 1]);
});

Deno.test("qformOf() and matrixOfQform() undo each other", () => {
  for (const axis of [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, 3], [-3, 1, -0.2]] as Triple[]) {
    for (const degrees of [0, 0.02, 1, 90, 119, 121, 179, 180, 181, 270]) {
      for (const handed of [1, -1]) {
        const { affine, spacing } = new Grid(size, oblique(axis, degrees, [0.8, 1.25, 6], handed));
        const qform = qformOf(affine, spacing);
        assertEquals(qform.factor, handed);
        const error = matrixOfQform(qform).map((value, i) => Math.abs(value - affine[i]));
        // a = cos(angle / 2) follows from b, c and d in single precision, the worse the smaller it is;
        // at the half turn it is 0.
        const a = Math.abs(Math.cos(degrees * Math.PI / 360));
        const bound = 2e-6 + (a > 1e-9 ? 6 * 2 ** -24 / a : 0);
        assert(Math.max(...error) < bound, `${axis} ${degrees} ${error}`);
      }
    }
  }
});

Deno.test("encodeNifti() fills the header as the standard says", async () => {
  const grid = grids[1];
  const data = new Float32Array(60);
  const bytes = await encodeNifti(
    { grid, data },
    { type: "int16", compressed: false, description: "é".repeat(60) },
  );
  const view = new DataView(bytes.buffer as ArrayBuffer);
  const shorts = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getInt16(at + 2 * i, true));
  assertEquals(bytes.length, 352 + 120);
  assertEquals(view.getInt32(0, true), 348);
  assertEquals(shorts(40, 8), [3, 5, 4, 3, 1, 1, 1, 1]);
  assertEquals(shorts(68, 3), [0, 4, 16]);
  assertEquals([108, 112, 116].map((at) => view.getFloat32(at, true)), [352, 1, 0]);
  assertEquals(view.getUint8(123), 2);
  assertEquals(new TextDecoder().decode(bytes.subarray(148, 226)), "é".repeat(39));
  assertEquals([...bytes.subarray(226, 228)], [0, 0]);
  assertEquals(new TextDecoder().decode(bytes.subarray(344, 352)), "n+1\0\0\0\0\0");
});

Deno.test("encodeNifti() gives the same bytes for the same image", async () => {
  const image = { grid: grids[2], data: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)) };
  assertEquals(await encodeNifti(image), await encodeNifti(image));
});

Deno.test("encodeNifti() rounds and clips to whole numbers", async () => {
  const grid = Grid.axisAligned([6, 1, 1], [1, 1, 1]);
  const data = new Float32Array([-1e9, -0.6, 0.4, 2.5, 254.6, Infinity]);
  const stored = async (
    type: "uint8" | "int16",
  ) => [...(await readNifti(await encodeNifti({ grid, data }, { type }))).data];
  assertEquals(await stored("uint8"), [0, 0, 0, 3, 255, 255]);
  assertEquals(await stored("int16"), [-32768, -1, 0, 3, 255, 32767]);
});

Deno.test("encodeNifti() refuses what a file cannot hold", async () => {
  const grid = Grid.axisAligned([2, 1, 1], [1, 1, 1]);
  const short = { grid, data: new Float32Array(1) };
  const nan = new Float32Array([0, NaN]);
  await assertRejects(() => encodeNifti(short), RangeError, "has 1 values, its grid 2 voxels");
  await assertRejects(() => encodeNifti({ grid, data: nan }, { type: "int16" }), RangeError, "NaN");
  const field = [new Float32Array(2), new Float32Array(2), new Float32Array(3)] as const;
  await assertRejects(
    () => encodeDisplacementField({ grid, components: field }),
    RangeError,
    "components[2]",
  );
  const long = Grid.axisAligned([40000, 1, 1], [1, 1, 1]);
  const data = new Float32Array(40000);
  await assertRejects(() => encodeNifti({ grid: long, data }), RangeError, "up to 32767");
});

Deno.test("encodeNiftiLabels() takes the smallest type that holds the ids", async () => {
  const grid = Grid.axisAligned([2, 1, 1], [1, 1, 1]);
  for (
    const [ids, code] of [
      [[0, 255], 2],
      [[0, 256], 4],
      [[-1, 5], 4],
      [[0, 32249], 4],
      [[0, 65535], 512],
      [[0, 65536], 8],
      [[-1, 65535], 8],
      [[0, 2147483647], 8],
    ] as const
  ) {
    const labels = { grid, data: Int32Array.from(ids) };
    const bytes = await encodeNifti(labels, { compressed: false });
    assertEquals(new DataView(bytes.buffer as ArrayBuffer).getInt16(70, true), code, `${ids}`);
    if (ids[0] < 0) continue;
    assertEquals((await readNiftiLabels(await encodeNiftiLabels(labels))).data, labels.data);
  }
});

Deno.test("displacement fields are LPS vectors of five axes, and come back as they were", async () => {
  const grid = grids[3];
  const n = grid.voxels;
  const values = (k: number) => Float32Array.from({ length: n }, (_, i) => k * i - 20);
  const field = { grid, components: [values(1), values(2), values(-0.5)] as const };
  const bytes = await encodeDisplacementField(field, { compressed: false });
  const view = new DataView(bytes.buffer as ArrayBuffer);
  assertEquals(
    Array.from({ length: 8 }, (_, i) => view.getInt16(40 + 2 * i, true)),
    [5, 5, 4, 3, 1, 3, 1, 1],
  );
  assertEquals(view.getInt16(68, true), 1007);
  const at = (component: number, i: number) => view.getFloat32(352 + 4 * (component * n + i), true);
  assertEquals([at(0, 7), at(1, 7), at(2, 7)], [13, 6, -23.5]);
  assert(Object.is(at(0, 20), 0), "no -0");

  const folder = await Deno.makeTempDir();
  for (const name of ["field.nii", "field.nii.gz"]) {
    await writeDisplacementField(`${folder}/${name}`, field);
    const read = await readDisplacementField(`${folder}/${name}`);
    assertEquals(read.grid, grid);
    assertEquals([...read.components], [...field.components]);
  }
  await Deno.remove(folder, { recursive: true });
});

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}

Deno.test("writeVolume() and writeLabelVolume() write whole files, or nothing", async () => {
  const folder = await Deno.makeTempDir();
  const image = { grid: grids[4], data: Float32Array.from({ length: 60 }, (_, i) => i) };
  const labels = { grid: grids[4], data: Int32Array.from(image.data) };
  await writeVolume(`${folder}/a.nii.gz`, image);
  await writeVolume(`${folder}/a.nii`, image, { type: "int16" });
  await writeLabelVolume(`${folder}/b.nii.gz`, labels);
  assertEquals(await readVolume(`${folder}/a.nii.gz`), image);
  assertEquals(await readVolume(`${folder}/a.nii`), image);
  assertEquals(await readLabelVolume(`${folder}/b.nii.gz`), labels);
  assertEquals([...(await Deno.readFile(`${folder}/a.nii.gz`)).slice(0, 2)], [0x1f, 0x8b]);
  assertEquals((await Deno.readFile(`${folder}/a.nii`)).length, 352 + 120);

  const names = ["a.nii", "a.nii.gz", "b.nii.gz"];
  const refuses = async (path: string, words: string) => {
    const error = await assertRejects(() => writeVolume(path, image), FileAccessError, words);
    assertStringIncludes(error.message, path);
    assertEquals(await namesIn(folder), names);
  };
  await refuses(`${folder}/none/a.nii.gz`, "its folder does not exist");
  await refuses(`${folder}/a.png`, "ends in .nii.gz, .nii, .nrrd or .mha");
  // The path cannot be replaced: the temporary file next to it is removed.
  await Deno.mkdir(`${folder}/taken.nii`);
  names.push("taken.nii");
  await Deno.writeTextFile(`${folder}/taken.nii/x`, "");
  await refuses(`${folder}/taken.nii`, "Cannot write");
  // A volume that cannot be encoded leaves the older file.
  const nan = { grid: image.grid, data: image.data.map(() => NaN) };
  await assertRejects(
    () => writeVolume(`${folder}/a.nii`, nan, { type: "uint8" }),
    RangeError,
  );
  assertEquals(await readVolume(`${folder}/a.nii`), image);
  assertEquals(await namesIn(folder), names);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeVolumes() writes each image in the format of its suffix", () =>
  inFolder(async (folder) => {
    const grid = Grid.axisAligned([3, 2, 2], [1, 2, 3], [-4, 5, 6]);
    const data = Float32Array.from({ length: 12 }, (_, i) => i / 2);
    const paths = ["nii", "nii.gz", "nrrd", "mha"].map((suffix) => `${folder}/a.${suffix}`);
    await writeVolumes(Object.fromEntries(paths.map((path) => [path, { grid, data }])));
    for (const path of paths) {
      const read = await readVolume(path);
      assertEquals([...read.data], [...data], path);
      read.grid.affine.forEach((v, i) => assertAlmostEquals(v, grid.affine[i], 1e-6));
    }
  }));

Deno.test("writeWholeFile() replaces an older file", async () => {
  const folder = await Deno.makeTempDir();
  for (const text of ["older", "new"]) {
    await writeWholeFile(`${folder}/a.txt`, new TextEncoder().encode(text));
  }
  assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "new");
  assertEquals(await namesIn(folder), ["a.txt"]);
  await Deno.remove(folder, { recursive: true });
});
