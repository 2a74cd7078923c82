/**
 * The study as far as it is built: the phantom cohort, Table 1, and Table 2's rigid and NMI columns on
 * the paired subjects.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import { type Manifest, type ManifestSubject, readManifest } from "../cohort/manifest.ts";
import { writePhantomCohort } from "../cohort/phantom.ts";
import type { Gpu } from "../kernels/gpu.ts";
import { writeWholeFile } from "../volume/write_file.ts";
import { readDisplacementField, readLabelVolume, readVolume } from "../volume/mod.ts";
import { type BestSettings, readBestSettingsIfAny, SettingsError } from "./best_settings.ts";
import { REGIONS } from "./grid_search_plan.ts";
import { overviewPicture } from "./overview.ts";
import { type PairResult, registerPair } from "./pair_registration.ts";
import { type Profile, profileSettings, withSetting } from "./profiles.ts";
import { reportOf, type StudyReport } from "./report.ts";
import { keyOf, once, writeText } from "./run_folder.ts";
import { table1, type Table1Row } from "./table1.ts";
import { type ScoredPair, structureTable, table2 } from "./table2.ts";
import { csvTable } from "./text_table.ts";

/** Options of {@link reproduce}. */
export interface ReproduceOptions {
  /** The scale. */
  readonly profile: Profile;
  /** Seed of the phantom and of the rigid search. */
  readonly seed: number;
  /** The run folder, made when missing. */
  readonly out: string;
  /** Settings to use where they have one; by default those of the run folder's best.json, when there. */
  readonly settings?: BestSettings;
  /** What the program is, for the report and the keys of finished steps. */
  readonly version: string;
  /** Stops the study; the next run continues. */
  readonly signal?: AbortSignal;
  /** Told what is being done. */
  readonly onProgress?: (stage: string, done: number, total: number, note: string) => void;
}

/**
 * Makes what is missing in the run folder and returns the report, which is written there, too.
 *
 * @throws {SettingsError} when the settings cannot be used.
 */
export async function reproduce(gpu: Gpu, options: ReproduceOptions): Promise<StudyReport> {
  const { profile, seed, out, signal, onProgress } = options;
  const began = performance.now();
  const used = await usedSettings(options);
  await Deno.mkdir(`${out}/registrations`, { recursive: true });
  const manifestPath = await writePhantomCohort({
    ...{ out: `${out}/cohort`, profile: profile.name, seed, subjects: "all" },
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ done, total, subject }) => onProgress?.("phantom", done, total, subject),
  });
  const manifest = await readManifest(manifestPath);

  onProgress?.("Table 1", 0, 1, "");
  const cohortKey = await keyOf({ version: options.version, profile: profile.name, seed });
  const { value: kept } = await once<readonly Table1Row[]>(
    `${out}/table1.json`,
    cohortKey,
    () => table1(manifest, signal),
  );

  // JSON keeps NaN, an image without the structure, as null.
  const volumes = kept.map((row) => ({ ...row, ct: row.ct ?? NaN, mr: row.mr ?? NaN }));

  const paired = manifest.subjects.filter((subject) => subject.kind === "paired");
  const pairs: ScoredPair[] = [];
  for (const [i, subject] of paired.entries()) {
    for (const [k, region] of REGIONS.entries()) {
      signal?.throwIfAborted();
      const done = i * REGIONS.length + k, total = paired.length * REGIONS.length;
      onProgress?.("registrations", done, total, `${subject.id} ${region}`);
      pairs.push({
        ...{ subject: subject.id, region },
        scores: await scoredPair(
          gpu,
          { ...options, profile: withSetting(profile, region, used) },
          manifest,
          subject,
          region,
        ),
      });
    }
  }
  const rows = table2(pairs), structures = structureTable(pairs);
  const report = reportOf({
    ...{ profile, seed, version: options.version, adapter: gpu.description, volumes, rows },
    ...(used === undefined ? {} : { settings: used }),
    ...{ structures, pairs, seconds: (performance.now() - began) / 1000 },
  });
  await writeText(`${out}/report.md`, report.markdown);
  await writeText(`${out}/report.json`, JSON.stringify(report.data, null, 2) + "\n");
  for (const [name, cells] of Object.entries(report.tables)) {
    await writeText(`${out}/${name}.csv`, csvTable(cells));
  }
  return report;
}

/** The settings given or in the run folder that are for the profile's similarity. */
async function usedSettings(
  { profile, settings, out }: ReproduceOptions,
): Promise<BestSettings | undefined> {
  const there = settings ?? await readBestSettingsIfAny(`${out}/best.json`);
  const used = profileSettings(profile, there);
  if (settings !== undefined && used === undefined) {
    throw new SettingsError(
      `${settings.path} has no setting for ${profile.deformable.similarity}; search with ` +
        `\`deno task gridsearch --similarity ${profile.deformable.similarity}\``,
    );
  }
  return used;
}

async function scoredPair(
  gpu: Gpu,
  { profile, seed, out, version, signal }: ReproduceOptions,
  manifest: Manifest,
  subject: ManifestSubject,
  region: Region,
): Promise<PairResult> {
  const { images, labels } = subject;
  if (!images.mr || !images.ct || !labels.mr || !labels.ct) {
    throw new RangeError(`Subject ${subject.id} needs MR and CT, both with labels`);
  }
  const name = `${subject.id}_${region}`;
  const key = await keyOf({
    ...{ version, adapter: gpu.description, profile, seed, region, subject },
    cohort: [manifest.profile, manifest.seed],
  });
  const { value } = await once(`${out}/registrations/${name}.json`, key, async () => {
    const [mr, mrLabels, ct, ctLabels] = await Promise.all([
      ...[readVolume(images.mr!), readLabelVolume(labels.mr!)] as const,
      ...[readVolume(images.ct!), readLabelVolume(labels.ct!)] as const,
    ]);
    const result = await registerPair(gpu, {
      mr: { image: mr, labels: mrLabels },
      ct: { image: ct, labels: ctLabels },
      ...(subject.truth === undefined ? {} : { truth: await readDisplacementField(subject.truth) }),
      ...{ region, spacing: profile.voxel, deformable: profile.deformable, seed },
      excluded: [...subject.exclude?.mr ?? [], ...subject.exclude?.ct ?? []],
      ...(signal === undefined ? {} : { signal }),
    });
    const picture = overviewPicture({
      ...{ fixed: result.fixed.image, before: result.images.before, after: result.images.warped },
      ...{ fixedLabels: result.fixed.labels, jacobian: result.images.jacobian },
      ...(result.images.warpedLabels && { warpedLabels: result.images.warpedLabels }),
      caption: `${name}  PROFILE ${profile.name}`,
    });
    await writeWholeFile(`${out}/registrations/${name}.png`, picture.toPng());
    return result.scores;
  });
  return value;
}
