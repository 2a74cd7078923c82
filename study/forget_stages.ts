/**
 * Removes what stages of a study left, so that they are done again.
 *
 * @module
 */

import { ablationMethods, ABLATIONS } from "./ablations.ts";
import { METHODS } from "./methods.ts";
import { removeIfThere } from "./run_folder.ts";
import type { StageName } from "./plan.ts";

/** Removes the results of some stages from a run folder. One's own cohort is never touched. */
export async function forgetStages(
  out: string,
  stages: readonly StageName[],
  { isPhantom }: { readonly isPhantom: boolean },
): Promise<void> {
  const remove = async (name: string) => {
    // The marks of finished steps first: a run that is killed here must not find marks without results.
    for (const file of await namesIn(`${out}/${name}`)) {
      if (file.endsWith(".json")) await removeIfThere(`${out}/${name}/${file}`);
    }
    await removeIfThere(`${out}/${name}`);
  };
  const removeRegistrations = async (methods: readonly { readonly name: string }[]) => {
    for (const name of await namesIn(`${out}/registrations`)) {
      const stem = name.replace(/\.(json|png)$/, "");
      if (methods.some((method) => stem.endsWith(`_${method.name}`))) {
        await remove(`registrations/${name}`);
      }
    }
  };
  const isSynthesised = (one: typeof METHODS[number]) => one.synthesis !== undefined;
  for (const stage of stages) {
    if (stage === "cohort" && isPhantom) await remove("cohort");
    if (stage === "n4") await remove("corrected");
    if (stage === "table1") await remove("table1.json");
    if (stage === "gridsearch") await remove("settings");
    if (stage === "originals") {
      await removeRegistrations(METHODS.filter((one) => !isSynthesised(one)));
    }
    if (stage === "cycle-gans") await remove("models");
    if (stage === "synthesis-search") await remove("synthesis-settings");
    if (stage === "syntheses") {
      await removeRegistrations(METHODS.filter(isSynthesised));
      await remove("synthesis");
      await remove("lungs.json");
    }
    if (stage === "ablations") await removeRegistrations(ablationMethods(ABLATIONS));
  }
}

/** The names in a folder; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}
