/**
 * One resolution level of the rigid registration: the search by the evolution strategy, and the refinement.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import {
  SEARCH_PLACE_NUMBERS,
  SEARCH_RIGID_MATRIX,
} from "../../kernels/rigid/one_plus_one.wgsl.ts";
import { normalVariates } from "../../kernels/rigid/normal_variates.ts";
import { Search } from "../../kernels/rigid/one_plus_one.ts";
import { type RefinementResult, refineQuadratic } from "./quadratic_refinement.ts";
import type { RigidLevel } from "./levels.ts";
import { rigidMatrix, type RigidParameters, rigidScales } from "./parameters.ts";
import type { SearchSchedule } from "./schedule.ts";

/**
 * The frame of the parameters: the map at given parameters is a rotation about `centre` and a translation,
 * and then `initial`.
 */
export interface RigidFrame {
  /** Fixed RAS mm to moving RAS mm at parameters 0. */
  readonly initial: Matrix4;
  /** The fixed image's centre, RAS mm. */
  readonly centre: Triple;
  /** Width, depth and height of the fixed image's box, mm. */
  readonly extent: Triple;
}

/** The result of {@link searchLevel}. */
export interface SearchResult {
  /** The best parameters. */
  readonly parameters: RigidParameters;
  /** The cost of the best parameters at this level. */
  readonly cost: number;
  /** Mutual information at the best parameters, nats. */
  readonly similarity: number;
  /** Number of samples at the best parameters. */
  readonly samples: number;
  /** Number of iterations. */
  readonly iterations: number;
  /** True if the search ended because its steps became small. */
  readonly converged: boolean;
}

/** Fixed RAS mm to moving RAS mm at these parameters. */
export function frameMatrix({ initial, centre }: RigidFrame, parameters: RigidParameters): Matrix4 {
  return multiply(initial, rigidMatrix(parameters, centre));
}

/** The constants of each search: its matrices before and after the rotation, and the minimum of its samples. */
function placesOf(level: RigidLevel, starts: readonly SearchStart[]): Float32Array {
  return Float32Array.from(
    starts.flatMap(({ frame: { centre: [cx, cy, cz], initial }, minSamples }) => {
      // deno-fmt-ignore
      const shift = (sign: number) => [
      1, 0, 0, sign * cx,
      0, 1, 0, sign * cy,
      0, 0, 1, sign * cz,
      0, 0, 0, 1,
    ];
      const right = multiply(shift(-1), level.fixedGrid.affine);
      const left = multiply(level.movingGrid.inverse, multiply(initial, shift(1)));
      const numbers = [...right.slice(0, 12), ...left.slice(0, 12), minSamples];
      return [...numbers, ...new Array(SEARCH_PLACE_NUMBERS - numbers.length).fill(0)];
    }),
  );
}

/** Iterations between two reads of the state: some tenths of a second of work on a slow machine. */
function batchSize(voxels: number): number {
  return Math.max(25, Math.min(200, Math.round(4_000_000 / voxels)));
}

/** A start of {@link searchLevel}. */
export interface SearchStart {
  /** The frame of the parameters. */
  readonly frame: RigidFrame;
  /** The parameters at the start. */
  readonly parameters: RigidParameters;
  /** Minimum number of samples of a child. */
  readonly minSamples: number;
}

/** Options of {@link searchLevel}. */
export interface SearchLevelOptions {
  /** The resolution level. */
  readonly level: RigidLevel;
  /** The starts; their frames have the same extent. */
  readonly starts: readonly SearchStart[];
  /** The settings of the search. */
  readonly schedule: SearchSchedule;
  /** Seed of the random numbers, which are the same for all starts. */
  readonly seed: number;
  /** Stops the search between two batches of iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Is called after each batch of iterations, for each start by its index. */
  readonly onProgress?:
    | ((start: number, iteration: number, similarity: number) => void)
    | undefined;
}

/**
 * Searches at one resolution level by the evolution strategy, from as many starts at once as the metric evaluates. Each
 * search gives the same numbers as by itself.
 */
