/** Writing of derived DICOM series, and reading them again. */

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { dicomFile, type MadeDicom } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../affine.ts";
import { Grid } from "../grid.ts";
import { readVolume } from "../read_nifti.ts";
import { contentUid } from "./content_uid.ts";
import { checkFixedSeries, encodeDerivedSeries, rescaleOf } from "./derived_series.ts";
import { decimalString } from "./dicom_elements.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { loadParser } from "./dicom_file.ts";
import { readSeriesTemplate, type SeriesTemplate } from "./series_template.ts";

const C = Math.cos(0.3);
const S = Math.sin(0.3);
const OBLIQUE = [1, 0, 0, 0, C, S];

/** Patient, study and frame of reference of the fixed series, and its technique. */
const TEXTS = [
  [0x00100010, "PN", "Doe^Jane"],
  [0x00100020, "LO", "P17"],
  [0x00080020, "DA", "20200102"],
  [0x00081030, "LO", "Pelvis"],
  [0x00200052, "UI", "1.2.3.77"],
  [0x00180015, "CS", "PELVIS"],
] as const;

const MR: Partial<MadeDicom> = {
  series: "1.2.3.1",
  number: 4,
  modality: "MR",
  description: "T1",
  orientation: OBLIQUE,
  echoTime: 4.6,
  texts: TEXTS,
};

/** Writes an oblique series of three slices. */
async function writeSeries(folder: string, change: Partial<MadeDicom>): Promise<void> {
  await Deno.mkdir(folder);
  for (const k of [0, 1, 2]) {
    const position: Triple = [10, -20 - 4.5 * S * k, 30 + 4.5 * C * k];
    const file = dicomFile({ ...change, position, instance: k + 1 });
    await Deno.writeFile(`${folder}/${k}.dcm`, file);
  }
}

/** Values of CT with parts of a HU. */
function warpedOn(grid: Grid) {
  const next = random(3);
  return { grid, data: Float32Array.from({ length: grid.voxels }, () => 3000 * next() - 1000) };
}

async function writeFiles(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  await Deno.mkdir(folder);
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
}

for (
  const [what, transferSyntax] of [
    ["explicit little-endian", "1.2.840.10008.1.2.1"],
    ["implicit little-endian", "1.2.840.10008.1.2"],
    ["explicit big-endian", "1.2.840.10008.1.2.2"],
  ]
) {
  Deno.test(`encodeDerivedSeries() makes a CT series in the frame of an MR series, ${what}`, async () => {
    await inFolder(async (folder) => {
      await writeSeries(`${folder}/mr`, { ...MR, transferSyntax });
      const ctTexts = [[0x00180060, "DS", "120"], [0x00281050, "DS", "40"]] as const;
      const ct = { series: "1.2.3.2", texts: ctTexts, transferSyntax };
      await writeSeries(`${folder}/ct`, { ...ct, orientation: OBLIQUE });
      const fixed = (await readSeriesTemplate(`${folder}/mr`, {}))!;
      const moving = await readSeriesTemplate(`${folder}/ct`, {});
      const { grid } = await readVolume(`${folder}/mr`);
      const volume = warpedOn(grid);
      const options = { volume, fixed, moving, movingName: "ct", derivation: "warped" };
      const files = await encodeDerivedSeries(options);
      assertEquals(Object.keys(files), ["0001.dcm", "0002.dcm", "0003.dcm"]);
      await writeFiles(`${folder}/out`, files);
      const again = await readVolume(`${folder}/out`);
      assertEquals(again.grid.size, grid.size);
      grid.affine.forEach((v, i) => assert(Math.abs(v - again.grid.affine[i]) < 1e-9));
      const { slope } = rescaleOf(volume.data);
      assertEquals(slope, 0.05);
      volume.data.forEach((v, i) => assert(Math.abs(v - again.data[i]) <= slope / 2 + 1e-4));

      const parser = await loadParser();
      const [first, second] = Object.values(files).map((bytes) => parser.parseDicom(bytes));
      const expected = {
        x00100010: "Doe^Jane",
        x00100020: "P17",
        x00080020: "20200102",
        x00081030: "Pelvis",
        x00200052: "1.2.3.77",
        x0020000d: "1.2.3",
        x00180015: "PELVIS",
        x00080060: "CT",
        x00080016: "1.2.840.10008.5.1.4.1.1.2",
        x00020002: "1.2.840.10008.5.1.4.1.1.2",
        x00080008: "DERIVED\\SECONDARY\\AXIAL",
        x0008103e: "Thorax, registered",
        x00082111: "the series 1.2.3.2, warped to the grid of the series 1.2.3.1",
        x00180060: "120",
        x00281050: "40",
        x00281054: "HU",
        x00200011: "1004",
        x00281053: "0.05",
        // The echo time is one of the MR series.
        x00180081: undefined,
      };
      for (const [tag, value] of Object.entries(expected)) {
        assertEquals(first.string(tag), value, tag);
      }
      assertEquals(first.uint16("x00280103"), 0);
      const uid = (tag: string) => [first.string(tag)!, second.string(tag)!];
      const [series, sameSeries] = uid("x0020000e");
      assertEquals(series, sameSeries);
      assert(/^2\.25\.[1-9]\d{20,38}$/.test(series), series);
      const [image, other] = uid("x00080018");
      assertNotEquals(image, other);
      assertEquals(first.string("x00020003"), image);

      // The same content has the same bytes, and another content another series.
      assertEquals(await encodeDerivedSeries(options), files);
      const changed = { grid, data: volume.data.map((v, i) => i === 7 ? v + 1 : v) };
      const [changedFile] = Object.values(
        await encodeDerivedSeries({ ...options, volume: changed }),
      );
      assertNotEquals(parser.parseDicom(changedFile).string("x0020000e"), series);
    });
  });
}

