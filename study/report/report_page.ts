/**
 * The study's report as one self-contained HTML page.
 *
 * @module
 */

import { escapeXml } from "../../host/escape_xml.ts";
import { boxPlot } from "../../pictures/box_plot.ts";
import { STRUCTURES } from "../../cohort/label_scheme.ts";
import { COLUMNS } from "../columns.ts";
import type { ReportTable, StudyReport } from "./report.ts";
import type { ScoredPair } from "../tables/table2.ts";

/** A picture of the page. */
export interface Figure {
  /** The caption. */
  readonly caption: string;
  /** A PNG file's bytes. */
  readonly png: Uint8Array;
}

/** A table of the page. */
export type PageTable = Omit<ReportTable, "name">;

/** The inputs of {@link reportPage}. */
export interface ReportPageInputs extends Omit<StudyReport, "markdown" | "data" | "tables"> {
  /** The tables. */
  readonly tables: readonly PageTable[];
  /** The registrations, for the box plots. */
  readonly pairs: readonly ScoredPair[];
  /** Pictures under their headings. */
  readonly figures: Readonly<Record<string, readonly Figure[]>>;
  /** Seconds of each stage, over all runs. */
  readonly seconds: Readonly<Record<string, number>>;
}

const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 4rem; color: #1d1f23; background: #fff;
  font: 1rem/1.5 Georgia, "Liberation Serif", serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.6rem; border-bottom: 1px solid #c9ccd1; padding-bottom: 0.2rem; }
.caution { border-left: 4px solid #b35900; padding: 0.2rem 0 0.2rem 0.9rem; color: #5c2e00; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font: 0.84rem/1.35 system-ui, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.22rem 0.6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
thead th { border-bottom: 2px solid #1d1f23; vertical-align: bottom; white-space: normal; }
tbody tr { border-bottom: 1px solid #e4e6e9; }
.text table { min-width: 58rem; }
.text th, .text td { text-align: left; vertical-align: top; white-space: normal; }
.text td:first-child { position: static; }
tr.paper td { color: #6a6f77; font-style: italic; }
.near { background: #e3eefb; }
figure { margin: 1rem 0; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption, .note { font-size: 0.88rem; color: #4b5057; margin-top: 0.3rem; }
svg { display: block; max-width: 100%; width: 40rem; height: auto; margin: 0.8rem 0;
  font-family: system-ui, "DejaVu Sans", sans-serif; }
svg .rule { stroke: #dfe1e5; } svg .tick { font-size: 11px; fill: #4b5057; }
svg .title { font-size: 13px; font-weight: 600; fill: #1d1f23; }
svg .box { fill: #bcd6f2; stroke: #1f5d9c; } svg .median { stroke: #0b2f57; stroke-width: 2; }
svg .whisker { stroke: #1f5d9c; } svg .outlier { fill: none; stroke: #1f5d9c; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 0 1.5rem; }
@media (max-width: 40rem) { body { padding: 1rem 0.8rem 3rem; } h1 { font-size: 1.35rem; } }
`;

/** Makes the page. */
export function reportPage(inputs: ReportPageInputs): string {
  const { title, caution, tables, setup, pairs, figures, seconds } = inputs;
  const boxes = plots(pairs);
  const sections = [
    ...tables.filter(({ isOnlyFile }) => !isOnlyFile).map((
      table,
    ) => [table.title, htmlNote(table) + htmlTable(table)]),
    ...(boxes.length === 0 ? [] : [
      ["Dice by structure and method", `<div class="plots">${boxes.join("")}</div>`],
    ]),
    ...Object.entries(figures).filter(([, some]) => some.length > 0)
      .map(([heading, some]) => [heading, some.map(figure).join("")]),
    [
      "Setup",
      `<ul>${
        [...setup, timesOf(seconds)].map((line) => `<li>${escapeXml(line)}</li>`).join("")
      }</ul>`,
    ],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
<p class="caution">${escapeXml(caution)}</p>
${sections.map(([heading, body]) => `<h2>${escapeXml(heading)}</h2>\n${body}`).join("\n")}
</body>
</html>
`;
}

function timesOf(seconds: Readonly<Record<string, number>>): string {
  const minutes = (value: number) => `${(value / 60).toFixed(1)} min`;
  const all = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  const parts = Object.entries(seconds).map(([stage, value]) => `${stage} ${minutes(value)}`);
  return `Time: ${minutes(all)} (${parts.join(", ")}). Stages that were killed are not counted.`;
}

/** The sentences above a table. */
function htmlNote({ note, isMarked }: PageTable): string {
  const marks =
    "Bold: the best method of a row; shaded: within 5 % of it; italics: the paper's numbers.";
  const text = [isMarked && marks, note].filter(Boolean).join(" ");
  return text === "" ? "" : `<p class="note">${escapeXml(text)}</p>`;
}

/** A table. Cells that end in ** are the best of their row, cells that end in * are near the best. */
function htmlTable({ cells: [head, ...rows], isText = false }: PageTable): string {
  const cell = (text: string) => {
    const [, value, mark] = /^([\d.]+)(\*{1,2})$/.exec(text) ?? [];
    if (mark === undefined) return `<td>${escapeXml(text)}</td>`;
    return `<td class="near">${mark === "**" ? `<strong>${value}</strong>` : value}</td>`;
  };
  const row = (cells: readonly string[]) =>
    `<tr${/, paper$/.test(cells[0]) ? ' class="paper"' : ""}>${cells.map(cell).join("")}</tr>`;
  return `<div class="scroll${isText ? " text" : ""}"><table><thead><tr>${
    head.map((text) => `<th>${escapeXml(text)}</th>`).join("")
  }</tr></thead><tbody>${rows.map(row).join("")}</tbody></table></div>`;
}

function plots(pairs: readonly ScoredPair[]): string[] {
  return STRUCTURES.filter((one) => pairs.some(({ region }) => region === one.region)).map((
    { name, label, region },
  ) =>
    boxPlot({
      title: name,
      unit: "Dice, %",
      range: [0, 100],
      groups: COLUMNS.map(({ name: column, title }) => ({
        name: title,
        values: pairs.filter((pair) => pair.region === region)
          .map(({ results }) => results[column]?.dice[label])
          .filter((dice): dice is number => typeof dice === "number")
          .map((dice) => 100 * dice),
      })),
    })
  );
}

function figure({ caption, png }: Figure): string {
  const text = escapeXml(caption);
  return `<figure><img alt="${text}" src="data:image/png;base64,${png.toBase64()}">` +
    `<figcaption>${text}</figcaption></figure>`;
}
