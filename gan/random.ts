/**
 * The random numbers of a training: {@link RandomState} of the host room.
 *
 * @module
 */

export { RandomState, type RandomWords } from "../host/random.ts";
