/**
 * The state of the (1+1) evolution strategy on the GPU.
 *
 * @module
 */

import { stateStruct } from "../optimiser/state_struct.ts";

/** Number of parameters that the strategy searches. */
export const SEARCH_DIMENSION = 6;

/** The state's fields. */
export const SEARCH_STATE = stateStruct("State", {
  /** 1 when the search has ended: nothing changes any more. */
  done: ["f32"],
  /** Number of children proposed so far. */
  iteration: ["f32"],
  /** Cost of the parent. */
  cost: ["f32"],
  /** Frobenius norm of the step matrix at the last decision. */
  norm: ["f32"],
  /** Number of children accepted so far. */
  accepted: ["f32"],
  /** Cost of the first parent. */
  initialCost: ["f32"],
  /** Number of samples at the parent. */
  samples: ["f32"],
  /** Mutual information at the parent, nats. */
  information: ["f32"],
  /** The search ends when the norm falls to this. */
  epsilon: ["f32"],
  /** Factor of the step size along an accepted step. */
  growth: ["f32"],
  /** Factor of the step size along a rejected step. */
  shrink: ["f32"],
  /** Maximum number of children. */
  maxIterations: ["f32"],
  /** Parameters of the parent. */
  parent: ["f32", SEARCH_DIMENSION],
  /** Parameters of the child. */
  child: ["f32", SEARCH_DIMENSION],
  /** child - parent. */
  delta: ["f32", SEARCH_DIMENSION],
  /** The normal variates that gave delta. */
  variates: ["f32", SEARCH_DIMENSION],
  /** The step matrix A, row-major. */
  matrix: ["f32", SEARCH_DIMENSION ** 2],
});
