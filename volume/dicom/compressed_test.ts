/**
 * Reading of compressed DICOM pixels. Foreign programs compressed the frames, of 8 x 6 pixels that formulas make:
 * dcmtk 3.6.7 (dcmcrle, dcmcjpeg, dcmcjpls) and GDCM 3.0.21 (gdcmconv). The pixels of lossy frames are those that
 * these programs decode.
 */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { dicomFile, type MadeDicom } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import type { Triple } from "../affine.ts";
import { ImageFileError } from "../nifti_errors.ts";
import { readVolume } from "../read_nifti.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { decodeJpegLossless } from "./jpeg_lossless.ts";
import { decodeRle } from "./rle.ts";

const COLUMNS = 8;
const ROWS = 6;

/** The pixels of a formula. */
function pixelsOf(formula: (x: number, y: number) => number): number[] {
  return Array.from(
    { length: COLUMNS * ROWS },
    (_, i) => formula(i % COLUMNS, Math.floor(i / COLUMNS)),
  );
}

const UNSIGNED = pixelsOf((x, y) => (61 * x * x + 317 * y + 29 * x * y) % 4096);
const OTHER = pixelsOf((x, y) => 4095 - 61 * x * x - 17 * y);
const SIGNED = pixelsOf((x, y) => 40 * x * x - 300 * y - 7 * x * y);
// These leave the range of 16 bits and return at its other end.
const WRAPPED = pixelsOf((x, y) => (9173 * x + 15319 * y + 4001 * x * y) << 16 >> 16);

const JPEG_LS =
  "/9j/9wALEAAGAAgBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAKPNbcw9VRHU5Yrz1LS1GnOweY+gghnqd14NndYcg8hA7PFJkMMAag4h4AH887a8lBiDSHAAIVeNp05ROTCGgTnYdYIA/9k=";
const JPEG_LS_OTHER =
  "/9j/9wALEAAGAAgBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAAD/WPVbEvNQJCM0ETQihFCKEUIIehyEUIoQQgjUYi0UhBCCHoekpCOjIeh6HIcjIqKiochyNRqIiJEiNP/Z";
const RLE =
  "AgAAAEAAAAB2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcAI0drj7PW+gc7b6LWCT1wpAd3uv1AhMcKTQezBlir/lGj9gfvUbQWeNs9nwcrnQ+B82XXSQcA1ap/VCn+0wfXTcM5ryWbEQeuxdzzCiE4TweFPfWtZR3VjQdctQ5nwBlyywczLSchGxUPCQ==";
const JPEG =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAAGAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABv/EAB4QAAICAgIDAAAAAAAAAAAAAAECAwUEBgARBwgx/9oACAEBAAA/ACvgj1w1Sl0C52+7jM9bRVmRa5UWNGGmeKCJpXVAxUFiqEAEgd9dkfef///Z";

/** A frame, and what its file says and holds. */
interface Case {
  readonly name: string;
  /** The last numbers of its transfer syntax. */
  readonly syntax: string;
  readonly frame: string;
  readonly pixels: readonly number[];
  readonly change: Partial<MadeDicom>;
  /** The compression that a notice names, if it is lossy. */
  readonly lossy?: string | undefined;
}

