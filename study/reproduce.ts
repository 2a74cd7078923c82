/**
 * The study as far as it is built: the phantom cohort, Table 1, and Table 2: the original images
 * registered, cycle-GANs trained, and what they synthesise registered.
 *
 * @module
 */

import { readManifest } from "../cohort/manifest.ts";
import { writePhantomCohort } from "../cohort/phantom.ts";
import type { Gpu } from "../kernels/gpu.ts";
import { type BestSettings, readBestSettingsIfAny, SettingsError } from "./best_settings.ts";
import { type Profile, profileSettings } from "./profiles.ts";
import { reportOf, type StudyReport } from "./report.ts";
import { reportPage } from "./report_page.ts";
import { keyOf, once, writeText } from "./run_folder.ts";
import { studyFigures } from "./study_figures.ts";
import { trainStudyModels } from "./study_models.ts";
import { StudyRegistrations } from "./study_registrations.ts";
import { table1, type Table1Row } from "./table1.ts";
import { structureTable, table2 } from "./table2.ts";
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
  for (const folder of ["registrations", "synthesis", "models"]) {
    await Deno.mkdir(`${out}/${folder}`, { recursive: true });
  }
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

  const cohort = { profile: manifest.profile, seed: manifest.seed };
  const registrations = new StudyRegistrations(gpu, {
    ...options,
    manifest,
    cohort,
    settings: used,
  });
  await registrations.original((done, total, note) =>
    onProgress?.("registrations", done, total, note)
  );
  const models = await trainStudyModels(gpu, {
    ...{ profile: profile.name, seed, manifest: manifestPath, cohortKey: cohort, out },
    ...{ version: options.version, signal },
    onProgress: (done, total, note) => onProgress?.("cycle-GANs", done, total, note),
  });
  await registrations.synthesised(
    models,
    (done, total, note) => onProgress?.("synthesis and registration", done, total, note),
  );
  const pairs = registrations.pairs;
  const rows = table2(pairs), structures = structureTable(pairs);
  const report = reportOf({
    ...{ profile, seed, version: options.version, adapter: gpu.description, volumes, rows },
    ...(used === undefined ? {} : { settings: used }),
    ...{ structures, pairs, seconds: (performance.now() - began) / 1000 },
  });
  await writeText(`${out}/report.md`, report.markdown);
  await writeText(`${out}/report.json`, JSON.stringify(report.data, null, 2) + "\n");
  await writeText(
    `${out}/report.html`,
    reportPage({ ...report, pairs, figures: await studyFigures(out, profile.name, seed, pairs) }),
  );
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
