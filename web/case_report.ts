/**
 * The report of one registration: an HTML file that needs no other file.
 *
 * @module
 */

import type { RegisterImagesResult } from "../registration/register.ts";
import { shellWord } from "./shell_word.ts";
import { VERDICTS } from "./verdicts.ts";

/** Options of {@link caseReport}. */
export interface CaseReportOptions {
  /** The result of the registration. */
  readonly result: RegisterImagesResult;
  /** The bytes of `overview.png`. */
  readonly overview: Uint8Array;
  /** The command line of `register`, without the program and the command. */
  readonly args: readonly string[];
  /** The adapter that computed the result. */
  readonly adapter: string;
  /** The version of the program. */
  readonly version: string;
  /** The warnings about the input files, one line each. */
  readonly notices: readonly string[];
  /** Time of the registration, seconds. */
  readonly seconds: number;
}

const STYLE =
  `body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;
color:#1a1d23;background:#fff}img{max-width:100%;background:#101012}table{border-collapse:collapse}
td,th{text-align:left;padding:.15rem 1.2rem .15rem 0;border-bottom:1px solid #d5d9e0}
code{overflow-wrap:anywhere}small{color:#5a6270}`;

/** The text of the report. */
export function caseReport(options: CaseReportOptions): string {
  const { result, overview, args, adapter, version, notices, seconds } = options;
  const { quality, jacobianStatistics, inverseResidual, overlap, transform, rigid } = result;
  const verdict = VERDICTS[quality.verdict];
  const grid = ({ size, spacing }: RegisterImagesResult["warped"]["grid"]) =>
    `${size.join(" x ")} voxels of ${spacing.map((mm) => mm.toFixed(2)).join(" x ")} mm`;
  const measures: [string, string][] = [
    ["Fixed image", grid(transform.fixedGrid)],
    ["Moving image", grid(transform.movingGrid)],
    ["Contrast of fit", quality.contrastOfFit.toFixed(3)],
    ["Folded voxels", `${jacobianStatistics.foldedPercent.toFixed(3)} %`],
    ["SD of log Jacobian", jacobianStatistics.sdLog.toFixed(3)],
    ["Maximum error of the inverse field", `${inverseResidual.toFixed(3)} mm`],
    ["Time", `${seconds.toFixed(1)} s on ${adapter}`],
  ];
  if (rigid !== undefined) {
    measures.splice(2, 0, [
      "Overlap after the rigid registration",
      `${rigid.overlapPercent.toFixed(0)} %`,
    ]);
  }
  const number = (value: number) => Number.isNaN(value) ? "-" : value.toFixed(3);
  const dice = overlap.map(({ label, before, after }) => [
    String(label),
    number(before),
    number(after),
  ]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Registration by crosswarp</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Registration by crosswarp ${escaped(version)}</h1>
<p><strong>${verdict.title}</strong> ${escaped([...quality.reasons, verdict.text].join(" "))}</p>
<p><img alt="Fixed image, moving image before and after, checkerboards, contours, Jacobian determinant" src="data:image/png;base64,${
    base64(overview)
  }"></p>
<h2>Measures</h2>
${table([], measures)}
${dice.length === 0 ? "" : `<h2>Dice</h2>\n${table(["label", "before", "after"], dice)}`}
<h2>Command line</h2>
<p><code>crosswarp register ${escaped(args.map(shellWord).join(" "))}</code></p>
${notices.length === 0 ? "" : `<h2>Warnings</h2>\n<ul>${items(notices)}</ul>`}
<p><small>Research software, not a medical device. The patient's right is on the left of the pictures.</small></p>
</body>
</html>
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: "td" | "th") =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  const heading = head.length === 0 ? "" : row(head, "th");
  return `<table>${heading}${rows.map((cells) => row(cells, "td")).join("")}</table>`;
}

function items(texts: readonly string[]): string {
  return texts.map((text) => `<li>${escaped(text)}</li>`).join("");
}

/** The bytes in base64. Chrome 139 and older have no `toBase64()`. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** Names of files may hold any character. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
