/** Every file that cannot be used is refused by a class, and the message names the file. */

import { type CrosswarpError, FileAccessError } from "../host/errors.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { counting, gzip, type MadeHeader, niftiFile, OBLIQUE } from "../testing/nifti_file.ts";
import {
  ImageFileError,
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

type Kind = new (message: string) => CrosswarpError;

const floats = (values: number[] = [0, 1, 2, 3, 4, 5, 6, 7]) =>
  counting((view, at, i) => view.setFloat32(at, values[i % values.length], true));
const made = (change: Partial<MadeHeader>, values?: number[]) => niftiFile(change, floats(values));
/** A good file's bytes with some of them replaced. */
function patched(at: number, bytes: number[] | string, second = false): Uint8Array {
  const file = made({ second });
  file.set(typeof bytes === "string" ? [...bytes].map((c) => c.charCodeAt(0)) : bytes, at);
  return file;
}
const ascii = (text: string) => new TextEncoder().encode(text.padEnd(600, "."));

const good = made({});
const packed = await gzip(made({ dims: [3, 20, 20, 20] }));
const sheared = OBLIQUE.map((value, i) => i % 4 === 1 ? value + 2e-3 * OBLIQUE[i - 1] : value);
const singular = OBLIQUE.map((value, i) => i % 4 === 1 ? OBLIQUE[i - 1] : value);
const cases: [string, Uint8Array, Kind, string][] = [
  [
    "text",
    ascii("this is no image at all"),
    NotNiftiError,
    "is not a NIfTI, NRRD, MetaImage or Analyze file. Convert it",
  ],
  ["nothing", new Uint8Array(), NotNiftiError, "is empty"],
  ["nothing, compressed", await gzip(new Uint8Array()), NotNiftiError, "is empty"],
  ["DICOM", ascii("\0".repeat(128) + "DICM"), NotNiftiError, "a DICOM file"],
  ["NRRD", ascii("NRRD0004"), ImageFileError, 'its NRRD header has no "sizes"'],
  ["MetaImage", ascii("ObjectType = Image"), ImageFileError, "header has no DimSize"],
  ["half of a NIfTI-1 pair", patched(344, "ni1\0"), ImageFileError, "only a header"],
  ["half of a NIfTI-2 pair", patched(4, "ni2\0", true), ImageFileError, "only a header"],
  ["Analyze header", patched(344, "\0\0\0\0"), ImageFileError, "only a header"],
  ["a damaged header", patched(0, [9, 9, 9, 9]), NotNiftiError, "header is damaged"],
  ["voxels nowhere", patched(108, [0, 0, 192, 127]), NotNiftiError, "header is damaged"],
  ["half a NIfTI-2 header", made({ second: true }).slice(0, 400), TruncatedFileError, "header"],
  ["gzip cut at its end", packed.slice(0, -1), TruncatedFileError, "compression"],
  ["gzip cut in its voxels", packed.slice(0, -100), TruncatedFileError, "compression"],
  ["gzip cut in its header", packed.slice(0, 30), TruncatedFileError, "compression"],
  [
    "gzip with a wrong checksum",
    packed.map((byte, i) => i === packed.length - 7 ? byte ^ 1 : byte),
    TruncatedFileError,
    "compression",
  ],
  ["data cut", good.slice(0, -4), TruncatedFileError, "2 x 2 x 2 of them need 384 bytes"],
  ["compressed data cut", await gzip(good.slice(0, -4)), TruncatedFileError, "before its voxels"],
  [
    "more voxels than there can be",
    patched(42, [0x30, 0x75, 0x30, 0x75, 0x30, 0x75]),
    TruncatedFileError,
    "before its voxels",
  ],
  ["single bits", niftiFile({ type: 1, bits: 8 }, () => {}), UnsupportedVoxelsError, "bits"],
  ["complex64", niftiFile({ type: 32, bits: 64 }, () => {}), UnsupportedVoxelsError, "complex"],
  ["complex128", niftiFile({ type: 1792, bits: 128 }, () => {}), UnsupportedVoxelsError, "complex"],
  ["RGB", niftiFile({ type: 128, bits: 24 }, () => {}), UnsupportedVoxelsError, "RGB"],
  ["RGBA", niftiFile({ type: 2304, bits: 32 }, () => {}), UnsupportedVoxelsError, "RGBA"],
  ["float128", niftiFile({ type: 1536, bits: 128 }, () => {}), UnsupportedVoxelsError, "128-bit"],
  ["no type", niftiFile({ type: 0, bits: 8 }, () => {}), UnsupportedVoxelsError, "type 0"],
  ["4-D", made({ dims: [4, 2, 2, 2, 3] }), ImageShapeError, "holds 3 volumes (2 x 2 x 2 x 3)"],
  ["5-D", made({ dims: [5, 2, 2, 2, 1, 3] }), ImageShapeError, "holds 3 volumes"],
  ["an axis of 0", made({ dims: [3, 2, 0, 2] }), ImageShapeError, "an axis without voxels (2 x 0"],
  ["a fourth axis of 0", made({ dims: [4, 2, 2, 2, 0] }), ImageShapeError, "without voxels"],
  ["an axis of -1", patched(44, [255, 255]), ImageShapeError, "without voxels"],
  ["0 axes", made({ dims: [0] }), ImageShapeError, "0 axes"],
  ["9 axes", patched(40, [9, 0]), ImageShapeError, "9 axes"],
  ["singular sform", made({ sform: singular }), ImageGeometryError, "singular"],
  ["sform of 0", made({ sform: new Array(16).fill(0) }), ImageGeometryError, "singular"],
  ["sheared sform", made({ sform: sheared }), ImageGeometryError, "cosine 0.0020, allowed 0.001"],
  ["sform of NaN", made({ sform: OBLIQUE.map(() => NaN) }), ImageGeometryError, "not finite"],
  [
    "NaN and infinite voxels",
    made({ dims: [3, 3, 2, 2] }, [0, 1, 2, 3, NaN, 5, 6, -Infinity, 8, 9, NaN, 11]),
    NonFiniteVoxelsError,
    "3 of 12 values are NaN or infinite",
  ],
];

for (const [name, bytes, kind, words] of cases) {
  Deno.test(`readNifti() refuses ${name}`, async () => {
    for (const read of [readNifti, readNiftiLabels]) {
      const error = await assertRejects(() => read(bytes, "scans/mr.nii"), kind, words);
      assertStringIncludes(error.message, "scans/mr.nii");
      assertEquals(error.name, kind.name);
    }
  });
}

Deno.test("readNifti() says which voxel is the first that is not finite", async () => {
  const file = made({ dims: [3, 3, 2, 2] }, [0, 1, 2, 3, NaN, 5, 6, Infinity, 8, 9, 10, 11]);
  await assertRejects(
    () => readNifti(file),
    NonFiniteVoxelsError,
    "2 of 12 values are NaN or infinite (in single precision), the first is number 4, at (1, 1, 0)",
  );
});

Deno.test("readNifti() refuses doubles beyond single precision", async () => {
  const file = niftiFile({ type: 64, bits: 64 }, (view, at) => view.setFloat64(at, 1e300, true));
  await assertRejects(() => readNifti(file), NonFiniteVoxelsError, "8 of 8 values");
});

Deno.test("readNiftiLabels() refuses fractions, negative numbers and ids beyond 31 bits", async () => {
  await assertRejects(
    () => readNiftiLabels(made({}, [0, 3, 0.5, 7, 0.25, 1, 1, 1]), "labels.nii"),
    NotLabelsError,
    "labels.nii: 2 of 8 voxels are not a label id (a whole number from 0), the first is number 2, " +
      "at (0, 1, 0): 0.5. Give a label image",
  );
  await assertRejects(() => readNiftiLabels(made({}, [0, -1])), NotLabelsError, "4 of 8");
  await assertRejects(() => readNiftiLabels(made({}, [0, 2 ** 31])), NotLabelsError, "4 of 8");
  const large = niftiFile({ type: 768 }, (view, at) => view.setUint32(at, 3e9, true));
  const error = await assertRejects(() => readNiftiLabels(large), NotLabelsError, "8 of 8");
  assertStringIncludes(error.message, "(a whole number from 0 to 2147483647)");
  assertStringIncludes(error.message, "(0, 0, 0): 3000000000. Replace the ids above the limit");
});

Deno.test("files are refused by name when they are missing, or a folder", async () => {
  for (const read of [readVolume, readLabelVolume, readDisplacementField]) {
    await assertRejects(
      () => read("/no/such/ct.nii"),
      FileAccessError,
      "/no/such/ct.nii: there is",
    );
  }
  const folder = await Deno.makeTempDir();
  await assertRejects(
    () => readVolume(folder),
    ImageFileError,
    `${folder} is a folder without DICOM images`,
  );
  await Deno.remove(folder);
});

Deno.test("the voxels of an Analyze pair are known by their name", async () => {
  const bytes = new Uint8Array(4000);
  await assertRejects(() => readNifti(bytes, "a.img"), NotNiftiError, "without their header");
  await assertRejects(() => readNifti(bytes, "a.img.gz"), NotNiftiError, "without their header");
});

Deno.test("readDisplacementField() refuses what holds no vectors in a known frame", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/field.nii`;
  const named = (change: Partial<MadeHeader>, name = "") => {
    const file = made({ dims: [5, 2, 2, 2, 1, 3], intent: 1007, ...change });
    file.set(new TextEncoder().encode(name), 328);
    return file;
  };
  const refuses = async (bytes: Uint8Array, words: string) => {
    await Deno.writeFile(path, bytes);
    await assertRejects(() => readDisplacementField(path), ImageShapeError, words);
  };
  await refuses(made({}), "2 x 2 x 2, not a displacement field");
  await refuses(named({ dims: [4, 2, 2, 2, 3] }), "2 x 2 x 2 x 3, not a displacement field");
  await refuses(named({ dims: [5, 2, 2, 2, 1, 2] }), "not a displacement field");
  await refuses(named({ intent: 0 }), "of intent 0, not a displacement field");
  await refuses(named({}, "NREG_TRANS"), "a NiftyReg transformation");
  await Deno.writeFile(path, named({}));
  const field = await readDisplacementField(path);
  assertEquals([...field.components[0]], [0, -1, -2, -3, -4, -5, -6, -7].map((v) => v + 0));
  await Deno.writeFile(path, named({ intent: 1006 }));
  assertEquals((await readDisplacementField(path)).components[0][7], 7);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("in a browser, gzip of several parts is refused with a remedy", () =>
  asInBrowser(async () => {
    const whole = made({ dims: [3, 20, 20, 20] });
    const file = new File(
      [await gzip(whole.slice(0, 5000)), await gzip(whole.slice(5000))],
      "a.nii.gz",
    );
    const remedy = "Decompress the file, or compress it again with gzip.";
    await assertRejects(() => readVolume(file), ImageFileError, remedy);
    await assertRejects(() => readVolume(file), ImageFileError, "a.nii.gz: its gzip");
    const cut = new File([packed.slice(0, -100)], "b.nii.gz");
    await assertRejects(() => readVolume(cut), TruncatedFileError, "b.nii.gz: its gzip");
  }));
