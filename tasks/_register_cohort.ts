/**
 * The registrations of a whole cohort with one command of the task `register`.
 *
 * @module
 */

import { labelPaths } from "../cohort/read_labels.ts";
import { shellWord } from "../host/shell_word.ts";
import { VERSION } from "../host/version.ts";
import { GpuUnavailableError } from "../kernels/gpu/errors.ts";
import { meanOverlap } from "../registration/mean_overlap.ts";
import {
  cohortReport,
  cohortTable,
  countCases,
  countsText,
  type ReportedCase,
} from "../reports/cohort_report.ts";
import { thumbnail } from "../reports/thumbnail.ts";
import { readCaseList, type RegistrationCase } from "../workflows/case_list.ts";
import {
  type CaseIdentity,
  type CaseMeasures,
  type CaseState,
  encodeCaseRecord,
  readCaseState,
  RECORD_NAME,
  THUMBNAIL_NAME,
} from "../workflows/case_record.ts";
import { shareOf } from "../workflows/shard.ts";
import { commandLineOf, type Program, UsageError, withValues } from "./_flags.ts";
import { hasFiles, refuseSameFolder } from "./_dicom_out.ts";
import { checkFolder, writeFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import {
  type CaseFlags,
  type CaseProgress,
  registerCase,
  type RegisteredCase,
} from "./_register_case.ts";
import { usedFlags } from "./_register_flags.ts";
import {
  FAILED_VERDICT,
  OF_A_CASE,
  REGISTER_TASK_FLAGS,
  type RegisterTaskFlags,
} from "./_register_task_flags.ts";
import { errorMessage, EXIT_CODES } from "./_run_task.ts";
import { shardOf } from "./_shard_flag.ts";

/** A case with its flags and its identity. */
interface Job {
  readonly id: string;
  readonly flags: CaseFlags;
  readonly identity: CaseIdentity;
}

/**
 * Registers the cases of a cohort. A case that cannot be registered is a row of the report, and the others go on.
 *
 * @param cohort - The file of the cohort.
 * @returns The exit code.
 */
export async function registerCohort(
  flags: RegisterTaskFlags,
  cohort: string,
  { signal, program }: { readonly signal: AbortSignal; readonly program: Program },
): Promise<number> {
  const { out, strict, resume } = flags;
  if (flags.dicomOut !== undefined) refuseSameFolder(flags.dicomOut, out);
  const shard = shardOf(flags.shard);
  const cases = await readCaseList(cohort);
  await checkFolder(out);
  if (
    flags.pointSpace !== undefined && cases.every(({ fixedPoints }) => fixedPoints === undefined)
  ) {
    throw new UsageError("--point-space does nothing, because no case of the cohort has landmarks");
  }
  const jobs = await Promise.all(cases.map((one) => jobOf(one, flags)));
  // One folder that is not writable would end the work of all cases after it.
  for (const { flags: { out } } of jobs) await checkFolder(out);
  const share = shareOf(jobs, shard);
  using progress = new Progress();
  progress.stage(
    shard.count === 1 ? "cohort" : `cohort, part ${flags.shard}`,
    share.length,
    "cases",
  );
  let reported: ReportedCase[] = [];
  try {
    for (const [done, job] of share.entries()) {
      signal.throwIfAborted();
      const found = resume ? await readCaseState(job.flags.out, job.identity) : undefined;
      if (found?.kind === "done" && await hasSeries(job.flags)) {
        progress.log(`${job.id}: it is registered already`);
        continue;
      }
      const state = await stateAfter(job, caseProgress(progress, job.id, done), {
        signal,
        program,
      });
      progress.log(lineOf(job.id, state));
    }
  } finally {
    reported = await writeReport(
      jobs,
      out,
      commandOf(program, withValues(flags, { shard: undefined })),
    );
  }
  progress.end();
  return summary(reported, share, { out, strict });
}

/** Returns true if the DICOM series of a case is there, or if none is demanded. */
async function hasSeries({ dicomOut }: CaseFlags): Promise<boolean> {
  return dicomOut === undefined || await hasFiles(dicomOut);
}

async function jobOf({ id, ...files }: RegistrationCase, flags: RegisterTaskFlags): Promise<Job> {
  const caseFlags = withValues(flags, {
    cohort: undefined,
    shard: undefined,
    // With --cohort the other files are not given.
    ...files,
    trust: files.trust ?? flags.trust,
    out: `${flags.out}/${id}`,
    dicomOut: flags.dicomOut && `${flags.dicomOut}/${id}`,
  });
  const { out: _, dicomOut: __, ...parameters } = usedFlags(caseFlags);
  const stamps: Record<string, string> = {};
  for (const name of OF_A_CASE) {
    const value = files[name];
    if (value === undefined || name.endsWith("Series")) continue;
    const stampsOf = await Promise.all(labelPaths(value).map(stampOf));
    stamps[`the file of ${name}`] = stampsOf.join(" ");
  }
  return { id, flags: caseFlags, identity: { "the version": VERSION, ...parameters, ...stamps } };
}

/** The size and the time of a file: if they change, the file is taken for another one. */
async function stampOf(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => undefined);
  return info === undefined ? "missing" : `${info.size} ${info.mtime?.getTime() ?? ""}`;
}

