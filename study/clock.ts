/**
 * How long a study will still take: estimates, corrected by what has been measured.
 *
 * @module
 */

import type { StageName, StagePlan } from "./plan.ts";

/** An item that takes no longer was only read. */
const KEPT_SECONDS = 0.005;

/** Keeps the time of a study. */
export class StudyClock {
  readonly #plan: readonly StagePlan[];
  readonly #now: () => number;
  #at: { name: StageName; began: number; first: number; done: number; told: number } | undefined;
  /** Seconds that finished work took, and was estimated to take. */
  #taken = 0;
  #estimated = 0;

  /** A clock of these stages. */
  constructor(plan: readonly StagePlan[], now: () => number = () => performance.now() / 1000) {
    this.#plan = plan;
    this.#now = now;
  }

  /** Tells how many items of a stage are done. Those that were there already take no time, and do not count. */
  tell(name: StageName, done: number): void {
    const now = this.#now();
    if (this.#at?.name !== name) {
      this.#close();
      this.#at = { name, began: now, first: done, done, told: now };
    }
    const { told, done: before } = this.#at;
    if (done > before) {
      if (now - told < KEPT_SECONDS * (done - before)) {
        this.#at.first += done - before;
        this.#at.began += now - told;
      }
      this.#at.done = done;
      this.#at.told = now;
    }
  }

  /** Seconds left for this stage and those behind it. */
  get left(): number {
    const at = this.#at;
    const index = this.#plan.findIndex(({ name }) => name === at?.name);
    const behind = this.#plan.slice(index + 1).reduce((sum, { seconds }) => sum + seconds, 0);
    if (at === undefined || index < 0) return behind * this.#factor(0, 0);
    const { items, seconds } = this.#plan[index];
    const one = items === 0 ? 0 : seconds / items;
    const here = at.done - at.first;
    const taken = this.#now() - at.began;
    const factor = this.#factor(here * one, here > 0 ? taken : 0);
    const measured = here > 0 ? taken / here : one * factor;
    return Math.max(0, items - at.done) * measured + behind * factor;
  }

  /** Measured against estimated time, of all done so far. */
  #factor(estimated: number, taken: number): number {
    const all = this.#estimated + estimated;
    // Too little has been seen of it to go by.
    return all < 2 ? 1 : (this.#taken + taken) / all;
  }

  #close(): void {
    if (this.#at === undefined) return;
    const { name, began, first } = this.#at;
    const stage = this.#plan.find((one) => one.name === name);
    this.#at = undefined;
    if (stage === undefined || stage.items <= first) return;
    this.#taken += this.#now() - began;
    this.#estimated += stage.seconds * (stage.items - first) / stage.items;
  }
}
