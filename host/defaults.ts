/**
 * Options with their defaults filled in.
 *
 * @module
 */

/** `T` with every property present and none of them `undefined`. */
export type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/**
 * The options, with a default in place of every property that is absent or `undefined`.
 *
 * A plain spread would let an explicit `undefined` replace the default.
 *
 * @example Usage
 * ```ts
 * import { withDefaults } from "./defaults.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options: { levels?: number | undefined; name: string } = { levels: undefined, name: "mr" };
 * assertEquals(withDefaults({ levels: 4 }, options), { levels: 4, name: "mr" });
 * ```
 */
export function withDefaults<T extends object, D extends Partial<T>>(
  defaults: D,
  options: T,
): Omit<T, keyof D> & Complete<Pick<T, keyof D & keyof T>> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as never;
}

/**
 * The object without the properties that are `undefined`: for records whose keys are counted or written.
 *
 * @example Usage
 * ```ts
 * import { withoutUndefined } from "./defaults.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(withoutUndefined({ ct: "ct.nii.gz", mr: undefined }), { ct: "ct.nii.gz" });
 * ```
 */
export function withoutUndefined<T extends object>(
  object: T,
):
  & { [K in keyof T as undefined extends T[K] ? never : K]: T[K] }
  & {
    [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
  } {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as never;
}
