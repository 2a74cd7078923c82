/**
 * The state of L-BFGS on the GPU.
 *
 * @module
 */

import { stateStruct } from "./state_struct.ts";

/** Reasons why an optimisation ended; their indices are the values of the state's field `stopped`. */
export const STOPPED_BECAUSE = [
  "running",
  "converged",
  "no further descent",
  "iteration limit",
] as const;

const indexOf = (reason: typeof STOPPED_BECAUSE[number]) => STOPPED_BECAUSE.indexOf(reason);

/** The state's fields. */
export const LBFGS_STATE = stateStruct("State", {
  /** The cost F = E + lambda R at the point that was accepted last. */
  cost: ["f32"],
  /** Length of the next step along the direction. */
  step: ["f32"],
  /** Derivative of F along the direction. */
  slope: ["f32"],
  /** Largest component of the direction. */
  largest: ["f32"],
  /** 1 when the trial of this evaluation was accepted, 0 otherwise. */
  accepted: ["u32"],
  /** 1 when the first point was evaluated, 0 before. */
  started: ["u32"],
  /** Number of pairs that are kept. */
  pairs: ["u32"],
  /** Slot of the newest pair. */
  newest: ["u32"],
  /** Number of accepted steps. */
  iterations: ["u32"],
  /** Number of evaluations of the cost and its gradient. */
  evaluations: ["u32"],
  /** Number of rejected trials since the last accepted one. */
  rejections: ["u32"],
  /** Number of successive accepted steps that lowered F by less than the tolerance. */
  flatSteps: ["u32"],
  /** Index in {@link STOPPED_BECAUSE}. */
  stopped: ["u32"],
  /** E at the point that was accepted last. */
  dissimilarity: ["f32"],
  /** lambda R at the point that was accepted last. */
  penalty: ["f32"],
});

/** WGSL of the state and of the values of its field `stopped`. */
export const LBFGS_STATE_WGSL = /* wgsl */ `
${LBFGS_STATE.wgsl}
const RUNNING = ${indexOf("running")}u;
const CONVERGED = ${indexOf("converged")}u;
const NO_DESCENT = ${indexOf("no further descent")}u;
const ITERATION_LIMIT = ${indexOf("iteration limit")}u;
`;
