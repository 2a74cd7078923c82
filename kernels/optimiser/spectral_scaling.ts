/**
 * Vectors on a grid scaled by frequency: the cosine transform along each axis (DCT-II, orthonormal), one
 * factor per frequency, and the inverse transform. The operator is symmetric, so it is its own adjoint.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import {
  ALONG_AXIS,
  alongTwoAxes,
  RESULTS_PER_INVOCATION,
  TILE_POINTS,
} from "./spectral_scaling.wgsl.ts";

/**
 * Maximum number of columns along z that a workgroup transforms: enough to read whole cache lines, few enough for many
 * workgroups.
 */
const MAX_COLUMNS = 16;

/** Options of {@link SpectralScaling}. */
export interface SpectralScalingOptions {
  /** Grid points along each axis. */
  readonly size: Triple;
  /** The factor of each frequency, x fastest. */
  readonly factors: Float32Array;
}

/** The operator, ready to be applied to several buffers. */
export class SpectralScaling {
  #gpu: Gpu;
  #size: Triple;
  #owned: Owned;
  #buffers: {
    readonly factors: GpuBuffer;
    readonly scratch: readonly [GpuBuffer, GpuBuffer];
    readonly forward: readonly GpuBuffer[];
    readonly inverse: readonly GpuBuffer[];
  };

  /**
   * Uploads the transform's matrices and the factors.
   *
   * @throws {GpuMemoryError} when the buffers do not fit into the memory budget.
   */
  constructor(gpu: Gpu, { size, factors }: SpectralScalingOptions) {
    this.#gpu = gpu;
    this.#size = size;
    const { owned, buffers } = Owned.build((owned) => {
      const upload = (label: string, data: Float32Array) => {
        const buffer = owned.add(gpu.buffer(label, data.byteLength));
        gpu.write(buffer, data);
        return buffer;
      };
      const bytes = 16 * size[0] * size[1] * size[2];
      const matrices = size.map(cosineMatrix);
      return {
        owned,
        buffers: {
          factors: upload("spectral factors", factors),
          scratch: [
            owned.add(gpu.buffer("spectrum", bytes)),
            owned.add(gpu.buffer("spectrum, second", bytes)),
          ] as const,
          // The kernel reads the weights of one input for all results in a row.
          forward: matrices.map((matrix, axis) =>
            upload("cosines", inBlocks(transposed(matrix, size[axis]), size[axis]))
          ),
          inverse: matrices.map((matrix, axis) => upload("cosines", inBlocks(matrix, size[axis]))),
        },
      };
    });
    this.#owned = owned;
    this.#buffers = buffers;
  }

  /**
   * Prepares `target = operator(source)`, one vec4 per grid point. The two buffers differ. Operators that
   * are prepared from one object share scratch memory: their dispatches must not be interleaved.
   */
  prepare(source: GpuBuffer, target: GpuBuffer): Prepared {
    const [nx, ny, nz] = this.#size;
    return Owned.build((owned) => {
      const add = (dispatch: Dispatch) => owned.add(dispatch);
      const dispatches = nx * ny <= TILE_POINTS && nz <= TILE_POINTS
        ? this.#byTiles(source, target, add)
        : this.#byAxes(source, target, add);
      return { dispatches, destroy: () => owned.destroy() };
    });
  }

  /** Planes, columns along z, and planes again, each of which workgroup memory holds between the passes along two axes. */
  #byTiles(
    source: GpuBuffer,
    target: GpuBuffer,
    add: (dispatch: Dispatch) => Dispatch,
  ): Dispatch[] {
    const { factors, scratch: [a, b], forward, inverse } = this.#buffers;
    const [nx, ny, nz] = this.#size;
    const plane = nx * ny;
    const columns = Math.min(MAX_COLUMNS, Math.floor(TILE_POINTS / nz), plane);
    const inPlanes = { extent: [nx, ny], stride: nx, step: plane, end: plane * nz };
    const alongZ = { extent: [columns, nz], stride: plane, step: columns, end: plane };
    return [
      add(this.#gpu.prepare(alongTwoAxes([0, 1]), {
        parameters: inPlanes,
        buffers: [forward[0], forward[1], source, a],
        workgroups: [nz],
      })),
      add(this.#gpu.prepare(alongTwoAxes([1, 1]), {
        parameters: alongZ,
        buffers: [forward[2], inverse[2], a, b, factors],
        workgroups: [Math.ceil(plane / columns)],
      })),
      add(this.#gpu.prepare(alongTwoAxes([1, 0]), {
        parameters: inPlanes,
        buffers: [inverse[1], inverse[0], b, target],
        workgroups: [nz],
      })),
    ];
  }

  /** A dispatch for each pass, for grids of any size. */
  #byAxes(source: GpuBuffer, target: GpuBuffer, add: (dispatch: Dispatch) => Dispatch): Dispatch[] {
    const { factors, scratch: [a, b], forward, inverse } = this.#buffers;
    const passes = [
      { axis: 0, matrix: forward[0], from: source, to: a, scaled: 0 },
      { axis: 1, matrix: forward[1], from: a, to: b, scaled: 0 },
      { axis: 2, matrix: forward[2], from: b, to: a, scaled: 1 },
      { axis: 2, matrix: inverse[2], from: a, to: b, scaled: 0 },
      { axis: 1, matrix: inverse[1], from: b, to: a, scaled: 0 },
      { axis: 0, matrix: inverse[0], from: a, to: target, scaled: 0 },
    ];
    const [nx, ny, nz] = this.#size;
    const inner = [1, nx, nx * ny];
    const outer = [ny * nz, nz, 1];
    return passes.map(({ axis, matrix, from, to, scaled }) => {
      const blocks = Math.ceil(this.#size[axis] / RESULTS_PER_INVOCATION);
      return add(this.#gpu.prepare(ALONG_AXIS, {
        parameters: { inner: inner[axis], length: this.#size[axis], outer: outer[axis] },
        buffers: [matrix, factors, from, to],
        constants: { scaled },
        workgroups: [Math.ceil(inner[axis] * blocks / 64), outer[axis]],
      }));
    });
  }

  /** Frees the buffers. */
  destroy(): void {
    this.#owned.destroy();
  }
}

