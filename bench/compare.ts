/**
 * Runs methods on a pair, one after the other, and prints their figures.
 *
 * @module
 */

import type { FlagValues } from "../tasks/_flags.ts";
import { type methodFlags, runMethod } from "./methods.ts";
import { type ScoredPair, scorePair } from "../testing/score_pair.ts";
import type { ScoreRow, ScoreTable } from "./score_table.ts";

/** The pairs and methods to compare. */
export interface ComparisonOptions {
  /** The pair's name. */
  readonly name: string;
  /** The truth, for the scores. */
  readonly pair: ScoredPair;
  /** The pair's images. */
  readonly files: { readonly fixed: string; readonly moving: string };
  /** An existing folder: each method's files go into a folder below. */
  readonly folder: string;
  /** The methods' names. */
  readonly methods: readonly string[];
  /** The methods' flags. */
  readonly options: FlagValues<typeof methodFlags>;
  /** Takes the lines. */
  readonly table: ScoreTable;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Runs and scores the methods in turn, a printed line each. */
export async function compareMethods(
  { name, pair, files, folder, methods, options, table, signal }: ComparisonOptions,
): Promise<ScoreRow[]> {
  const rows: ScoreRow[] = [];
  for (const method of methods) {
    const directory = `${folder}/${method.replace(":", "-")}`;
    await Deno.mkdir(directory, { recursive: true });
    const { fixed, moving } = files;
    const { truth } = pair;
    const { field, ...cost } = await runMethod(method, {
      fixed,
      moving,
      truth,
      directory,
      options,
      signal,
    });
    const row = { pair: name, method, ...cost, ...scorePair({ pair, field }) };
    rows.push(row);
    console.log(table.line(row));
  }
  return rows;
}
