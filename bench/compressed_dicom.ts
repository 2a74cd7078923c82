/**
 * Compares the decoding of compressed DICOM images with dcmtk and GDCM, for `deno task bench:formats`.
 *
 * @module
 */

import { dicomFile, type MadeDicom } from "../testing/dicom_file.ts";
import { random } from "../testing/random.ts";
import { readVolume } from "../volume/read_nifti.ts";

/** One comparison: the code, the programs, the number of images, and the largest difference. */
export type CodeRow = readonly [what: string, peer: string, files: number, difference: number];

/** A code: the program that compresses, and the program that decompresses a code with loss. */
interface Code {
  readonly name: string;
  readonly compress: readonly string[];
  readonly decompress?: readonly string[] | undefined;
  /** Leaves out signed images, which the program does not compress in this way. */
  readonly isUnsigned?: boolean | undefined;
}

const PREDICTORS: readonly Code[] = [1, 2, 3, 4, 5, 6, 7].map((predictor) => ({
  name: `lossless JPEG, predictor ${predictor}`,
  compress: ["dcmcjpeg", "+el", "+sv", String(predictor)],
}));

const CODES: readonly Code[] = [
  ...PREDICTORS,
  { name: "RLE", compress: ["dcmcrle"] },
  { name: "RLE", compress: ["gdcmconv", "--rle"] },
  { name: "lossless JPEG SV1", compress: ["dcmcjpeg", "+e1"] },
  { name: "lossless JPEG SV1", compress: ["gdcmconv", "--jpeg"] },
  { name: "JPEG-LS", compress: ["dcmcjpls", "+el"] },
  { name: "JPEG-LS", compress: ["gdcmconv", "--jpegls"] },
  {
    name: "JPEG-LS near-lossless",
    compress: ["dcmcjpls", "+en", "+md", "3"],
    decompress: ["dcmdjpls"],
    isUnsigned: true,
  },
  { name: "JPEG 2000", compress: ["gdcmconv", "--j2k"] },
  {
    name: "lossy JPEG 2000",
    compress: ["gdcmconv", "--j2k", "--lossy", "-q", "60"],
    decompress: ["gdcmconv", "--raw"],
  },
  { name: "JPEG baseline", compress: ["dcmcjpeg", "+eb"], decompress: ["dcmdjpeg"] },
  { name: "deflate", compress: ["dcmconv", "+td"] },
];

const COLUMNS = 61;
const ROWS = 47;

/** Images of 16, 12 and 8 bits, with and without sign. */
function images(): Readonly<Record<string, Partial<MadeDicom>>> {
  const next = random(5);
  const wave = (middle: number, height: number, noise: number) =>
    Array.from({ length: COLUMNS * ROWS }, (_, i) => {
      const wave = Math.sin((i % COLUMNS) / 5) * Math.cos(Math.floor(i / COLUMNS) / 7);
      return Math.round(middle + height * wave + noise * (next() - 0.5));
    });
  return {
    "16 bits": { pixels: wave(32000, 22000, 18000) },
    "12 bits": { pixels: wave(2000, 1500, 900), bitsStored: 12 },
    "16 bits, signed": { pixels: wave(0, 20000, 20000), isSigned: true },
    "12 bits, signed": { pixels: wave(0, 1500, 900), bitsStored: 12, isSigned: true },
    "8 bits": { pixels: wave(128, 100, 40), bitsStored: 8 },
  };
}

/**
 * Compares all codes. A lossless image is compared with the image that was compressed, a lossy one with the image that
 * the peer decompresses.
 *
 * @param run - Runs a program, and throws if it fails.
 */
export async function compareCodes(
  folder: string,
  run: (program: string, args: readonly string[]) => Promise<string>,
): Promise<CodeRow[]> {
  const rows: CodeRow[] = [];
  const made = Object.values(images());
  for (const { name, compress, decompress, isUnsigned } of CODES) {
    let largest = 0;
    let files = 0;
    for (const image of made) {
      if (isUnsigned && image.isSigned) continue;
      const work = await Deno.makeTempDir({ dir: folder });
      const file = (kind: string) => `${work}/${kind}/image.dcm`;
      for (const kind of ["plain", "small", "peer"]) await Deno.mkdir(`${work}/${kind}`);
      const common = { columns: COLUMNS, rows: ROWS, intercept: 0 };
      await Deno.writeFile(file("plain"), dicomFile({ ...common, ...image }));
      await run(compress[0], [...compress.slice(1), file("plain"), file("small")]);
      if (decompress !== undefined) {
        await run(decompress[0], [...decompress.slice(1), file("small"), file("peer")]);
      }
      const quiet = { onNotice: () => {} };
      const ours = await readVolume(`${work}/small`, quiet);
      const theirs = await readVolume(
        `${work}/${decompress === undefined ? "plain" : "peer"}`,
        quiet,
      );
      ours.data.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - theirs.data[i]));
      });
      files++;
    }
    rows.push([`DICOM, ${name}`, compress[0], files, largest]);
  }
  return rows;
}
