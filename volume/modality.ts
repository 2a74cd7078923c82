/**
 * The two modalities, and values that one or both of them have.
 *
 * @module
 */

/** The modality of an image. */
export type Modality = "ct" | "mr";

/** Both modalities, in the order of all loops over modalities. */
export const MODALITIES: readonly Modality[] = ["ct", "mr"];

/** A value for each modality that has one; the other's key is absent. */
export type ByModality<T> = Readonly<Partial<Record<Modality, T>>>;

/** The modality that an image of this one is synthesised from. */
export function otherModality(modality: Modality): Modality {
  return modality === "ct" ? "mr" : "ct";
}