export async function searchLevel(gpu: Gpu, options: SearchLevelOptions): Promise<SearchResult[]> {
  const { level: { metric: { points } }, starts, onProgress } = options;
  const results: SearchResult[] = [];
  for (let first = 0; first < starts.length; first += points) {
    results.push(
      ...await searchTogether(gpu, {
        ...options,
        starts: starts.slice(first, first + points),
        onProgress: (start, iteration, similarity) =>
          onProgress?.(first + start, iteration, similarity),
      }),
    );
  }
  return results;
}

/** Searches from at most as many starts as the metric evaluates at once. */
async function searchTogether(gpu: Gpu, options: SearchLevelOptions): Promise<SearchResult[]> {
  const { level, starts, schedule, seed, signal, onProgress } = options;
  const { metric } = level;
  const owned = new Owned();
  try {
    const search = owned.add(
      new Search(gpu, starts.map(({ parameters }) => parameters), metric.value),
    );
    const places = owned.add(gpu.upload("search places", placesOf(level, starts)));
    const place = owned.add(gpu.prepare(SEARCH_RIGID_MATRIX, {
      buffers: [places, search.states, metric.transform],
      workgroups: [starts.length],
    }));
    let pending: ReturnType<Search["read"]> | undefined;
    try {
      search.begin(
        { ...schedule, scales: rigidScales(starts[0].frame.extent) },
        normalVariates(seed, 6 * Math.max(1, schedule.iterations)),
      );
      gpu.record("search place").run(place).submit();
      const batch = batchSize(starts.length * level.fixedGrid.voxels);
      // One evaluation more than iterations: the first one evaluates the start. The next batch runs while the
      // state after the previous one is read.
      for (let left = schedule.iterations + 1; left > 0 || pending;) {
        signal?.throwIfAborted();
        const before = pending;
        pending = undefined;
        if (left > 0) {
          const recorder = gpu.record("search");
          for (let i = Math.min(batch, left); i > 0; i--) {
            metric.record(recorder, starts.length);
            search.step(recorder);
            recorder.run(place);
          }
          recorder.submit();
          left -= batch;
          pending = search.read();
        }
        const states = await before;
        if (states === undefined) continue;
        states.forEach(({ iterations, information }, i) =>
          onProgress?.(i, iterations, information)
        );
        if (states.every(({ done }) => done)) break;
      }
      const states = await (pending ?? search.read());
      pending = undefined;
      return states.map((state) => ({
        parameters: state.parameters as unknown as RigidParameters,
        cost: state.cost,
        similarity: state.information,
        samples: state.samples,
        iterations: state.iterations,
        converged: state.norm <= schedule.epsilon && state.iterations > 0,
      }));
    } finally {
      await pending?.catch(() => {}); // the buffers must live until the download has ended
    }
  } finally {
    owned.destroy();
  }
}

/** Options of {@link refineLevel}. */
export interface RefineLevelOptions {
  /** The resolution level. */
  readonly level: RigidLevel;
  /** The frame of the parameters. */
  readonly frame: RigidFrame;
  /** The parameters at the start. */
  readonly parameters: RigidParameters;
  /** Maximum number of rounds. */
  readonly rounds: number;
  /** Stops the refinement between two rounds. */
  readonly signal?: AbortSignal | undefined;
}

/** Newton steps at one resolution level, by differences over half the width of a voxel. */
export async function refineLevel(
  gpu: Gpu,
  { level, frame, parameters, rounds, signal }: RefineLevelOptions,
): Promise<RefinementResult> {
  gpu.check();
  const [sx, sy, sz] = level.fixedGrid.spacing;
  const width = Math.cbrt(sx * sy * sz) / 2;
  // Half of the angle that moves the box's points by the same distance, at their root mean square radius.
  const turn = width / (2 * Math.hypot(...frame.extent) / Math.sqrt(12));
  return await refineQuadratic({
    start: parameters,
    radius: [turn, turn, turn, width, width, width],
    rounds,
    evaluate: async (points) => {
      signal?.throwIfAborted();
      const values = await level.metric.evaluateAll(
        points.map((point) =>
          level.indexMatrix(frameMatrix(frame, point as unknown as RigidParameters))
        ),
        true,
      );
      return values.map(({ cost }) => cost);
    },
  });
}