const CASES: readonly Case[] = [
  {
    name: "RLE, signed 16 bits (dcmcrle)",
    syntax: "5",
    frame: RLE,
    pixels: WRAPPED,
    change: { isSigned: true },
  },
  {
    name: "lossless JPEG with the predictor 1 (dcmcjpeg +e1)",
    syntax: "4.70",
    frame:
      "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALEAAGAAgBAREA/8QAGgABAQEAAwEAAAAAAAAAAAAACgkIBgcMEP/aAAgBAQABAAD7nut6Y2rRKp9jNPe2tqVOuQkJXjNqe977xrXeVL62Wp090pQ6xCAk+L28bfT3WNK7SofUz4xJxtPdnVIuEjxW3jL3Vf//2Q==",
    pixels: UNSIGNED,
    change: { bitsStored: 12 },
  },
  {
    name: "lossless JPEG with the predictor 4, signed 12 bits (dcmcjpeg +el +sv 4)",
    syntax: "4.57",
    frame:
      "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALEAAGAAgBAREA/8QAGgABAQACAwAAAAAAAAAAAAAAAwkGBwgKEP/aAAgBAQAEAAD2Ub45kUYrRbjsETTAAAACaYAAAATTAAAACaYAAAATTAAAAD///9k=",
    pixels: SIGNED,
    change: { bitsStored: 12, isSigned: true },
  },
  {
    name: "lossless JPEG with the predictor 7, signed 16 bits (dcmcjpeg +el +sv 7)",
    syntax: "4.57",
    frame:
      "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALEAAGAAgBAREA/8QAGQABAQEAAwAAAAAAAAAAAAAADw4NCwwQ/9oACAEBAAcAAPUerR6tHq0erR6tHq0erd69+7o6QnjCt0z1xjROcs3eujpCeMK3SvXLNFNy11iq7108YluheuWaKblp2K337u9eW6F65ZorOWXYrffvlzLvXXrlmim5adit9+wXLDZv///Z",
    pixels: WRAPPED,
    change: { isSigned: true },
  },
  {
    name: "JPEG-LS (dcmcjpls +el)",
    syntax: "4.80",
    frame: JPEG_LS,
    pixels: UNSIGNED,
    change: { bitsStored: 12 },
  },
  {
    name: "JPEG-LS near-lossless (dcmcjpls +en +md 5)",
    syntax: "4.81",
    frame:
      "/9j/9wALDAAGAAgBAREA/9oACAEBAAUAAJY8DwBojG5PAUQHAOAHGR0ADgFGLEJOVFgQAIGMEZOUlhgGiDZITFIAFmV0UeIyYZ4vAP/Z",
    // deno-fmt-ignore
    pixels: [
      0, 66, 242, 550, 979, 1530, 2192, 2987,
      319, 407, 616, 957, 1408, 1982, 2689, 3504,
      638, 749, 992, 1358, 1841, 2449, 3179, 4033,
      946, 1100, 1366, 1758, 2278, 2909, 3673, 449,
      1266, 1443, 1743, 2165, 2708, 3373, 65, 975,
      1586, 1786, 2120, 2564, 3141, 3836, 550, 1494,
    ],
    change: { bitsStored: 12 },
    lossy: "JPEG-LS near-lossless",
  },
  {
    name: "JPEG 2000, signed 12 bits (gdcmconv --j2k)",
    syntax: "4.90",
    frame:
      "/0//UQApAAAAAAAIAAAABgAAAAAAAAAAAAAACAAAAAYAAAAAAAAAAAABjwEB/1IADAAAAAEAAQQEAAH/XAAHQICIiJD/ZAAqAAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAAEgAAf+TwP5EwA4yzgXH25nHTbUkQaopF5SX2HTAP2DoA/MHgAB8IQAcLfUFJVW095dR0jP/fw4/IsqXdX8hdf/Z",
    pixels: SIGNED,
    change: { bitsStored: 12, isSigned: true },
  },
  {
    // The loss leads to 4136, which is more than 12 bits hold.
    name: "lossy JPEG 2000 (gdcmconv --j2k --lossy -r 4)",
    syntax: "4.91",
    frame:
      "/0//UQApAAAAAAAIAAAABgAAAAAAAAAAAAAACAAAAAYAAAAAAAAAAAABDwEB/1IADAAAAAEAAQQEAAH/XAAHQICIiJD/ZAAqAAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAACoAAf+T32BYBqX8zX9oTs8WjTfAeEQPpCAZ0Dn1H39jbP/Z",
    // deno-fmt-ignore
    pixels: [
      0, 0, 256, 512, 768, 1440, 2112, 2880,
      256, 384, 512, 903, 1294, 1893, 2604, 3508,
      768, 768, 768, 1294, 1820, 2346, 3096, 4136,
      1024, 1152, 1280, 1934, 2588, 2738, 3112, 0,
      1280, 1536, 1792, 2302, 2812, 3722, 504, 1544,
      1280, 1536, 1792, 2302, 2812, 3722, 504, 1544,
    ],
    change: { bitsStored: 12 },
    lossy: "JPEG 2000",
  },
  {
    name: "JPEG baseline (dcmcjpeg +eb)",
    syntax: "4.50",
    frame: JPEG,
    // deno-fmt-ignore
    pixels: [
      0, 14, 20, 33, 37, 60, 66, 76,
      15, 34, 40, 61, 79, 78, 101, 114,
      35, 43, 75, 81, 103, 125, 132, 158,
      52, 75, 90, 108, 127, 154, 167, 192,
      67, 84, 114, 138, 165, 188, 207, 225,
      89, 113, 137, 167, 179, 209, 245, 9,
    ],
    change: { bitsAllocated: 8, bitsStored: 8 },
    lossy: "JPEG baseline",
  },
];

