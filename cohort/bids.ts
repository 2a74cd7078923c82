/**
 * A BIDS dataset as a cohort: its files become a manifest's subjects.
 *
 * An image is `sub-01/[ses-1/]anat/sub-01[_ses-1][_key-value...]_T1w.nii.gz` (BIDS 1.10, "Magnetic Resonance Imaging"),
 * or `sub-01/[ses-1/]ct/sub-01[_ses-1]..._ct.nii.gz` (extension proposal 24, a draft). The other weightings are taken where
 * T1w is missing. Segmentations and derivatives are left out: their ids have names in each dataset's own tables.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { ManifestSubject } from "./manifest.ts";
import { type FoundCohort, kindOf, leftOut, NO_LABELS } from "./layout.ts";

/** The suffixes of MR images, the preferred one first. */
const MR_SUFFIXES = ["T1w", "T2w", "PDw", "FLAIR"];
const FILE = new RegExp(
  "(?:^|/)(sub-[A-Za-z0-9]+)/(?:(ses-[A-Za-z0-9]+)/)?(?:anat|ct)/\\1(?:_\\2)?(?:_[A-Za-z0-9]+-[A-Za-z0-9]+)*" +
    `_(${MR_SUFFIXES.join("|")}|ct)\\.nii(?:\\.gz)?$`,
);
/** Derived images are not those of the scanner. */
const DERIVATIVES = /(?:^|\/)derivatives\//;

/** An image of a dataset. */
interface BidsImage {
  readonly path: string;
  readonly subject: string;
  /** The session; undefined in a dataset without sessions. */
  readonly session: string | undefined;
  readonly modality: Modality;
  /** 0 for the preferred kind of image. */
  readonly rank: number;
}

function imageOf(path: string): BidsImage | undefined {
  const [, subject, session, suffix] = DERIVATIVES.test(path) ? [] : FILE.exec(path) ?? [];
  if (subject === undefined) return undefined;
  const isCt = suffix === "ct";
  return {
    path,
    subject,
    session,
    modality: isCt ? "ct" : "mr",
    rank: isCt ? 0 : MR_SUFFIXES.indexOf(suffix),
  };
}

/** Returns true if a file has the name of an image of a BIDS dataset. */
export function isBidsImage(path: string): boolean {
  return imageOf(path) !== undefined;
}

/**
 * The subjects in a list of the files of a dataset. A session with both a CT and an MR is a paired subject. A subject
 * whose sessions have one of them each is one paired subject, too.
 */
export function bidsCohort(paths: readonly string[]): FoundCohort {
  const remarks: string[] = [];
  const bySubject = new Map<string, BidsImage[]>();
  let others = 0;
  for (const path of [...paths].sort()) {
    const image = imageOf(path);
    if (image === undefined) others++;
    else bySubject.set(image.subject, [...bySubject.get(image.subject) ?? [], image]);
  }
  const subjects = [...bySubject].flatMap(([id, images]) => subjectsOf(id, images, remarks));
  remarks.push(
    ...leftOut(
      others,
      "file",
      "its place or name is not that of a BIDS image of T1w, T2w, PDw, FLAIR or ct",
    ),
  );
  remarks.push(NO_LABELS);
  return { subjects, remarks, problems: [] };
}

/** The subjects of one BIDS subject: one for each session, unless only together they have both modalities. */
function subjectsOf(
  id: string,
  images: readonly BidsImage[],
  remarks: string[],
): ManifestSubject[] {
  const sessions = [...new Set(images.map(({ session }) => session))];
  const of = (session: string | undefined) => images.filter((one) => one.session === session);
  const isPaired = (some: readonly BidsImage[]) =>
    new Set(some.map(({ modality }) => modality)).size === 2;
  if (sessions.length === 1 || (isPaired(images) && !sessions.some((one) => isPaired(of(one))))) {
    if (sessions.length > 1) {
      remarks.push(`${id} has its CT and its MR in different sessions: they are taken as a pair`);
    }
    return [subjectOf(id, images, remarks)];
  }
  return sessions.map((session) =>
    subjectOf(session === undefined ? id : `${id}_${session}`, of(session), remarks)
  );
}

function subjectOf(
  id: string,
  images: readonly BidsImage[],
  remarks: string[],
): ManifestSubject {
  const chosen: Partial<Record<Modality, string>> = {};
  for (const { path, modality } of images.toSorted((a, b) => a.rank - b.rank)) {
    if (chosen[modality] === undefined) chosen[modality] = path;
    else remarks.push(`${path} is left out: ${chosen[modality]} is the same subject's`);
  }
  return { id, kind: kindOf(chosen), images: chosen, labels: {} };
}
