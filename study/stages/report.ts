/**
 * The stage that writes the report.
 *
 * @module
 */

import { studyFigures } from "../report/figures.ts";
import { reportOf, type StudyReport, TABLE_NAMES } from "../report/report.ts";
import { type PageTable, reportPage } from "../report/report_page.ts";
import { removeIfThere, writeText } from "../run_folder.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import { mergedPairs } from "../tables/table2.ts";
import { synthesisTimeCells } from "../tables/synthesis_table.ts";
import { csvTable } from "../tables/text_table.ts";
import { ablationsStage } from "./ablations.ts";
import { cycleGansStage } from "./cycle_gans.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import { originalsStage } from "./originals.ts";
import type { Stage } from "./stage.ts";
import { synthesesStage } from "./syntheses.ts";
import { synthesisSearchStage } from "./synthesis_search.ts";
import { table1Stage } from "./table1.ts";

/** Gives the report. */
export const reportStage: Stage<"report", StudyReport> = {
  name: "report",
  title: "report",
  needs: [
    n4Stage,
    table1Stage,
    gridsearchStage,
    originalsStage,
    cycleGansStage,
    synthesisSearchStage,
    synthesesStage,
    ablationsStage,
  ],
  plan: () => ({ items: 1, unit: "reports", seconds: 5, megabytes: 10 }),
  async run({ resultOf, cohort, given, ablations, seconds, onProgress }) {
    onProgress(0, 1, "");
    const study = resultOf(n4Stage);
    const { pairs: synthesised, syntheses } = resultOf(synthesesStage);
    const { pairs: changed, syntheses: ablationSyntheses } = resultOf(ablationsStage);
    const pairs = mergedPairs(resultOf(originalsStage), synthesised, changed);
    const report = reportOf({
      profile: study.profile,
      seed: study.seed,
      version: study.version,
      adapter: study.gpu.description,
      manifest: study.manifest,
      isPhantom: cohort === undefined,
      regions: study.regions,
      settings: {
        originals: resultOf(gridsearchStage),
        syntheses: resultOf(synthesisSearchStage),
      },
      given,
      volumes: resultOf(table1Stage),
      pairs,
      syntheses,
      ablations,
      ablationSyntheses,
    });
    const figures = await studyFigures(study, resultOf(cycleGansStage), pairs);
    const { out } = study;
    await writeText(`${out}/report.md`, report.markdown);
    await writeText(
      `${out}/report.json`,
      JSON.stringify({ ...report.data, secondsByStage: seconds }, null, 2) + "\n",
    );
    await writeText(
      `${out}/report.html`,
      reportPage({
        ...report,
        tables: [...report.tables, ...timeTable(syntheses)],
        pairs,
        figures,
        seconds,
      }),
    );
    for (const name of TABLE_NAMES) {
      const table = report.tables.find((one) => one.name === name);
      // Of an earlier report, which had other ablations.
      if (table === undefined) await removeIfThere(`${out}/${name}.csv`);
      else await writeText(`${out}/${name}.csv`, csvTable(table.cells));
    }
    onProgress(1, 1, "");
    return report;
  },
  leaves: () => [
    "report.md",
    "report.json",
    "report.html",
    ...TABLE_NAMES.map((name) => `${name}.csv`),
    // The pictures of the syntheses.
    "synthesis/*_mr.png",
    "synthesis/*_ct.png",
  ],
};

/**
 * The times of the syntheses, for the page only: tables in files are the same in each run, and times are
 * not.
 */
function timeTable(syntheses: readonly SynthesisRow[]): PageTable[] {
  return syntheses.length === 0
    ? []
    : [{ title: "Times of the syntheses", cells: synthesisTimeCells(syntheses) }];
}
