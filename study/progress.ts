/**
 * The one contract by which the steps of a study report their progress.
 *
 * @module
 */

/** Called with the number of finished items, the number of all items and a note on the current one. */
export type OnProgress = (done: number, total: number, note: string) => void;
