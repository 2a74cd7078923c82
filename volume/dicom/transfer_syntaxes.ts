/**
 * The transfer syntaxes of DICOM: which ones are read, and how their pixels are coded. UIDs and names are those of
 * PS3.6, annex A.
 *
 * @module
 */

/** The code of the pixels: none (`stored`), or a compression of each frame. */
export type PixelCode = "stored" | "rle" | "jpeg-lossless" | "jpeg-ls" | "jpeg-2000" | "jpeg";

/** A transfer syntax that is read. */
export interface TransferSyntax {
  /** Its name for messages. */
  readonly name: string;
  /** The code of the pixels. */
  readonly code: PixelCode;
  /** True if numbers are stored with the highest byte first. */
  readonly isBigEndian?: boolean | undefined;
  /** True if the code may have changed the pixels. */
  readonly isLossy?: boolean | undefined;
}

/** The transfer syntax of files that are compressed as a whole. */
export const DEFLATED = "1.2.840.10008.1.2.1.99";

/** The transfer syntax of uncompressed little-endian pixels and data elements with their types. */
export const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

/** The transfer syntax of uncompressed little-endian pixels and data elements without their types. */
export const IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2";

const READ: Readonly<Record<string, TransferSyntax>> = {
  [IMPLICIT_LITTLE_ENDIAN]: { name: "implicit little-endian", code: "stored" },
  [EXPLICIT_LITTLE_ENDIAN]: { name: "explicit little-endian", code: "stored" },
  "1.2.840.10008.1.2.2": { name: "explicit big-endian", code: "stored", isBigEndian: true },
  "1.2.840.10008.1.2.5": { name: "RLE", code: "rle" },
  "1.2.840.10008.1.2.4.50": { name: "JPEG baseline", code: "jpeg", isLossy: true },
  "1.2.840.10008.1.2.4.51": { name: "JPEG extended", code: "jpeg", isLossy: true },
  "1.2.840.10008.1.2.4.57": { name: "lossless JPEG", code: "jpeg-lossless" },
  "1.2.840.10008.1.2.4.70": { name: "lossless JPEG", code: "jpeg-lossless" },
  "1.2.840.10008.1.2.4.80": { name: "JPEG-LS", code: "jpeg-ls" },
  "1.2.840.10008.1.2.4.81": { name: "JPEG-LS near-lossless", code: "jpeg-ls", isLossy: true },
  "1.2.840.10008.1.2.4.90": { name: "JPEG 2000", code: "jpeg-2000" },
  "1.2.840.10008.1.2.4.91": { name: "JPEG 2000", code: "jpeg-2000", isLossy: true },
};

/** The names of syntaxes that are not read, for messages. */
const OTHERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^1\.2\.840\.10008\.1\.2\.4\.9[2-5]$/, "multi-component or referenced JPEG 2000"],
  [/^1\.2\.840\.10008\.1\.2\.4\.20[1-5]$/, "HTJ2K"],
  [/^1\.2\.840\.10008\.1\.2\.4\.10\d/, "MPEG"],
  [/^1\.2\.840\.10008\.1\.2\.4\.11\d$/, "JPEG XL"],
  [/^1\.2\.840\.10008\.1\.2\.4\./, "JPEG"],
  [/^1\.2\.840\.10008\.1\.2\.8\./, "deflate for each frame"],
];

/** The transfer syntax of a UID; undefined if it is not read. */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return READ[uid];
}

/** The name of a transfer syntax that is not read, for messages. */
export function nameOfOtherSyntax(uid: string): string {
  return OTHERS.find(([pattern]) => pattern.test(uid))?.[1] ?? "an unknown method";
}
