/** Reading of DICOM folders, on series made byte by byte. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { dicomFile, type MadeDicom } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import type { Triple } from "../affine.ts";
import { ImageFileError, TruncatedFileError } from "../nifti_errors.ts";
import { orientationOf } from "../orientation.ts";
import { readDicomFiles, readGrid, readVolume } from "../read_nifti.ts";
import { DicomSeriesError } from "./dicom_errors.ts";

/** Writes one file per slice; the names are in the reverse order of the positions. */
async function write(
  folder: string,
  name: string,
  positions: readonly Triple[],
  change: Partial<MadeDicom> = {},
): Promise<void> {
  for (const [k, position] of positions.entries()) {
    const file = dicomFile({
      position,
      instance: k + 1,
      pixels: [0, 1, 2, 3, 4, 5].map((v) => 10 * k + v),
      ...change,
    });
    await Deno.writeFile(`${folder}/${name}${positions.length - k}.dcm`, file);
  }
}

const STACK: readonly Triple[] = [[10, -20, 30], [10, -20, 34], [10, -20, 38]];

for (
  const [what, transferSyntax] of [
    ["implicit little-endian", "1.2.840.10008.1.2"],
    ["explicit little-endian", "1.2.840.10008.1.2.1"],
    ["explicit big-endian", "1.2.840.10008.1.2.2"],
  ] as const
) {
  Deno.test(`readVolume() reads a DICOM folder, ${what}, in the order of the positions`, async () => {
    await inFolder(async (folder) => {
      await write(folder, "a", STACK, { transferSyntax, slope: 2, intercept: -100 });
      await Deno.writeTextFile(`${folder}/readme.txt`, "no image");
      await Deno.mkdir(`${folder}/more`);
      const { grid, data } = await readVolume(folder);
      assertEquals(grid.size, [3, 2, 3]);
      // Columns are 3 mm and rows 2 mm apart; LPS becomes RAS.
      assertEquals(grid.affine.slice(0, 12), [-3, 0, 0, -10, 0, -2, 0, 20, 0, 0, 4, 30]);
      assertEquals([...data.subarray(6, 9)], [-80, -78, -76]);
      assertEquals(data[17], 2 * 25 - 100);
    });
  });
}

Deno.test("readDicomFiles() reads what a page gets as readVolume() reads a folder, and lists series", async () => {
  await inFolder(async (folder) => {
    await write(folder, "a", STACK, { slope: 2, intercept: -100 });
    const filesOf = async (name: (path: string) => string) =>
      await Promise.all(
        (await Array.fromAsync(Deno.readDir(folder))).map(async (entry) =>
          new File([await Deno.readFile(`${folder}/${entry.name}`)], name(entry.name))
        ),
      );
    const expected = await readVolume(folder);
    // Files of several folders have the same name here.
    for (const name of [(path: string) => path, () => "IM0001"]) {
      const files = await filesOf(name);
      const found = await readDicomFiles([...files, new File(["no image"], "readme")]);
      assertEquals(found.data, expected.data);
      assertEquals(found.grid.affine, expected.grid.affine);
    }
    await write(folder, "b", STACK.slice(0, 2), { series: "1.2.3.5", number: 3, modality: "MR" });
    const both = await filesOf((path) => path);
    const error = await assertRejects(
      () => readDicomFiles(both, { name: "study" }),
      DicomSeriesError,
    );
    assertStringIncludes(error.message, "study holds 2 series.");
    assertEquals(
      error.series,
      [
        '"Thorax", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.4',
        '"Thorax", 3 x 2 x 2 voxels of 3 x 2 x 4 mm, 1.2.3.5',
      ].map((text, i) => `${["CT", "MR"][i]}, ${text}`),
    );
    assertEquals((await readDicomFiles(both, { series: "2" })).grid.size, [3, 2, 2]);
    const none = await assertRejects(() => readDicomFiles([]), DicomSeriesError);
    assertEquals(none.series, []);
  });
});

Deno.test("readVolume() reads signed pixels of 12 bits, and a slope for each slice", async () => {
  await inFolder(async (folder) => {
    // 0xf123 has the 12 bits 0x123 = 291; 0x0fff is -1.
    const pixels = [0xf123, 0x0fff, 0x0800, 0x07ff, 0, 1];
    const common = { pixels, bitsStored: 12, isSigned: true, intercept: 0 };
    await write(folder, "a", [STACK[0]], { ...common, slope: 1 });
    await write(folder, "b", [STACK[1]], { ...common, slope: 3 });
    const { data } = await readVolume(folder);
    assertEquals([...data], [291, -1, -2048, 2047, 0, 1, 873, -3, -6144, 6141, 0, 3]);
  });
});

