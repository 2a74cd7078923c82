/** Reading of DICOM series in zip files. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
} from "@zip.js/zip.js/lib/zip-core-native.js";
import { dicomFile, type MadeDicom } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import { readGrid, readVolume } from "../read_nifti.ts";
import { DicomSeriesError } from "./dicom_errors.ts";

/** A zip file; the level 0 stores its files without compression. */
async function zipOf(
  files: Readonly<Record<string, Uint8Array>>,
  level = 6,
): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    level,
    useWebWorkers: false,
    dataDescriptor: false,
  });
  for (const [path, bytes] of Object.entries(files)) {
    await zip.add(path, new Uint8ArrayReader(bytes));
  }
  return new Uint8Array(await zip.close());
}

const slice = (k: number, change: Partial<MadeDicom> = {}) =>
  dicomFile({
    position: [0, 0, 4 * k],
    instance: k + 1,
    pixels: [0, 1, 2, 3, 4, 5].map((v) => 10 * k + v),
    intercept: 0,
    ...change,
  });

const TEXT = new TextEncoder().encode("no image");

/** Three slices in two folders, in no order, among other files. */
const SERIES = {
  "study/": new Uint8Array(),
  "study/b/0001": slice(2),
  "study/a/0002": slice(0),
  "study/b/0003": slice(1),
  "study/readme.txt": TEXT,
  "__MACOSX/study/b/._0001": TEXT,
};

for (const [what, level] of [["deflated", 6], ["stored", 0]] as const) {
  Deno.test(`readVolume() reads a DICOM series in a zip file, ${what}, from disk and memory`, async () => {
    const zip = await zipOf(SERIES, level);
    await inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/series.zip`, zip);
      for (const input of [`${folder}/series.zip`, new Blob([zip]), zip]) {
        const { grid, data } = await readVolume(input);
        assertEquals(grid.size, [3, 2, 3]);
        assertEquals(grid.affine.slice(0, 12), [-3, 0, 0, 0, 0, -2, 0, 0, 0, 0, 4, 0]);
        // deno-fmt-ignore
        assertEquals([...data], [
          0, 1, 2, 3, 4, 5,
          10, 11, 12, 13, 14, 15,
          20, 21, 22, 23, 24, 25,
        ]);
      }
    });
  });
}

Deno.test("readVolume() lists the series of a zip file, and reads the chosen one", async () => {
  const files: Record<string, Uint8Array> = { ...SERIES };
  const other = { series: "1.2.9", number: 9, description: "Other" };
  for (const k of [0, 1]) files[`study/c/${k}`] = slice(k, other);
  const zip = new File([await zipOf(files)], "all.zip");
  const { message } = await assertRejects(() => readVolume(zip), DicomSeriesError);
  assertEquals(
    message,
    `all.zip holds 2 series. Choose one by its number with --series (the option \`series\`):
  1: CT, "Thorax", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.4
  2: CT, "Other", 3 x 2 x 2 voxels of 3 x 2 x 4 mm, 1.2.9`,
  );
  assertEquals((await readGrid(zip, { series: "2" })).size, [3, 2, 2]);
  assertEquals((await readGrid(zip, { series: "1.2.3.4" })).size, [3, 2, 3]);
});

/** The places of a number in the two headers of each file. */
const SIZE = { directory: 24, local: 22 };
const METHOD = { directory: 10, local: 8 };

/** Replaces a number in the headers of all files. */
function patched(
  zip: Uint8Array<ArrayBuffer>,
  place: { readonly directory: number; readonly local: number },
  value: number,
): Uint8Array {
  const copy = zip.slice();
  const view = new DataView(copy.buffer);
  const write = (at: number) =>
    place === METHOD ? view.setUint16(at, value, true) : view.setUint32(at, value, true);
  for (let at = 0; at + 46 < copy.length; at++) {
    const signature = view.getUint32(at, true);
    if (signature === 0x02014b50) write(at + place.directory);
    if (signature === 0x04034b50) write(at + place.local);
  }
  return copy;
}

Deno.test("readVolume() refuses zip files without a usable DICOM series", async () => {
  const refused = async (zip: Uint8Array, ...words: string[]) => {
    const file = new File([new Uint8Array(zip)], "x.zip");
    const { message } = await assertRejects(() => readVolume(file), DicomSeriesError);
    for (const word of ["x.zip", ...words]) assertStringIncludes(message, word);
  };
  const none = "x.zip is a zip file without DICOM images";
  await refused(await zipOf({ "a.txt": TEXT }), none, "(1 files). Give a zip file of a DICOM");
  await refused(await zipOf({}), none, "(0 files)");
  await refused(
    await zipOf({ "b.txt": TEXT, "sub/ct.nii.gz": TEXT }),
    none,
    "Unpack it, and give the image sub/ct.nii.gz.",
  );
  const whole = await zipOf(SERIES);
  await refused(whole.subarray(0, -30), "is damaged or incomplete", "Copy or download it again");
  // Info-ZIP made this file with a password.
  const encrypted =
    "UEsDBAoACQAAAFVbfV0gMDo2EgAAAAYAAAAFABwAYS50eHRVVAkAA/ELDGvxCwxrdXgLAAEEAAAAAAQAAAAAa5lUt9BXoC9IKqCbKdm5jhFkUEsHCCAwOjYSAAAABgAAAFBLAQIeAwoACQAAAFVbfV0gMDo2EgAAAAYAAAAFABgAAAAAAAEAAACkgQAAAABhLnR4dFVUBQAD8QsMa3V4CwABBAAAAAAEAAAAAFBLBQYAAAAAAQABAEsAAABhAAAAAAA=";
  await refused(Uint8Array.fromBase64(encrypted), "its files are encrypted. Unpack it");
  // A method that is not read: bzip2 has the number 12.
  const method = patched(await zipOf({ a: slice(0) }), METHOD, 12);
  await refused(method, "x.zip/a: the compression of the zip file (method 12) is not read");
});

Deno.test("readVolume() refuses a zip file that is too large when it is unpacked", async () => {
  const files: Record<string, Uint8Array> = {};
  for (let k = 0; k < 10; k++) files[`${k}`] = slice(k);
  const zip = await zipOf(files);
  const read = (bytes: Uint8Array) => readVolume(new File([new Uint8Array(bytes)], "bomb.zip"));
  await assertRejects(
    () => read(patched(zip, SIZE, 0xf0000000)),
    DicomSeriesError,
    "bomb.zip: its files have 37.5 GiB when they are unpacked; 16.0 GiB are the limit",
  );
  // Its first bytes are unpacked before its end is, where the zip file would contradict its header.
  const zeros = { columns: 512, rows: 512, pixels: Array(512 * 512).fill(0) };
  const one = await zipOf({ a: slice(0, zeros) });
  await assertRejects(
    () => read(patched(one, SIZE, 0xf0000000)),
    DicomSeriesError,
    "bomb.zip/a has 3.8 GiB when it is unpacked; 2.0 GiB are the limit",
  );
  // Sizes that are not true: no more than the stated bytes are unpacked.
  for (const size of [2000, 2_000_000]) {
    const { message } = await assertRejects(() => read(patched(one, SIZE, size)), DicomSeriesError);
    assertStringIncludes(message, "bomb.zip/a: the part of the zip file is damaged or incomplete");
  }
});