/** Registers a case and returns its state, which is also in its folder. */
async function stateAfter(
  { id, flags, identity }: Job,
  progress: CaseProgress,
  { signal, program }: { readonly signal: AbortSignal; readonly program: Program },
): Promise<CaseState> {
  try {
    let measures: CaseMeasures | undefined;
    await registerCase({
      name: id,
      flags,
      command: commandOf(program, flags),
      progress,
      signal,
      skipsOtherRuns: true,
      extraFiles: (finished) => {
        measures = measuresOf(finished);
        const { fixed, fixedLabels } = finished.inputs;
        return {
          [THUMBNAIL_NAME]: thumbnail(fixed, fixedLabels, finished.result),
          [RECORD_NAME]: encodeCaseRecord(identity, { kind: "done", measures }),
        };
      },
    });
    return { kind: "done", measures: measures! };
  } catch (error) {
    // Without a GPU no case can be registered.
    if (signal.aborted || error instanceof GpuUnavailableError) throw error;
    const [message] = errorMessage(error).replace(/^error: /, "").split("\n");
    const state = { kind: "error", message } as const;
    await writeFolder(flags.out, { [RECORD_NAME]: encodeCaseRecord(identity, state) });
    return state;
  }
}

function measuresOf(
  { result, targetErrors, hausdorff95, seconds }: RegisteredCase,
): CaseMeasures {
  const { quality, overlap, jacobianStatistics: { foldedPercent, sdLog } } = result;
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const dice = meanOverlap(overlap);
  return {
    verdict: quality.verdict,
    reasons: quality.reasons,
    notices: result.deformable?.notices,
    dice: dice && { before: dice.before, after: dice.after },
    hausdorff95: hausdorff95.size === 0 ? undefined : mean([...hausdorff95.values()]),
    targetError: targetErrors &&
      { before: targetErrors.mean.before, after: targetErrors.mean.after },
    localFit: Number.isNaN(quality.localFit) ? undefined : quality.localFit,
    foldedPercent,
    sdLog,
    seconds,
  };
}

/** The progress of one case within that of the cohort. */
function caseProgress(progress: Progress, id: string, done: number): CaseProgress {
  let shown = "";
  const update = (note: string) => progress.update(done, note);
  return {
    stage: (name) => {
      shown = `${id}: ${name}`;
      update(shown);
    },
    update: (steps, note) =>
      update([shown, steps > 0 ? `step ${steps}` : "", note].filter(Boolean).join(", ")),
    log: (line) => progress.log(`${id}: ${line}`),
  };
}

function lineOf(id: string, state: CaseState): string {
  if (state.kind !== "done") return `${id}: no result. ${state.message}`;
  const { verdict, reasons, notices = [], dice, seconds } = state.measures;
  const overlap = dice === undefined
    ? ""
    : `, mean Dice ${dice.after.toFixed(3)} (${dice.before.toFixed(3)} before)`;
  const words = [`${id}: ${verdict}${overlap}, ${seconds.toFixed(1)} s.`, ...reasons, ...notices];
  return words.join(" ");
}

/** Writes the report and the table of all cases, those of other processes, too, and returns the cases. */
async function writeReport(
  jobs: readonly Job[],
  out: string,
  command: string,
): Promise<ReportedCase[]> {
  const cases = await Promise.all(
    jobs.map(async ({ id, flags, identity }): Promise<ReportedCase> => {
      const state = await readCaseState(flags.out, identity);
      const picture = state.kind === "done"
        ? await Deno.readFile(`${flags.out}/${THUMBNAIL_NAME}`).catch(() => undefined)
        : undefined;
      return { id, state, thumbnail: picture };
    }),
  );
  const encoder = new TextEncoder();
  await writeFolder(out, {
    "report.html": encoder.encode(cohortReport({ cases, command, version: VERSION })),
    "cases.csv": encoder.encode(cohortTable(cases)),
  });
  return cases;
}

/** Prints the counts, and returns the exit code for the cases of this process. */
function summary(
  cases: readonly ReportedCase[],
  share: readonly Job[],
  { out, strict }: { readonly out: string; readonly strict: boolean },
): number {
  const ids = new Set(share.map(({ id }) => id));
  const all = countCases(cases.map(({ state }) => state));
  const own = countCases(cases.filter(({ id }) => ids.has(id)).map(({ state }) => state));
  console.log(`${countsText(all)}; report in ${out}/report.html`);
  if (own.errors + own.open > 0) {
    console.error(
      "Some cases have no result. Mend them as the report says, and repeat with --resume.",
    );
    return EXIT_CODES.failed;
  }
  return strict && own.failed > 0 ? FAILED_VERDICT : EXIT_CODES.ok;
}

/** The command line of the flags that were given. */
export function commandOf(program: Program, flags: object): string {
  const spec = { name: "register", summary: "", flags: REGISTER_TASK_FLAGS };
  return `${program} register ${commandLineOf(spec, flags).map(shellWord).join(" ")}`;
}