Deno.test("readVolume() reads coronal and oblique slices", async () => {
  await inFolder(async (folder) => {
    const orientation = [1, 0, 0, 0, 0, -1];
    // The normal of coronal slices, (1, 0, 0) x (0, 0, -1), is (0, 1, 0).
    await write(folder, "a", [[0, 5, 0], [0, 0, 0]], { orientation });
    const { grid, data } = await readVolume(folder);
    assertEquals(orientationOf(grid), "LIP");
    assertEquals(data[0], 10 - 1024);
    assertEquals(grid.spacing, [3, 2, 5]);
  });
  await inFolder(async (folder) => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const orientation = [1, 0, 0, 0, c, s];
    const step: Triple = [0, -4 * s, 4 * c];
    const positions = [0, 1, 2].map((k) => step.map((v) => k * v) as unknown as Triple);
    await write(folder, "a", positions, { orientation });
    const { affine } = (await readVolume(folder)).grid;
    assertAlmostEquals(affine[6], 4 * s, 1e-9);
    assertAlmostEquals(affine[10], 4 * c, 1e-9);
  });
  await inFolder(async (folder) => {
    // The cosines are rounded to six decimals: the cross product is shorter than 1 by 7e-7.
    const orientation = [0.942583, -0.258433, 0.211539, 0.194321, 0.939542, 0.281957];
    const normal: Triple = [-0.271617, -0.224661, 0.935815];
    const positions = [0, 1, 2].map((k): Triple => [
      4 * k * normal[0],
      4 * k * normal[1],
      4 * k * normal[2],
    ]);
    await write(folder, "a", positions, { orientation });
    const { grid } = await readVolume(folder);
    [3, 2, 4].forEach((size, axis) => assertAlmostEquals(grid.spacing[axis], size, 1e-5));
    assertAlmostEquals(grid.affine[2], 4 * 0.271617, 1e-5);
    assertAlmostEquals(grid.affine[10], 4 * 0.935815, 1e-5);
  });
  await inFolder(async (folder) => {
    // Cosines of one series that differ by rounding noise about 0.
    await write(folder, "a", [STACK[0]], { orientation: [1, 1e-9, 0, 0, 1, 0] });
    await write(folder, "b", [STACK[1]], { orientation: [1, -1e-9, 0, 0, 1, 0] });
    assertEquals((await readGrid(folder)).size, [3, 2, 2]);
  });
});

Deno.test("readVolume() reads an enhanced file with a position for each frame", async () => {
  await inFolder(async (folder) => {
    const frames = [STACK[2], STACK[0], STACK[1]];
    const pixels = Array.from({ length: 18 }, (_, i) => i);
    await Deno.writeFile(`${folder}/one.dcm`, dicomFile({ frames, pixels, intercept: 0 }));
    const { grid, data } = await readVolume(folder);
    assertEquals(grid.size, [3, 2, 3]);
    assertEquals(grid.affine.slice(0, 12), [-3, 0, 0, -10, 0, -2, 0, 20, 0, 0, 4, 30]);
    assertEquals([...data.subarray(0, 7)], [6, 7, 8, 9, 10, 11, 12]);
    assertEquals(data[17], 5);
  });
});

Deno.test("readVolume() lists the series of a folder, and reads the chosen one", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/mr`);
    await write(folder, "a", STACK, { number: 7 });
    await write(`${folder}/mr`, "b", STACK, {
      series: "1.2.3.5",
      number: 3,
      modality: "MR",
      description: "T1 in and out",
      echoTime: 2.4,
    });
    await write(`${folder}/mr`, "c", STACK, {
      series: "1.2.3.5",
      number: 3,
      modality: "MR",
      description: "T1 in and out",
      echoTime: 1.2,
      intercept: 0,
    });
    // A scout of the CT series.
    await write(folder, "d", [[0, 0, 0]], { number: 7, orientation: [1, 0, 0, 0, 0, -1] });
    const { message } = await assertRejects(() => readVolume(folder), DicomSeriesError);
    assertEquals(
      message,
      `${folder} holds 4 series. Choose one by its number with --series (the option \`series\`):
  1: MR, "T1 in and out", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.5
  2: MR, "T1 in and out", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.5
  3: CT, "Thorax", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.4
  4: CT, "Thorax", 3 x 2 x 1 voxels of 3 x 2 x 5 mm, 1.2.3.4`,
    );
    assertEquals((await readVolume(folder, { series: "1" })).data[0], -1024);
    assertEquals((await readVolume(folder, { series: "2" })).data[0], 0);
    assertEquals((await readGrid(folder, { series: "4" })).size, [3, 2, 1]);
    await write(folder, "e", STACK, { series: "1.2.3.6", number: 9 });
    assertEquals((await readGrid(folder, { series: "1.2.3.6" })).size, [3, 2, 3]);
    const { message: same } = await assertRejects(
      () => readVolume(folder, { series: "1.2.3.4" }),
      DicomSeriesError,
    );
    assertEquals(
      same,
      `${folder} holds 2 series with the UID 1.2.3.4: choose one by its number:
  3: CT, "Thorax", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.4
  4: CT, "Thorax", 3 x 2 x 1 voxels of 3 x 2 x 5 mm, 1.2.3.4`,
    );
    await assertRejects(
      () => readVolume(folder, { series: "6" }),
      DicomSeriesError,
      'has no series "6". Its series are:\n  1: MR',
    );
    await assertRejects(
      () => readVolume(`${folder}/a1.dcm`, { series: "1" }),
      ImageFileError,
      "is no DICOM folder or zip file",
    );
    await assertRejects(
      () => readVolume(`${folder}/a1.dcm`),
      ImageFileError,
      "a1.dcm is a DICOM file. Give the folder of its series, or a zip file of it.",
    );
  });
});