/** A file of these compressed frames. */
function fileOf(
  syntax: string,
  encoded: readonly (readonly Uint8Array[])[],
  change: Partial<MadeDicom> = {},
): Uint8Array {
  return dicomFile({
    columns: COLUMNS,
    rows: ROWS,
    intercept: 0,
    transferSyntax: `1.2.840.10008.1.2.${syntax}`,
    encoded,
    ...change,
  });
}

/** Reads a folder with this one file. */
async function read(file: Uint8Array): Promise<{ data: number[]; notices: string[] }> {
  const notices: string[] = [];
  let data: number[] = [];
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.dcm`, file);
    const volume = await readVolume(folder, { onNotice: (notice) => notices.push(notice) });
    data = [...volume.data];
  });
  return { data, notices };
}

for (const { name, syntax, frame, pixels, change, lossy } of CASES) {
  Deno.test(`readVolume() reads DICOM pixels compressed by ${name}`, async () => {
    const { data, notices } = await read(fileOf(syntax, [[Uint8Array.fromBase64(frame)]], change));
    assertEquals(data, [...pixels]);
    assertEquals(notices.length, lossy === undefined ? 0 : 1);
    if (lossy !== undefined) {
      assertStringIncludes(
        notices[0],
        `: its pixels are lossy compressed by ${lossy}; they differ from those of the scanner.`,
      );
    }
  });
}

Deno.test("readVolume() says that pixels were lossy compressed if their file says so", async () => {
  const frames = [[Uint8Array.fromBase64(JPEG_LS)]];
  const { notices } = await read(fileOf("4.80", frames, { bitsStored: 12, lossy: "01" }));
  assertStringIncludes(notices[0], ": its pixels are lossy compressed; they differ");
  const jpeg2000 = CASES.find(({ syntax }) => syntax === "4.90")!;
  const lossless = [[Uint8Array.fromBase64(jpeg2000.frame)]];
  const file = fileOf("4.91", lossless, { ...jpeg2000.change, lossy: "00" });
  assertEquals((await read(file)).notices, []);
  // JPEG baseline has a loss, even if its file denies it.
  const jpeg = { bitsAllocated: 8, bitsStored: 8, lossy: "00" };
  const baseline = await read(fileOf("4.50", [[Uint8Array.fromBase64(JPEG)]], jpeg));
  assertStringIncludes(baseline.notices[0], ": its pixels are lossy compressed by JPEG baseline;");
});

const POSITIONS: readonly Triple[] = [[0, 0, 8], [0, 0, 0], [0, 0, 4]];

for (
  const [what, hasOffsets, isSplit] of [
    ["offsets and one fragment for each frame", true, false],
    ["no offsets and one fragment for each frame", false, false],
    ["offsets and several fragments for each frame", true, true],
    ["no offsets and several fragments for each frame", false, true],
  ] as const
) {
  Deno.test(`readVolume() reads compressed DICOM frames with ${what}`, async () => {
    const first = Uint8Array.fromBase64(JPEG_LS);
    const second = Uint8Array.fromBase64(JPEG_LS_OTHER);
    const parts = (bytes: Uint8Array) =>
      isSplit ? [bytes.subarray(0, 40), bytes.subarray(40, 60), bytes.subarray(60)] : [bytes];
    // The last frame has one fragment, so that the frames differ in their number.
    const frames = [parts(first), parts(second), [first]];
    const change = { frames: POSITIONS, hasOffsets, bitsStored: 12 };
    const { data } = await read(fileOf("4.80", frames, change));
    assertEquals(data, [...OTHER, ...UNSIGNED, ...UNSIGNED]);
  });
}

Deno.test("readVolume() joins the fragments of a single compressed image", async () => {
  const bytes = Uint8Array.fromBase64(JPEG_LS);
  const frame = [bytes.subarray(0, 30), bytes.subarray(30)];
  assertEquals((await read(fileOf("4.80", [frame], { bitsStored: 12 }))).data, UNSIGNED);
});

Deno.test("readVolume() refuses damaged compressed pixels", async () => {
  const bytes = Uint8Array.fromBase64(JPEG_LS);
  const refused = async (file: Uint8Array, words: string) => {
    const { message } = await assertRejects(() => read(file), DicomSeriesError);
    assertStringIncludes(message, words);
    assertStringIncludes(message, "a.dcm: its ");
    assertStringIncludes(message, "Copy or export the file again.");
  };
  const frames = { frames: POSITIONS };
  await refused(
    fileOf("4.80", [[bytes, bytes], [bytes, bytes]], frames),
    "its pixels, compressed by JPEG-LS, cannot be decoded: 4 fragments of its pixels cannot be divided among 3 frames",
  );
  await refused(
    fileOf("4.80", [[bytes.subarray(0, 60)], [bytes], [bytes]], frames),
    "its frame 1, compressed by JPEG-LS, cannot be decoded: it ends before its pixels do",
  );
  await refused(
    fileOf("4.80", [[bytes]], { rows: 7 }),
    "it has 8 x 6 pixels, and the header of its file 8 x 7",
  );
  await refused(fileOf("4.80", [[bytes]]).subarray(0, -20), "it ends within its pixels");
  await refused(fileOf("4.80", []), "it has no pixels");
  const jpeg2000 = Uint8Array.fromBase64(CASES.find(({ syntax }) => syntax === "4.90")!.frame);
  await refused(fileOf("4.90", [[jpeg2000.subarray(0, 120)]]), "cannot be decoded: it is damaged");
  const jpeg = Uint8Array.fromBase64(JPEG);
  const small = { bitsAllocated: 8, bitsStored: 8 };
  await refused(fileOf("4.50", [[jpeg.subarray(0, 150)]], small), "it is damaged");
  await refused(fileOf("4.70", [[jpeg]], small), "another kind of JPEG");
  await refused(fileOf("5", [[Uint8Array.fromBase64(RLE)]], small), "it has 2 RLE segments");
});

Deno.test("readVolume() reads deflated DICOM files, with and without a zero at the end", async () => {
  const pixels = [9, 8, 7, 6, 5, 4];
  const transferSyntax = "1.2.840.10008.1.2.1.99";
  const made = dicomFile({ pixels, intercept: 0, transferSyntax });
  // The header of the file has an element with its length, of 12 bytes, and remains as it is.
  const body = 132 + 12 + made[132 + 8];
  for (const zeros of [0, 1]) {
    const stream = new Blob([made.slice(body)]).stream()
      .pipeThrough(new CompressionStream("deflate-raw"));
    const deflated = new Uint8Array(await new Response(stream).arrayBuffer());
    const file = new Uint8Array(body + deflated.length + zeros);
    file.set(made.subarray(0, body));
    file.set(deflated, body);
    assertEquals((await read(file)).data, pixels);
    const cut = file.slice(0, body + deflated.length - 8);
    await assertRejects(() => read(cut), ImageFileError);
  }
});

// The table of the codes has 0 for no difference and 10 for a difference of one bit. Restart markers follow each line.
// deno-fmt-ignore
const BY_HAND = [
  0xff, 0xd8,
  0xff, 0xc4, 0, 21, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  0xff, 0xc3, 0, 11, 8, 0, 2, 0, 2, 1, 0, 0x11, 0,
  0xff, 0xdd, 0, 4, 0, 2,
  0xff, 0xda, 0, 8, 1, 0, 0, 1, 0, 1,
  0x5f, 0xff, 0xd0, 0x4f, 0xff, 0xd9,
];

Deno.test("decodeJpegLossless() decodes restart markers and a point transform by hand", () => {
  // 64, which is half of the range of the 7 bits that are left, +0 and +1, and +0 and -1; times 2.
  const { samples, columns, rows } = decodeJpegLossless(Uint8Array.from(BY_HAND));
  assertEquals([columns, rows, ...samples], [2, 2, 128, 130, 128, 126]);
  const without = Uint8Array.from(BY_HAND.toSpliced(-5, 2));
  assertThrows(() => decodeJpegLossless(without), RangeError, "a restart marker is missing");
  const cut = Uint8Array.from(BY_HAND.slice(0, -3));
  assertThrows(() => decodeJpegLossless(cut), RangeError, "it ends before its pixels do");
});

Deno.test("decodeRle() decodes runs and literals, and refuses short segments", () => {
  const bytes = new Uint8Array(64 + 6);
  bytes.set([1, 0, 0, 0, 64]);
  // Three times 7, nothing, and the literal bytes 1 and 2.
  bytes.set([254, 7, 128, 1, 1, 2], 64);
  assertEquals([...decodeRle(bytes, 5, 1)], [7, 7, 7, 1, 2]);
  assertThrows(() => decodeRle(bytes, 6, 1), RangeError, "an RLE segment ends too early");
  assertThrows(() => decodeRle(bytes.subarray(0, 69), 5, 1), RangeError, "ends too early");
  // The run of three has no byte.
  assertThrows(() => decodeRle(bytes.subarray(0, 65), 3, 1), RangeError, "ends too early");
  assertThrows(() => decodeRle(bytes, 5, 2), RangeError, "its pixels have 2 bytes");
});
