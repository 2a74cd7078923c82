/**
 * Estimates the time that a study still takes; measured times correct the estimates.
 *
 * @module
 */

import type { StageName, StagePlan } from "./plan.ts";

/** An item that takes no longer was read, not computed. */
const READ_SECONDS = 0.005;
/**
 * Less estimated work, seconds, is too little to correct the estimates by: the first steps of a training come after its
 * registered pairs, and would make days of it.
 */
const MIN_ESTIMATED = 8;

/** The stage that runs. */
interface CurrentStage {
  readonly name: StageName;
  /** Time at which the first computed item began. */
  began: number;
  /** Items that were read. */
  first: number;
  /** Items that are done. */
  done: number;
  /** Time at which the last item was done. */
  updated: number;
}

/** Keeps the time of a study. */
export class StudyClock {
  readonly #plan: readonly StagePlan[];
  readonly #now: () => number;
  #current: CurrentStage | undefined;
  /** Seconds that finished work took. */
  #taken = 0;
  /** Seconds that the same work was estimated to take. */
  #estimated = 0;

  /** A clock of these stages. */
  constructor(plan: readonly StagePlan[], now: () => number = () => performance.now() / 1000) {
    this.#plan = plan;
    this.#now = now;
  }

  /** Records the number of finished items of a stage. Items that were read take no time, and do not count. */
  update(name: StageName, done: number): void {
    const now = this.#now();
    if (this.#current?.name !== name) {
      this.#close();
      this.#current = { name, began: now, first: done, done, updated: now };
    }
    const { updated, done: before } = this.#current;
    if (done > before) {
      if (now - updated < READ_SECONDS * (done - before)) {
        this.#current.first += done - before;
        this.#current.began += now - updated;
      }
      this.#current.done = done;
      this.#current.updated = now;
    }
  }

  /** Seconds left for this stage and those after it. */
  get left(): number {
    const current = this.#current;
    const index = this.#plan.findIndex(({ name }) => name === current?.name);
    const later = this.#plan.slice(index + 1).reduce((sum, { seconds }) => sum + seconds, 0);
    if (current === undefined || index < 0) return later * this.#factor(0, 0);
    const { items, seconds } = this.#plan[index];
    const perItem = items === 0 ? 0 : seconds / items;
    const computed = current.done - current.first;
    const taken = this.#now() - current.began;
    const factor = this.#factor(computed * perItem, computed > 0 ? taken : 0);
    const measured = computed * perItem >= MIN_ESTIMATED ? taken / computed : perItem * factor;
    return Math.max(0, items - current.done) * measured + later * factor;
  }

  /** The ratio of measured to estimated time, over all work done so far. */
  #factor(estimated: number, taken: number): number {
    const all = this.#estimated + estimated;
    return all < MIN_ESTIMATED ? 1 : (this.#taken + taken) / all;
  }

  #close(): void {
    if (this.#current === undefined) return;
    const { name, began, first } = this.#current;
    const stage = this.#plan.find((one) => one.name === name);
    this.#current = undefined;
    if (stage === undefined || stage.items <= first) return;
    this.#taken += this.#now() - began;
    this.#estimated += stage.seconds * (stage.items - first) / stage.items;
  }
}