const at = (...heights: number[]) => heights.map((z): Triple => [0, 0, z]);

for (
  const [what, positions, change, message] of [
    [
      "a missing slice",
      at(0, 4, 8, 16, 20),
      {},
      "1 of its slices are missing between a3.dcm and a2.dcm",
    ],
    [
      "uneven distances",
      at(0, 4, 8, 13, 17),
      {},
      "unevenly spaced: 5 mm between a3.dcm and a2.dcm",
    ],
    [
      "a gantry tilt",
      [0, 4, 8, 12].map((z): Triple => [0, z * Math.tan(Math.PI / 15), z]),
      {},
      "a gantry tilt of 12.0 degrees",
    ],
    ["several images per position", at(0, 0, 4, 4), {}, "several images at the same position"],
    [
      "HTJ2K",
      at(0, 4),
      { transferSyntax: "1.2.840.10008.1.2.4.201" },
      "compressed by HTJ2K (1.2.840.10008.1.2.4.201). Decompress its files with `gdcmconv --raw`",
    ],
    [
      "an unknown transfer syntax",
      at(0, 4),
      { transferSyntax: "1.2.3" },
      "compressed by an unknown method (1.2.3)",
    ],
    [
      "lossy JPEG of 12 bits",
      at(0, 4),
      { transferSyntax: "1.2.840.10008.1.2.4.51", bitsStored: 12 },
      "its pixels are lossy JPEG of 12 bits; 8 bits are read. Convert it with dcm2niix.",
    ],
    ["colours", at(0, 4), { samples: 3, pixels: Array(18).fill(0) }, "3 colours per pixel"],
    ["a dose", at(0, 4), { modality: "RTDOSE" }, "it is no image (RTDOSE)"],
    [
      "images without positions",
      at(0, 4),
      { position: undefined },
      "no position, orientation or pixel spacing",
    ],
  ] as const
) {
  Deno.test(`readVolume() refuses a DICOM series with ${what}`, async () => {
    await inFolder(async (folder) => {
      await write(folder, "a", positions, change);
      const error = await assertRejects(() => readVolume(folder), DicomSeriesError, message);
      assert(error.message.startsWith(`${folder}, series `), error.message);
    });
  });
}

Deno.test("readVolume() does not divide a series by an attribute that differs in every image", async () => {
  await inFolder(async (folder) => {
    for (const [k, position] of at(0, 4, 0, 4).entries()) {
      await write(folder, `${k}`, [position], { echoTime: 1 + k });
    }
    await assertRejects(
      () => readVolume(folder),
      DicomSeriesError,
      "3 x 2 x 4 voxels of 3 x 2 x 1.333 mm, 1.2.3.4: it has several images at the same position",
    );
  });
});

Deno.test("readVolume() refuses empty folders and truncated files, and warns of damaged ones", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "no image");
    await assertRejects(
      () => readVolume(folder),
      DicomSeriesError,
      "is a folder without DICOM images (1 files)",
    );
    await write(folder, "a", STACK);
    await Deno.writeFile(`${folder}/b.dcm`, dicomFile({}).subarray(0, 200));
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    assertEquals((await readVolume(folder, { onNotice })).grid.size, [3, 2, 3]);
    assertStringIncludes(notices[0], "1 damaged DICOM files are left out");
    await Deno.writeFile(`${folder}/b.dcm`, dicomFile({ columns: 0 }));
    assertEquals((await readVolume(folder, { onNotice })).grid.size, [3, 2, 3]);
    assertEquals(notices[1], notices[0]);
    const whole = await Deno.readFile(`${folder}/a1.dcm`);
    await Deno.writeFile(`${folder}/a1.dcm`, whole.subarray(0, -1));
    await assertRejects(
      () => readVolume(folder, { onNotice }),
      TruncatedFileError,
      "a1.dcm ends before its pixels do: 3 x 2 of them need 12 bytes",
    );
  });
});

Deno.test("readVolume() warns of files in a DICOM folder that cannot be opened", async () => {
  await inFolder(async (folder) => {
    await write(folder, "a", STACK);
    await Deno.symlink(`${folder}/nowhere`, `${folder}/last.dcm`);
    const notices: string[] = [];
    await readVolume(folder, { onNotice: (notice) => notices.push(notice) });
    assertEquals(notices, [
      `${folder}: files that cannot be opened are left out: 1, the first is ${folder}/last.dcm. The series may lack ` +
      "slices. Repair the links or the permissions of these files.",
    ]);
  });
});
