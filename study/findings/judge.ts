/**
 * The verdict on a finding from the differences that it claims.
 *
 * @module
 */

import { fixed } from "../tables/text_table.ts";
import type { Judgement, Verdict } from "./finding.ts";
import type { Measure } from "./measures.ts";

/** A score with its name for people. */
export interface Score {
  /** The name, which a report gives if the score is missing. */
  readonly name: string;
  /** The value; NaN if it is missing. */
  readonly value: number;
}

/** A part of a finding: a difference that is positive if the part is true. */
export interface Part {
  /** The name of the difference, as the subject of a sentence. */
  readonly difference: string;
  /** The difference. */
  readonly value: number;
  /** Its measure. */
  readonly measure: Measure;
  /** The scores that the difference was computed from. */
  readonly scores: readonly Score[];
}

/** Judges a finding whose parts must all be true. */
export function judge(parts: readonly Part[]): Judgement {
  const missing = missingScores(parts.flatMap(({ scores }) => scores));
  if (missing !== undefined) return missing;
  const verdicts = parts.map(verdictOf);
  const verdict = (["does not hold", "not at this size"] as const)
    .find((one) => verdicts.includes(one)) ?? "holds";
  const reasons = parts.filter((_, i) => verdicts[i] === verdict).map(sentenceOf);
  return { verdict, reason: reasons.join(" ") };
}

/** The judgement on a finding whose scores are not all there; undefined if they are. */
export function missingScores(scores: readonly Score[]): Judgement | undefined {
  const names = scores.filter(({ value }) => !Number.isFinite(value)).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return {
    verdict: "not in this cohort",
    reason: `These scores are missing: ${[...new Set(names)].join("; ")}.`,
  };
}

function verdictOf({ value, measure: { limit } }: Part): Verdict {
  if (value > limit) return "holds";
  return value < -limit ? "does not hold" : "not at this size";
}

function sentenceOf({ difference, value, measure: { unit, digits, limit } }: Part): string {
  return `${difference} is ${fixed(value, digits)}${unit}` +
    (limit === 0 ? "." : `; a finding needs more than ${fixed(limit, digits)}${unit}.`);
}
