/**
 * Ownership of GPU resources: everything that a step makes is freed together, and when the step fails, too.
 *
 * @module
 */

/** A resource that is freed by hand. */
export interface Destroyable {
  /** Frees it; a second call does nothing. */
  destroy(): void;
}

/**
 * The resources that one place owns.
 *
 * @example A function that returns one of its resources, and leaks nothing when an allocation throws
 * ```ts
 * import { Owned } from "./owned.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const destroyed: string[] = [];
 * const make = (name: string) => ({ destroy: () => void destroyed.push(name) });
 * const result = Owned.during((owned) => {
 *   owned.add(make("scratch"));
 *   return owned.release(owned.add(make("result")));
 * });
 * assertEquals(destroyed, ["scratch"]);
 * result.destroy();
 * ```
 */
export class Owned implements Destroyable, Disposable {
  readonly #resources = new Set<Destroyable>();

  /** Takes the ownership of a resource and returns it. */
  add<T extends Destroyable>(resource: T): T {
    this.#resources.add(resource);
    return resource;
  }

  /** Gives the ownership of a resource away: the caller destroys it. */
  release<T extends Destroyable>(resource: T): T {
    this.#resources.delete(resource);
    return resource;
  }

  /** Frees resources before the others. */
  free(...resources: readonly Destroyable[]): void {
    for (const resource of resources) this.release(resource).destroy();
  }

  /** Frees all, the last one first. */
  destroy(): void {
    const resources = [...this.#resources].reverse();
    this.#resources.clear();
    for (const resource of resources) resource.destroy();
  }

  /** Frees all, as {@link Owned.destroy}: for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** Makes something that keeps its resources: they are freed here only when `make` throws. */
  static build<T>(make: (owned: Owned) => T): T {
    const owned = new Owned();
    try {
      return make(owned);
    } catch (error) {
      owned.destroy();
      throw error;
    }
  }

  /** Works with resources that are freed at the end. `work` must release the resources that it returns. */
  static during<T>(work: (owned: Owned) => T): T {
    const owned = new Owned();
    try {
      return work(owned);
    } finally {
      owned.destroy();
    }
  }
}
