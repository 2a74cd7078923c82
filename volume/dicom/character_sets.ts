/**
 * The character sets of texts in DICOM: PS3.3, C.12.1.1.2.
 *
 * @module
 */

/** The names that TextDecoder has for the sets, by the part after ISO_IR or ISO 2022 IR. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  "6": "windows-1252",
  "13": "shift_jis",
  "100": "windows-1252",
  "101": "iso-8859-2",
  "109": "iso-8859-3",
  "110": "iso-8859-4",
  "126": "iso-8859-7",
  "127": "iso-8859-6",
  "138": "iso-8859-8",
  "144": "iso-8859-5",
  "148": "windows-1254",
  "166": "windows-874",
  "192": "utf-8",
};

/** Specific Character Set of UTF-8. */
export const UTF_8_SET = "ISO_IR 192";

/** Texts with characters of several sets, which escape sequences select. */
const ESCAPE = 0x1b;

/** Returns true if bytes are the same text in every character set. */
export function isPlain(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80 && byte !== ESCAPE);
}

/**
 * The text of bytes. Characters of sets that are not known, such as those of several bytes that escape sequences
 * select, become U+FFFD.
 *
 * @param set - Specific Character Set; its first value is that of texts without escape sequences.
 */
export function decodeText(bytes: Uint8Array, set: string): string {
  const [first] = set.split("\\");
  const name = /^GB(18030|K)$/.test(first) ? "gb18030" : BY_NUMBER[numberOf(first)];
  const known = name !== undefined && !bytes.includes(ESCAPE);
  const text = known
    ? new TextDecoder(name).decode(bytes)
    : [...bytes].map((byte) =>
      byte < 0x80 && byte !== ESCAPE ? String.fromCharCode(byte) : "\ufffd"
    )
      .join("");
  return text.replace(/\0+$/, "").trim();
}

function numberOf(set: string): string {
  return set.trim() === "" ? "6" : /^ISO(?:_IR| 2022 IR) (\d+)$/.exec(set.trim())?.[1] ?? "";
}