Deno.test("encodeDerivedSeries() makes an MR series, and one of another kind of image", async () => {
  await inFolder(async (folder) => {
    await writeSeries(`${folder}/mr`, MR);
    const fixed = (await readSeriesTemplate(`${folder}/mr`, {}))!;
    const volume = warpedOn((await readVolume(`${folder}/mr`)).grid);
    const parser = await loadParser();
    const common = { volume, fixed, derivation: "warped" };
    const [mr] = Object.values(
      await encodeDerivedSeries({ ...common, moving: fixed, movingName: "x" }),
    );
    const header = parser.parseDicom(mr);
    assertEquals(header.string("x00080060"), "MR");
    assertEquals(header.string("x00080008"), "DERIVED\\SECONDARY\\OTHER");
    assertEquals(header.string("x00180081"), "4.6");
    assertEquals(header.string("x00180020"), "RM");
    const movingName = "a/b/prüfung.nii.gz";
    const [other] = Object.values(
      await encodeDerivedSeries({ ...common, moving: undefined, movingName }),
    );
    const plain = parser.parseDicom(other);
    assertEquals(plain.string("x00080060"), "OT");
    assertEquals(plain.string("x0008103e"), "pr?fung.nii.gz, registered");
    assertEquals(
      plain.string("x00082111"),
      "pr?fung.nii.gz, warped to the grid of the series 1.2.3.1",
    );
  });
});

Deno.test("a derived series needs a study, a frame of reference and the same grid", async () => {
  await inFolder(async (folder) => {
    await writeSeries(`${folder}/mr`, {
      ...MR,
      texts: TEXTS.filter(([tag]) => tag !== 0x00200052),
    });
    const fixed = (await readSeriesTemplate(`${folder}/mr`, {}))!;
    assertThrows(
      () => checkFixedSeries(fixed, "mr (--fixed)", "Leave it out"),
      DicomSeriesError,
      "mr (--fixed) has no Frame of Reference UID, which a derived DICOM object needs. Leave it out, or export",
    );
    await writeSeries(`${folder}/empty`, { ...MR, texts: [[0x00200052, "UI", ""]] });
    const empty = (await readSeriesTemplate(`${folder}/empty`, {}))!;
    assertThrows(
      () => checkFixedSeries(empty, "mr", "Leave it out"),
      DicomSeriesError,
      "mr has no Frame of Reference UID",
    );
    const volume = warpedOn(Grid.axisAligned([3, 2, 4], [1, 1, 1]));
    await assertRejects(
      () => encodeDerivedSeries({ volume, fixed, moving: fixed, movingName: "x", derivation: "x" }),
      DicomSeriesError,
      "An image of 3 x 2 x 4 voxels is no image on the grid of the fixed series, 3 x 2 x 3",
    );
    await Deno.writeTextFile(`${folder}/a.txt`, "no image");
    assertEquals(await readSeriesTemplate(`${folder}/a.txt`, {}), undefined);
  });
});

Deno.test("encodeDerivedSeries() writes valid values if those of the series are not", async () => {
  await inFolder(async (folder) => {
    // A Scanning Sequence without a value, as some programs for de-identification leave it.
    const texts = [...TEXTS, [0x00180020, "CS", ""]] as const;
    await writeSeries(`${folder}/mr`, { ...MR, number: NaN, texts });
    await writeSeries(`${folder}/other`, { ...MR, number: 2147483647, modality: "", texts });
    const fixed = (await readSeriesTemplate(`${folder}/mr`, {}))!;
    const other = (await readSeriesTemplate(`${folder}/other`, {}))!;
    const volume = warpedOn((await readVolume(`${folder}/mr`)).grid);
    const parser = await loadParser();
    const header = async (one: SeriesTemplate, moving: SeriesTemplate) => {
      const options = { volume, fixed: one, moving, movingName: "x", derivation: "warped" };
      const [first] = Object.values(await encodeDerivedSeries(options));
      return parser.parseDicom(first);
    };
    const mr = await header(fixed, fixed);
    assertEquals(mr.string("x00200011"), "1000");
    assertEquals(mr.string("x00180020"), "RM");
    const ofOther = await header(other, other);
    assertEquals(ofOther.string("x00200011"), "1000");
    assertEquals(ofOther.string("x00080060"), "OT");
  });
});

Deno.test("rescaleOf() chooses 1, 2 or 5 times a power of ten", () => {
  // 4095 / 65534 is 0.062.
  assertEquals(rescaleOf(Float32Array.of(-1024, 3071)), { slope: 0.1, intercept: -1024 });
  assertEquals(rescaleOf(Float32Array.of(0, 65534)), { slope: 1, intercept: 0 });
  assertEquals(rescaleOf(Float32Array.of(0, 65535)), { slope: 2, intercept: 0 });
  assertEquals(rescaleOf(Float32Array.of(-0.3, 0.2)), { slope: 0.00001, intercept: -0.30001 });
  assertEquals(rescaleOf(Float32Array.of(7.5, 7.5)), { slope: 1, intercept: 7 });
});

Deno.test("contentUid() makes UUIDs of version 8, and decimalString() texts of 16 characters", async () => {
  const uid = await contentUid("abc");
  // The SHA-256 of "abc" begins with ba7816bf 8f01 cfea 4141 40de5dae2223: cfea becomes 8fea, and 4141 8141.
  assertEquals(uid, `2.25.${BigInt("0xba7816bf8f018fea814140de5dae2223")}`);
  assertEquals(decimalString(-0.1234567890123456), "-0.1234567890123");
  assertEquals(decimalString(1e-21), "1e-21");
  assertEquals(decimalString(2.5), "2.5");
});
