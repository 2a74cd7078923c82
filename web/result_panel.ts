/**
 * The result in words and numbers, and its files.
 *
 * @module
 */

import { commonLabels, meanOverlap } from "../registration/mean_overlap.ts";
import { byId, make } from "./dom.ts";
import { downloadItem } from "./downloads.ts";
import type { Outcome } from "./protocol.ts";
import { VERDICTS } from "../reports/verdicts.ts";

/** What each file is. */
const FILES: Readonly<Record<string, string>> = {
  "warped.nii.gz": "the warped moving image",
  "warped_labels.nii.gz": "the warped labels",
  "field.nii.gz": "displacement field for ITK, ANTs, SimpleITK, 3D Slicer",
  "inverse_field.nii.gz": "displacement field of the inverse map",
  "jacobian.nii.gz": "Jacobian determinant of the map",
  "transform.json": "the transform, for crosswarp apply",
  "metrics.json": "measures, parameters, warnings",
  "overview.png": "a picture of the result",
  "report.html": "this case on one page, to read and to keep",
};

/**
 * Writes the result into its part of the page.
 *
 * @param encode - Makes the bytes of a file.
 */
export function showResult(
  outcome: Outcome,
  encode: (file: string) => Promise<Uint8Array>,
): void {
  const { verdict, reasons } = outcome.quality;
  const { title, text } = VERDICTS[verdict];
  const line = byId("verdict");
  line.className = `verdict ${verdict}`;
  line.replaceChildren(
    make("b", { textContent: title }),
    make("span", { textContent: [...reasons, text].join(" ") }),
  );
  showMeasures("measures", measuresOf(outcome));
  showOverlap(outcome);
  byId("downloads").replaceChildren(
    ...outcome.files.map((file) => downloadItem(file, FILES[file] ?? "", () => encode(file))),
  );
}

/** Shows names and values in a list. */
export function showMeasures(id: string, measures: readonly (readonly [string, string])[]): void {
  byId(id).replaceChildren(
    ...measures.flatMap(([name, value]) => [
      make("dt", { textContent: name }),
      make("dd", { textContent: value }),
    ]),
  );
}

function measuresOf(outcome: Outcome): [name: string, value: string][] {
  const { foldedPercent, sdLog, inverseConsistency, seconds } = outcome;
  const measures: [string, string][] = [];
  const dice = meanOverlap(outcome.overlap);
  if (dice !== undefined) {
    measures.push(["Mean Dice", `${dice.after.toFixed(3)} (${dice.before.toFixed(3)} before)`]);
  }
  const { localFit } = outcome.quality;
  if (!Number.isNaN(localFit)) measures.push(["Local fit", localFit.toFixed(2)]);
  measures.push(["Folded voxels", `${foldedPercent.toFixed(3)} %`]);
  measures.push(["SD of log Jacobian", sdLog.toFixed(3)]);
  if (inverseConsistency !== undefined) {
    measures.push(["Inverse consistency", `${inverseConsistency.toFixed(3)} mm in the mean`]);
  }
  measures.push(["Time", `${seconds.toFixed(1)} s`]);
  return measures;
}

function showOverlap(outcome: Outcome): void {
  const details = byId<HTMLDetailsElement>("dice");
  const both = commonLabels(outcome.overlap);
  details.hidden = both.length === 0;
  details.querySelector("summary")!.textContent = `Dice of ${both.length} labels`;
  details.querySelector("tbody")!.replaceChildren(
    ...both.map(({ label, before, after }) =>
      make(
        "tr",
        {},
        make("td", { textContent: String(label) }),
        make("td", { textContent: before.toFixed(3) }),
        make("td", { textContent: after.toFixed(3) }),
      )
    ),
  );
}
