/**
 * The report of one registration: an HTML file that needs no other file.
 *
 * @module
 */

import { escapeXml } from "../host/escape_xml.ts";
import { meanOverlap } from "../registration/mean_overlap.ts";
import type { RegisterImagesResult } from "../registration/register.ts";
import type { PngEncoder } from "../pictures/png.ts";
import type { Grid } from "../volume/grid.ts";
import { withoutPadding } from "../volume/padding.ts";
import type { TargetErrors } from "../workflows/landmarks.ts";
import type { RegisterInputs } from "../workflows/register_files.ts";
import { caseLayers } from "./case_layers.ts";
import { caseViewer, VIEWER_SCRIPT, VIEWER_STYLE } from "./case_viewer.ts";
import { COST_STYLE, costCurves, costPlots } from "./cost_curves.ts";
import { htmlList, htmlPage, htmlTable } from "./html.ts";
import { VERDICTS } from "./verdicts.ts";

/** Options of {@link caseReport}. */
export interface CaseReportOptions {
  /** The name of the case; without one, the report is of a registration. */
  readonly name?: string | undefined;
  /** The images that were registered. */
  readonly inputs: RegisterInputs;
  /** The result of the registration. */
  readonly result: RegisterImagesResult;
  /** The command line that repeats the registration. */
  readonly command: string;
  /** All parameters; objects within it are groups of parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The adapter that computed the result. */
  readonly adapter: string;
  /** The version of the program. */
  readonly version: string;
  /** The warnings about the input files, one line each. */
  readonly notices: readonly string[];
  /** Time of the registration, seconds. */
  readonly seconds: number;
  /** The target registration errors of landmarks. */
  readonly targetErrors?: TargetErrors | undefined;
  /** The 95th percentile of the surface distances of each label, mm. Default: none. */
  readonly hausdorff95?: ReadonlyMap<number, number> | undefined;
  /** Makes the PNG files of the slices. Default: this thread does. */
  readonly encode?: PngEncoder | undefined;
}

/** The text of the report. */
export async function caseReport(options: CaseReportOptions): Promise<string> {
  const { name, result, command, parameters, version, notices, targetErrors, hausdorff95 } =
    options;
  const { quality, overlap } = result;
  const verdict = VERDICTS[quality.verdict];
  const curves = costCurves(result);
  const layers = await caseLayers(sceneOf(options), options.encode);
  const sections: [title: string, html: string][] = [[
    "Measures",
    htmlTable([], measures(options)),
  ]];
  if (overlap.length > 0) {
    const number = (value: number) => Number.isNaN(value) ? "-" : value.toFixed(3);
    const rows = overlap.map(({ label, before, after }) => [
      String(label),
      number(before),
      number(after),
      hausdorff95?.get(label)?.toFixed(2) ?? "-",
    ]);
    const head = ["label", "Dice before", "Dice after", "HD95 after, mm"];
    sections.push(["Labels", htmlTable(head, rows)]);
  }
  if (targetErrors !== undefined) {
    const rows = targetErrors.points.map(({ name, before, after }) => [
      name,
      before.toFixed(2),
      after.toFixed(2),
    ]);
    sections.push([
      "Target registration error of each landmark, mm",
      htmlTable(["landmark", "before", "after"], rows),
    ]);
  }
  if (curves.length > 0) sections.push(["Cost at each resolution level", costPlots(curves)]);
  sections.push(["Command line", `<p><code>${escapeXml(command)}</code></p>`]);
  sections.push(["Parameters", htmlTable([], parameterRows(parameters))]);
  if (notices.length > 0) sections.push(["Warnings", htmlList(notices)]);
  const heading = name === undefined ? "Registration" : `Registration of ${name}`;
  return htmlPage({
    title: heading,
    styles: [VIEWER_STYLE, COST_STYLE],
    script: VIEWER_SCRIPT,
    body: `<h1>${escapeXml(heading)}</h1>
<p><span class="verdict ${quality.verdict}">${verdict.title}</span> ${
      escapeXml([...quality.reasons, verdict.text].join(" "))
    }</p>
${caseViewer(layers)}
<p class="note">The fixed image lies under the moving one. ${
      options.inputs.fixedLabels === undefined
        ? "Orange contours: the fixed image."
        : "Contours of labels: orange in the fixed image, blue in the moving image."
    } Jacobian determinant: blue where the map contracts, red where it expands, magenta where it folds. The patient's
right is on the left.</p>
${sections.map(([title, html]) => `<h2>${title}</h2>\n${html}`).join("\n")}
<p><small>Made by crosswarp ${
      escapeXml(version)
    }. Research software, not a medical device.</small></p>`,
  });
}

function measures({ result, adapter, seconds, targetErrors }: CaseReportOptions): string[][] {
  const { quality, jacobianStatistics, inverseResidual, transform, rigid, overlap } = result;
  const rows = [
    ["Fixed image", gridText(transform.fixedGrid)],
    ["Moving image", gridText(transform.movingGrid)],
  ];
  if (rigid !== undefined) {
    rows.push(["Overlap after the rigid registration", `${rigid.overlapPercent.toFixed(0)} %`]);
  }
  const dice = meanOverlap(overlap);
  if (dice !== undefined) {
    rows.push([
      `Mean Dice of ${dice.labels} labels`,
      `${dice.after.toFixed(3)} (${dice.before.toFixed(3)} before)`,
    ]);
  }
  if (targetErrors !== undefined) {
    const { mean, max, points } = targetErrors;
    rows.push([
      `Target registration error of ${points.length} landmarks`,
      `mean ${mean.after.toFixed(2)} mm (${mean.before.toFixed(2)} before), maximum ${
        max.after.toFixed(2)
      } mm (${max.before.toFixed(2)} before)`,
    ]);
  }
  rows.push(
    [
      "Contrast of fit",
      Number.isNaN(quality.contrastOfFit) ? "-" : quality.contrastOfFit.toFixed(3),
    ],
    ["Local fit", Number.isNaN(quality.localFit) ? "-" : quality.localFit.toFixed(3)],
    ["Folded voxels", `${jacobianStatistics.foldedPercent.toFixed(3)} %`],
    ["Standard deviation of the log Jacobian", jacobianStatistics.sdLog.toFixed(3)],
    ["Maximum error of the inverse field", `${inverseResidual.toFixed(3)} mm`],
    ["Time", `${seconds.toFixed(1)} s on ${adapter}`],
  );
  return rows;
}

/** The images as the viewer shows them: padding that was left out is not part of the fixed image. */
function sceneOf({ inputs, result }: CaseReportOptions) {
  const { fixed, moving, fixedLabels, movingLabels } = inputs;
  const { padding, warped, warpedLabels, field, jacobian, transform } = result;
  const shown = (image: typeof fixed, found: typeof padding.fixed) =>
    found === undefined ? image : withoutPadding(image, found).image;
  return {
    fixed: shown(fixed, padding.fixed),
    moving: shown(moving, padding.moving),
    fixedLabels,
    movingLabels,
    result: { warped, warpedLabels, field, jacobian, rigid: transform.rigid },
  };
}

function gridText({ size, spacing }: Grid): string {
  return `${size.join(" x ")} voxels of ${spacing.map((mm) => mm.toFixed(2)).join(" x ")} mm`;
}

/** Name and value of each parameter; those of groups with the name of the group before them. */
function parameterRows(parameters: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return parameterRows(value as Record<string, unknown>)
        .map(([inner, text]) => [`${name}: ${inner}`, text]);
    }
    return [[name, Array.isArray(value) ? value.join(", ") : String(value)]];
  });
}