/** The orthonormal cosine transform of n values: entry [k * n + i] belongs to frequency k and value i. */
function cosineMatrix(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, at) => {
    const k = Math.floor(at / n);
    const i = at % n;
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos(Math.PI * (i + 0.5) * k / n);
  });
}

function transposed(matrix: Float32Array, n: number): Float32Array {
  return matrix.map((_, at) => matrix[at % n * n + Math.floor(at / n)]);
}

/** The rows of an n x n matrix, padded with zeros to whole blocks of results. */
function inBlocks(matrix: Float32Array, n: number): Float32Array {
  const pitch = RESULTS_PER_INVOCATION * Math.ceil(n / RESULTS_PER_INVOCATION);
  const padded = new Float32Array(n * pitch);
  for (let row = 0; row < n; row++) {
    padded.set(matrix.subarray(row * n, (row + 1) * n), row * pitch);
  }
  return padded;
}

/**
 * The plain twin of {@link SpectralScaling}, by the definition of the transform in three dimensions.
 *
 * @param values - Four values per grid point.
 *
 * @example Usage
 * ```ts
 * import { spectralScalingReference } from "./spectral_scaling.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Two points: their mean is kept, and their difference is halved.
 * const options = { size: [2, 1, 1], factors: Float32Array.of(1, 0.5) } as const;
 * const scaled = spectralScalingReference(options, [3, 0, 0, 0, 1, 0, 0, 0]);
 * assertAlmostEquals(scaled[0], 2.5, 1e-6);
 * assertAlmostEquals(scaled[4], 1.5, 1e-6);
 * ```
 */
export function spectralScalingReference(
  { size, factors }: SpectralScalingOptions,
  values: ArrayLike<number>,
): Float64Array {
  const [nx, ny, nz] = size;
  const cosine = (n: number, k: number, i: number) =>
    Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos(Math.PI * (i + 0.5) * k / n);
  const positions = Array.from({ length: nx * ny * nz }, (_, at) => [
    at % nx,
    Math.floor(at / nx) % ny,
    Math.floor(at / (nx * ny)),
  ]);
  const result = new Float64Array(values.length);
  positions.forEach(([kx, ky, kz], frequency) => {
    const wave = positions.map(([x, y, z]) =>
      cosine(nx, kx, x) * cosine(ny, ky, y) * cosine(nz, kz, z)
    );
    for (let c = 0; c < 4; c++) {
      const amplitude = wave.reduce((sum, w, i) => sum + w * values[4 * i + c], 0);
      wave.forEach((w, i) => result[4 * i + c] += factors[frequency] * amplitude * w);
    }
  });
  return result;
}
