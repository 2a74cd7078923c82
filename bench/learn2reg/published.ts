/**
 * Published figures on AbdomenMRCT. They were not measured here.
 *
 * @module
 */

/** The figures of one method. */
export interface PublishedRow {
  /** The method. */
  readonly method: string;
  /** Mean Dice of liver, spleen and kidneys. */
  readonly dice: number;
  /** Robust Hausdorff distance, where it is published. */
  readonly hd95?: number | undefined;
  /** The pairs and the direction, as far as they are stated. */
  readonly pairs: string;
  /** The source. */
  readonly source: string;
}

const ANATOMIX = "github.com/neel-dey/anatomix (f68a57a), anatomix/registration/tests/README.md";
const TRANSCRIBED = "arXiv:2403.05780, tables 3 to 5, as transcribed by others";
const EIGHT_CT = "8 public pairs, CT fixed";
const RERUN = "8 public pairs, without the left kidneys that 0002 and 0004 lack";

/** The rows, the highest Dice first. */
export const PUBLISHED: readonly PublishedRow[] = [
  {
    method: "anatomix ViT + MIND-SSC features, FireANTs, with masks",
    dice: 0.879,
    pairs: EIGHT_CT,
    source: ANATOMIX,
  },
  {
    method: "DINOv3 + test-time optimisation",
    dice: 0.79,
    hd95: 4.9,
    pairs: "not stated in the abstract",
    source: "arXiv:2508.14809, abstract",
  },
  {
    method: "DINO-Reg",
    dice: 0.7821,
    hd95: 23.35,
    pairs: RERUN,
    source: "a re-run of one group, 2026-08-27",
  },
  {
    method: "anatomix + ConvexAdam",
    dice: 0.756,
    pairs: EIGHT_CT,
    source: "github.com/neel-dey/anatomix (f68a57a), anatomix/registration/README.md",
  },
  {
    method: "Learn2Reg 2021, first place",
    dice: 0.75,
    pairs: "test pairs, MR fixed",
    source: TRANSCRIBED,
  },
  {
    method: "ConvexAdam, MIND-SSC",
    dice: 0.735,
    hd95: 20.38,
    pairs: RERUN,
    source: "a re-run of one group, 2026-08-27",
  },
  {
    method: "uniGradICON + 50 steps of optimisation",
    dice: 0.668,
    pairs: "3 validation pairs",
    source: TRANSCRIBED,
  },
  {
    method: "uniGradICON",
    dice: 0.5,
    pairs: "3 validation pairs",
    source: TRANSCRIBED,
  },
  {
    method: "SyN",
    dice: 0.45,
    pairs: "validation pairs",
    source: TRANSCRIBED,
  },
  {
    method: "not registered",
    dice: 0.3709,
    hd95: 39.43,
    pairs: RERUN,
    source: "a re-run of one group, 2026-08-27",
  },
];
