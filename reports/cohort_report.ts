/**
 * The report of the registrations of a cohort: a page that needs no other file, and a table.
 *
 * @module
 */

import { escapeXml } from "../host/escape_xml.ts";
import type { BeforeAfter, CaseMeasures, CaseState } from "../workflows/case_record.ts";
import { htmlPage, pngAddress } from "./html.ts";

/** A case of the report. */
export interface ReportedCase {
  /** The name, which is also that of the folder of the results. */
  readonly id: string;
  /** Its state. */
  readonly state: CaseState;
  /** The bytes of its small picture. */
  readonly thumbnail?: Uint8Array | undefined;
}

/** Options of {@link cohortReport}. */
export interface CohortReportOptions {
  /** The cases, in the order of the cohort. */
  readonly cases: readonly ReportedCase[];
  /** The command line. */
  readonly command: string;
  /** The version of the program. */
  readonly version: string;
}

/** The number of cases of each kind. */
export interface CaseCounts {
  /** Cases by verdict. */
  readonly good: number;
  /** Cases by verdict. */
  readonly doubtful: number;
  /** Cases by verdict. */
  readonly failed: number;
  /** Cases that ended with an error. */
  readonly errors: number;
  /** Cases that are not registered yet. */
  readonly open: number;
}

/** Counts the cases of each kind. */
export function countCases(states: readonly CaseState[]): CaseCounts {
  const count = (rank: number) => states.filter((state) => rankOf(state) === rank).length;
  return {
    errors: count(0),
    failed: count(1),
    doubtful: count(2),
    open: count(3),
    good: count(4),
  };
}

/** The counts in words, such as `18 cases: 12 good, 4 doubtful, 2 without a result`. */
export function countsText({ good, doubtful, failed, errors, open }: CaseCounts): string {
  const parts = [
    [good, "good"],
    [doubtful, "doubtful"],
    [failed, "failed"],
    [errors, "without a result"],
    [open, "not registered"],
  ].filter(([count]) => count !== 0).map(([count, name]) => `${count} ${name}`);
  const all = good + doubtful + failed + errors + open;
  return `${casesText(all)}: ${parts.join(", ")}`;
}

function casesText(count: number): string {
  return count === 1 ? "1 case" : `${count} cases`;
}

const STYLE = `
.cases td { padding: .4rem .9rem .4rem 0; }
.cases img { display: block; max-height: 6.5rem; max-width: 13.5rem; background: #101012; }
.cases td:first-child { min-width: 7rem; overflow-wrap: anywhere; }
.cases .open { background: #eceef1; color: #3a404a; }
.cases .number { text-align: right; white-space: nowrap; }
.cases .words { min-width: 16rem; overflow-wrap: anywhere; }
`;

/** The text of the page. The cases that need a look stand first. */
export function cohortReport({ cases, command, version }: CohortReportOptions): string {
  const counts = countCases(cases.map(({ state }) => state));
  const sorted = cases.toSorted((a, b) => rankOf(a.state) - rankOf(b.state));
  const head = [
    "case",
    "before, after",
    "verdict",
    "Dice",
    "HD95, mm",
    "TRE, mm",
    "local fit",
    "folded, %",
    "SD log J",
    "time, s",
  ];
  return htmlPage({
    title: "Registrations of a cohort",
    styles: [STYLE],
    body: `<h1>Registrations of a cohort</h1>
<p>${escapeXml(countsText(counts))}. ${summaryOf(cases)}</p>
<div class="scroll"><table class="cases"><thead><tr>${
      head.map((text) => `<th>${text}</th>`).join("")
    }</tr></thead><tbody>
${sorted.map(rowOf).join("\n")}
</tbody></table></div>
<p class="note">Each picture shows a coronal slice of the moving image before and after the registration, with contours of
the fixed image or of its labels. Dice: mean over the labels, before and after. HD95: mean over the labels of the 95th
percentile of the surface distances. TRE: mean target registration error of the landmarks. Local fit: the part of the
body that fits better than displaced copies, 0 to 1. SD log J: standard deviation of
the logarithm of the Jacobian determinant. The name of a case leads to its report.</p>
<h2>Command line</h2>
<p><code>${escapeXml(command)}</code></p>
<p><small>Made by crosswarp ${
      escapeXml(version)
    }. Research software, not a medical device.</small></p>`,
  });
}

