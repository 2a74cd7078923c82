/**
 * Removes what stages of a study left, so that they are done again.
 *
 * @module
 */

import { ablationMethods, ABLATIONS } from "./ablations.ts";
import { METHODS } from "./methods.ts";
import type { StageName } from "./study_plan.ts";

/** Removes the results of some stages from a run folder. One's own cohort is never touched. */
export async function forgetStages(
  out: string,
  stages: readonly StageName[],
  { isPhantom }: { readonly isPhantom: boolean },
): Promise<void> {
  const remove = async (name: string) => {
    await Deno.remove(`${out}/${name}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  };
  const removeRegistrations = async (methods: readonly { readonly name: string }[]) => {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(`${out}/registrations`)) names.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    for (const name of names) {
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
    if (stage === "syntheses") {
      await removeRegistrations(METHODS.filter(isSynthesised));
      await remove("synthesis");
      await remove("lungs.json");
    }
    if (stage === "ablations") await removeRegistrations(ablationMethods(ABLATIONS));
  }
}
