/**
 * The attributes that a derived series takes from the series of its fixed and of its moving image. Tags and types are
 * those of PS3.6; the modules are those of PS3.3, annex C.
 *
 * @module
 */

/** An attribute that is copied: its tag and type, and the value if a file does not have it, where one is required. */
export interface CopiedAttribute {
  /** Group and element as one number. */
  readonly tag: number;
  /** The value representation. */
  readonly vr: string;
  /** The value of a file without the attribute; by default the attribute is left out. */
  readonly missing?: string | undefined;
}

/** The patient, the study and the frame of reference. */
export const OF_FIXED: readonly CopiedAttribute[] = [
  // Specific Character Set.
  { tag: 0x00080005, vr: "CS" },
  // Study Date, Study Time, Accession Number, Referring Physician's Name, Study Description.
  { tag: 0x00080020, vr: "DA", missing: "" },
  { tag: 0x00080030, vr: "TM", missing: "" },
  { tag: 0x00080050, vr: "SH", missing: "" },
  { tag: 0x00080090, vr: "PN", missing: "" },
  { tag: 0x00081030, vr: "LO" },
  // Patient's Name, ID, Birth Date, Sex, Age, Size, Weight.
  { tag: 0x00100010, vr: "PN", missing: "" },
  { tag: 0x00100020, vr: "LO", missing: "" },
  { tag: 0x00100021, vr: "LO" },
  { tag: 0x00100030, vr: "DA", missing: "" },
  { tag: 0x00100040, vr: "CS", missing: "" },
  { tag: 0x00101010, vr: "AS" },
  { tag: 0x00101020, vr: "DS" },
  { tag: 0x00101030, vr: "DS" },
  // Patient Identity Removed, De-identification Method.
  { tag: 0x00120062, vr: "CS" },
  { tag: 0x00120063, vr: "LO" },
  // Body Part Examined, Patient Position.
  { tag: 0x00180015, vr: "CS" },
  { tag: 0x00185100, vr: "CS", missing: "" },
  // Study Instance UID, Study ID, Frame of Reference UID, Laterality, Position Reference Indicator.
  { tag: 0x0020000d, vr: "UI" },
  { tag: 0x00200010, vr: "SH", missing: "" },
  { tag: 0x00200052, vr: "UI" },
  { tag: 0x00200060, vr: "CS", missing: "" },
  { tag: 0x00201040, vr: "LO", missing: "" },
];

/** Lossy Image Compression. */
export const LOSSY_COMPRESSION: CopiedAttribute = { tag: 0x00282110, vr: "CS" };

/** The display and the loss of the moving image. */
const OF_MOVING: readonly CopiedAttribute[] = [
  LOSSY_COMPRESSION,
  // Window Center and Width, Lossy Image Compression Ratio and Method.
  { tag: 0x00281050, vr: "DS" },
  { tag: 0x00281051, vr: "DS" },
  { tag: 0x00282112, vr: "DS" },
  { tag: 0x00282114, vr: "CS" },
];

/** A kind of image: its UID, the end of its Image Type, and what it takes from the moving image. */
export interface ImageKind {
  /** SOP Class UID. */
  readonly uid: string;
  /** Image Type. */
  readonly type: string;
  /** The attributes of the moving image. */
  readonly copied: readonly CopiedAttribute[];
}

/** The kinds of images by modality; the last one is that of other modalities. */
export const IMAGE_KINDS: Readonly<Record<"CT" | "MR" | "OT", ImageKind>> = {
  CT: {
    uid: "1.2.840.10008.5.1.4.1.1.2",
    type: "DERIVED\\SECONDARY\\AXIAL",
    copied: [
      ...OF_MOVING,
      // KVP, Rescale Type.
      { tag: 0x00180060, vr: "DS", missing: "" },
      { tag: 0x00281054, vr: "LO", missing: "HU" },
    ],
  },
  MR: {
    uid: "1.2.840.10008.5.1.4.1.1.4",
    type: "DERIVED\\SECONDARY\\OTHER",
    copied: [
      ...OF_MOVING,
      // Scanning Sequence (RM: research mode), Sequence Variant, Scan Options, MR Acquisition Type.
      { tag: 0x00180020, vr: "CS", missing: "RM" },
      { tag: 0x00180021, vr: "CS", missing: "NONE" },
      { tag: 0x00180022, vr: "CS", missing: "" },
      { tag: 0x00180023, vr: "CS", missing: "" },
      // Repetition, Echo and Inversion Time, Magnetic Field Strength, Echo Train Length, Flip Angle.
      { tag: 0x00180080, vr: "DS", missing: "" },
      { tag: 0x00180081, vr: "DS", missing: "" },
      { tag: 0x00180082, vr: "DS" },
      { tag: 0x00180087, vr: "DS" },
      { tag: 0x00180091, vr: "IS", missing: "" },
      { tag: 0x00181314, vr: "DS" },
    ],
  },
  // Secondary Capture, with the place of the image in addition.
  OT: {
    uid: "1.2.840.10008.5.1.4.1.1.7",
    type: "DERIVED\\SECONDARY",
    copied: [
      ...OF_MOVING,
      // Patient Orientation, Rescale Type (US: unspecified).
      { tag: 0x00200020, vr: "CS", missing: "" },
      { tag: 0x00281054, vr: "LO", missing: "US" },
    ],
  },
};
