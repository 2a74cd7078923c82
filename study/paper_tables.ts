/**
 * The paper's own numbers, to stand beside ours.
 *
 * @module
 */

/** Table 2's columns of registrations of the original images: mean Dice, percent. */
export const PAPER_TABLE_2 = {
  thorax: { rigid: 55.2, MIND: 65.4, NMI: 75.2, "NMI+MIND": 75.7 },
  abdomen: { rigid: 60.6, MIND: 73.9, NMI: 78.8, "NMI+MIND": 78.3 },
  both: { rigid: 59.6, MIND: 67.7, NMI: 76.7, "NMI+MIND": 76.9 },
} as const;