/** The columns of the table. */
const COLUMNS:
  readonly (readonly [string, (measures: CaseMeasures) => number | string | undefined])[] = [
    ["dice_before", ({ dice }) => dice?.before],
    ["dice_after", ({ dice }) => dice?.after],
    ["hd95_after_mm", ({ hausdorff95 }) => hausdorff95],
    ["tre_before_mm", ({ targetError }) => targetError?.before],
    ["tre_after_mm", ({ targetError }) => targetError?.after],
    ["local_fit", ({ localFit }) => localFit],
    ["folded_percent", ({ foldedPercent }) => foldedPercent],
    ["sd_log_jacobian", ({ sdLog }) => sdLog],
    ["seconds", ({ seconds }) => seconds],
  ];

/** The table as a CSV file: a line for each case, in the order of the cohort. */
export function cohortTable(cases: readonly ReportedCase[]): string {
  const quoted = (text: string) => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const head = ["case", "verdict", ...COLUMNS.map(([name]) => name), "remarks"];
  const rows = cases.map(({ id, state }) => {
    const measures = state.kind === "done" ? state.measures : undefined;
    const values = COLUMNS.map(([, valueOf]) => {
      const value = measures && valueOf(measures);
      return value === undefined ? "" : String(value);
    });
    return [id, wordOf(state), ...values, remarksOf(state)];
  });
  return [head, ...rows].map((cells) => cells.map(quoted).join(",") + "\n").join("");
}

/** The place of a state in the page: what needs a look stands first. */
function rankOf(state: CaseState): number {
  if (state.kind === "error") return 0;
  if (state.kind === "open") return 3;
  return { failed: 1, doubtful: 2, good: 4 }[state.measures.verdict];
}

function wordOf(state: CaseState): string {
  if (state.kind === "done") return state.measures.verdict;
  return state.kind === "error" ? "no result" : "not registered";
}

function remarksOf(state: CaseState): string {
  if (state.kind !== "done") return state.message;
  const { reasons, notices = [] } = state.measures;
  return [...reasons, ...notices].join(" ");
}

function summaryOf(cases: readonly ReportedCase[]): string {
  const measures = cases.flatMap(({ state }) => state.kind === "done" ? [state.measures] : []);
  const mean = (
    name: string,
    of: (one: CaseMeasures) => BeforeAfter | undefined,
    digits: number,
  ) => {
    const values = measures.map(of).filter((value) => value !== undefined);
    if (values.length === 0) return "";
    const average = (side: keyof BeforeAfter) =>
      (values.reduce((sum, value) => sum + value[side], 0) / values.length).toFixed(digits);
    return `Mean ${name} of ${casesText(values.length)}: ${average("after")} (${
      average("before")
    } before). `;
  };
  return mean("Dice", ({ dice }) => dice, 3) +
    mean("TRE in mm", ({ targetError }) => targetError, 2);
}

function rowOf({ id, state, thumbnail }: ReportedCase): string {
  const measures = state.kind === "done" ? state.measures : undefined;
  const both = (value: BeforeAfter | undefined, digits: number) =>
    value === undefined ? "" : `${value.before.toFixed(digits)} → ${value.after.toFixed(digits)}`;
  const numbers = [
    both(measures?.dice, 3),
    measures?.hausdorff95?.toFixed(1) ?? "",
    both(measures?.targetError, 2),
    measures?.localFit?.toFixed(2) ?? "",
    measures?.foldedPercent.toFixed(3) ?? "",
    measures?.sdLog.toFixed(3) ?? "",
    measures?.seconds.toFixed(1) ?? "",
  ];
  const name = state.kind === "done"
    ? `<a href="${encodeURIComponent(id)}/report.html">${escapeXml(id)}</a>`
    : escapeXml(id);
  const picture = thumbnail === undefined
    ? ""
    : `<img alt="before and after the registration" src="${pngAddress(thumbnail)}">`;
  const kind = measures?.verdict ?? (state.kind === "error" ? "none" : "open");
  return `<tr><td>${name}</td><td>${picture}</td><td class="words"><span class="verdict ${kind}">${
    wordOf(state)
  }</span> ${escapeXml(remarksOf(state))}</td>${
    numbers.map((text) => `<td class="number">${text}</td>`).join("")
  }</tr>`;
}
