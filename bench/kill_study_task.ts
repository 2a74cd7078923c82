/**
 * `deno task bench:kill-study`: kills a study (SIGKILL) at random times, continues it, and compares its
 * tables with those of an undisturbed study, byte by byte.
 *
 * @module
 */

import { RandomStream } from "../cohort/phantom/random.ts";
import { PROFILES } from "../workflows/profiles.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";

/** Runs the study, and kills it after some seconds if it is still running. */
async function study(
  out: string,
  profile: string,
  after?: number,
): Promise<{ seconds: number; isKilled: boolean; stage: string }> {
  const began = performance.now();
  const child = new Deno.Command("deno", {
    args: ["task", "reproduce", "--profile", profile, "--out", out],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let isKilled = false;
  const timer = after !== undefined && setTimeout(async () => {
    isKilled = true;
    await killTree(child.pid);
  }, 1000 * after);
  const text = await new Response(child.stderr).text();
  const { success } = await child.status;
  if (timer !== false) clearTimeout(timer);
  if (!success && !isKilled) throw new Error(`The study failed:\n${text}`);
  const lines = text.trim().split("\n");
  return { seconds: (performance.now() - began) / 1000, isKilled, stage: lines.at(-1) ?? "" };
}

/** Kills a process and its children. The children are killed first, so that none outlives the process. */
async function killTree(pid: number): Promise<void> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", `${pid}`] })
    .output();
  const children = new TextDecoder().decode(stdout).split("\n").map(Number).filter((id) => id > 0);
  for (const id of children) await killTree(id);
  // By the command, because `Deno.kill` asks for the permission to run anything. It fails for a process
  // that has ended by itself.
  await new Deno.Command("kill", { args: ["-KILL", `${pid}`], stderr: "null" }).output();
}

/** The tables and the report's text by name. */
async function results(out: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name } of Deno.readDir(out)) {
    if (/\.csv$|^report\.md$/.test(name)) {
      found.set(name, await Deno.readTextFile(`${out}/${name}`));
    }
  }
  return found;
}

/** The declaration of `deno task bench:kill-study`. */
export const TASK = {
  name: "bench:kill-study",
  summary:
    "Kills a study at random times and compares its tables with those of an undisturbed study.",
  flags: {
    profile: {
      type: "choice",
      choices: PROFILES,
      default: "smoke",
      help: "The scale of the study.",
    },
    kills: { type: "integer", default: 5, min: 1, help: "Number of kills." },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of the times of the kills." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:kill-study`. */
export async function main(flags: FlagsOf<typeof TASK>): Promise<number> {
  const folder = await Deno.makeTempDir();
  const random = new RandomStream(flags.seed, 17);
  const whole = await study(`${folder}/whole`, flags.profile);
  console.log(`undisturbed: ${whole.seconds.toFixed(0)} s`);
  for (let kill = 1; kill <= flags.kills;) {
    // Each run gets somewhat further than the last, so that kills fall into all stages.
    const after = random.between(0.1, 1.2) * whole.seconds / flags.kills + 5;
    const { isKilled, stage } = await study(`${folder}/killed`, flags.profile, after);
    if (!isKilled) break;
    console.log(`kill ${kill++} after ${after.toFixed(0)} s, at: ${stage.trim()}`);
  }
  const last = await study(`${folder}/killed`, flags.profile);
  console.log(`last run: ${last.seconds.toFixed(0)} s`);
  const a = await results(`${folder}/whole`);
  const b = await results(`${folder}/killed`);
  const different = [...a].filter(([name, text]) => b.get(name) !== text).map(([name]) => name);
  console.log(
    different.length === 0 && a.size > 0 && a.size === b.size
      ? `${a.size} files are the same to the byte`
      : `Different: ${different.join(", ")}`,
  );
  await Deno.remove(folder, { recursive: true });
  return different.length === 0 && a.size > 0 && a.size === b.size ? 0 : 1;
}

if (import.meta.main) await runTask(TASK, main);
