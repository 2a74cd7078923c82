/**
 * The eleven structures that the study scores, with VISCERAL's label ids (RadLex).
 *
 * @module
 */

/** The region of the body in which a structure is scored (section 2). */
export type Region = "thorax" | "abdomen";

/** A scored structure. */
export interface Structure {
  /** The structure's name in tables. */
  readonly name: string;
  /** The structure's id in label images. */
  readonly label: number;
  /** The region in which it is scored. */
  readonly region: Region;
}

/** The structures in the order of the paper's Table 1. */
export const STRUCTURES = [
  { name: "liver", label: 58, region: "thorax" },
  { name: "spleen", label: 86, region: "thorax" },
  { name: "gallbladder", label: 187, region: "thorax" },
  { name: "right lung", label: 1302, region: "thorax" },
  { name: "left lung", label: 1326, region: "thorax" },
  { name: "bladder", label: 237, region: "abdomen" },
  { name: "lumbar vertebra 1", label: 29193, region: "abdomen" },
  { name: "right kidney", label: 29662, region: "abdomen" },
  { name: "left kidney", label: 29663, region: "abdomen" },
  { name: "right psoas", label: 32248, region: "abdomen" },
  { name: "left psoas", label: 32249, region: "abdomen" },
] as const satisfies readonly Structure[];

/** The name of a scored structure. */
export type StructureName = typeof STRUCTURES[number]["name"];
