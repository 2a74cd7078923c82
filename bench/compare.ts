/**
 * Runs methods on a pair, one after the other, and prints their measures.
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
  /** The true deformation and labels, for the scores. */
  readonly pair: ScoredPair;
  /** The pair's images. */
  readonly files: { readonly fixed: string; readonly moving: string };
  /** An existing folder. The files of each method are in a subfolder of it. */
  readonly folder: string;
  /** The methods' names. */
  readonly methods: readonly string[];
  /** The methods' flags. */
  readonly options: FlagValues<typeof methodFlags>;
  /** The table that prints the lines. */
  readonly table: ScoreTable;
  /** Ends the comparison. */
  readonly signal: AbortSignal;
}

/** Runs and scores the methods in turn, and prints a line per method. */
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
