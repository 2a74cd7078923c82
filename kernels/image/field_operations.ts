/**
 * Operations on displacement fields: composition, inversion and the Jacobian determinant.
 *
 * @module
 */

import { IDENTITY, type Matrix4, transformPoint, type Triple } from "../../volume/affine.ts";

import { COMPOSE_FIELDS, INVERT_FIELD, JACOBIAN } from "./field_operations.wgsl.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createField, createImage, type GpuField, type GpuImage, planesOf } from "../gpu/image.ts";
import { interpolateClamped } from "./resample.ts";
import { Owned } from "../gpu/owned.ts";
import { cellWindows, imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link composeFields}. */
export interface ComposeFieldsOptions {
  /** The field that is applied first, in voxels. */
  readonly first: GpuField;
  /** The field that is applied to the points that the first one moved, on the same grid; its border continues. */
  readonly second: GpuField;
}

/** w(x) = first(x) + second(x + first(x)) in voxels of their common grid; the caller destroys it. */
export function composeFields(gpu: Gpu, { first, second }: ComposeFieldsOptions): GpuField {
  const { size } = first;
  if (size.some((n, axis) => n !== second.size[axis])) {
    throw new RangeError(
      `\`first\` (${size.join(" x ")}) and \`second\` (${
        second.size.join(" x ")
      }) must have one grid`,
    );
  }
  const composed = createField(gpu, "composed field", size);
  const { pitch } = first.components[0];
  const workgroup = rowWorkgroup(size[0]);
  const windows = cellWindows(gpu, size);
  const recorder = gpu.record("field composition");
  for (const { begin, end } of imageSlabs(gpu, size)) {
    const part = (image: GpuImage) => planesOf(image, begin, end);
    for (const window of windows) {
      for (let c = 0; c < 3; c++) {
        recorder.dispatch(COMPOSE_FIELDS, {
          parameters: {
            size,
            pitch,
            firstPlane: begin,
            planes: end - begin,
            windowBegin: window.begin,
            windowEnd: window.end,
          },
          buffers: [
            part(first.components[c]),
            ...first.components.map(part),
            planesOf(second.components[c], window.begin, window.to),
            part(composed.components[c]),
          ],
          constants: workgroup,
          workgroups: groups(size, workgroup, end - begin),
        });
      }
    }
  }
  recorder.submit();
  return composed;
}

/** Options of {@link invertField}. */
export interface InvertFieldOptions {
  /** Displacements in voxels of their own grid; each component must fit into one binding. */
  readonly field: GpuField;
  /** Voxels of the result along x, y, z. Default: the size of the field. */
  readonly size?: Triple | undefined;
  /** Matrix from voxel indices of the result to (fractional) voxel indices of the field. Default: identity. */
  readonly matrix?: Matrix4 | undefined;
  /** Maximum number of iterations. Default 50. */
  readonly iterations?: number | undefined;
  /** A voxel has converged when |u(p + v) + v| is at most this, in voxels of the field. Default 1e-3. */
  readonly tolerance?: number | undefined;
}

/**
 * Inverts a displacement field by fixed-point iteration (Chen et al. 2008). For every voxel y of the
 * result and its point p = matrix y, the inverse v satisfies v = -u(p + v): the field moves p + v to p.
 * The field's border continues beyond it.
 *
 * @returns The inverse in voxels of the field, and the residual |u(p + v) + v| in the same unit (0 where
 * the inverse is exact, large where the field folds). The caller destroys both.
 * @throws {RangeError} when the field is larger than a binding: pass its control points instead.
 */
export function invertField(
  gpu: Gpu,
  options: InvertFieldOptions,
): { inverse: GpuField; residual: GpuImage } {
  const {
    field,
    size = field.size,
    matrix = IDENTITY,
    iterations = 50,
    tolerance = 1e-3,
  } = options;
  const { pitch } = field.components[0];
  if (4 * pitch * field.size[1] * field.size[2] > gpu.maxBindingBytes) {
    throw new RangeError(
      `A field of ${field.size.join(" x ")} is larger than a binding: invert its control points`,
    );
  }
  const owned = new Owned();
  try {
    const inverse = owned.add(createField(gpu, "inverse field", size));
    const residual = owned.add(createImage(gpu, "inversion residual", size));
    const workgroup = rowWorkgroup(size[0]);
    const recorder = gpu.record("field inversion");
    for (const { begin, end } of imageSlabs(gpu, size)) {
      const part = (image: GpuImage) => planesOf(image, begin, end);
      recorder.dispatch(INVERT_FIELD, {
        parameters: {
          row0: matrix.slice(0, 4),
          row1: matrix.slice(4, 8),
          row2: matrix.slice(8, 12),
          size,
          firstPlane: begin,
          fieldSize: field.size,
          fieldPitch: pitch,
          pitch: residual.pitch,
          planes: end - begin,
          maxIterations: iterations,
          tolerance,
        },
        buffers: [
          ...field.components.map((c) => c.buffer),
          ...inverse.components.map(part),
          part(residual),
        ],
        constants: workgroup,
        workgroups: groups(size, workgroup, end - begin),
      });
    }
    recorder.submit();
    owned.release(inverse);
    owned.release(residual);
    return { inverse, residual };
  } finally {
    owned.destroy();
  }
}

/**
 * det(I + du/dx) of x + u(x) at every voxel: central differences, one-sided at the border. With u in
 * voxels along the grid's axes it equals the determinant in world coordinates. The caller destroys it.
 */
export function jacobianDeterminant(gpu: Gpu, { field }: { readonly field: GpuField }): GpuImage {
  const { size } = field;
  const result = createImage(gpu, "Jacobian determinant", size);
  const workgroup = rowWorkgroup(size[0]);
  const { pitch } = result;
  const recorder = gpu.record("Jacobian determinant");
  for (const { begin, end, from, to } of imageSlabs(gpu, size, { halo: 1 })) {
    recorder.dispatch(JACOBIAN, {
      parameters: {
        size,
        pitch,
        firstPlane: begin,
        planes: end - begin,
        sourceBegin: from,
      },
      buffers: [
        ...field.components.map((c) => planesOf(c, from, to)),
        planesOf(result, begin, end),
      ],
      constants: workgroup,
      workgroups: groups(size, workgroup, end - begin),
    });
  }
  recorder.submit();
  return result;
}

function groups(
  size: Triple,
  { wx, wy }: { wx: number; wy: number },
  planes: number,
): [number, number, number] {
  return [Math.ceil(size[0] / wx), Math.ceil(size[1] / wy), planes];
}

/** The plain twin of {@link composeFields}. */
export function composeFieldsReference(
  size: Triple,
  first: readonly Float32Array[],
  second: readonly Float32Array[],
): Float32Array[] {
  return second.map((component, c) =>
    first[c].map((u, i) =>
      u + interpolateClamped({ size, data: component }, pointAt(size, i, first))
    )
  );
}

/** The plain twin of {@link invertField}: 300 half steps in double precision. */
export function invertFieldReference(
  field: { size: Triple; components: readonly Float32Array[] },
  size: Triple,
  matrix: Matrix4,
): Float32Array[] {
  const n = size[0] * size[1] * size[2];
  const inverse = [0, 1, 2].map(() => new Float32Array(n));
  const zero = inverse.map(() => new Float32Array(n));
  for (let i = 0; i < n; i++) {
    const p = transformPoint(matrix, pointAt(size, i, zero));
    let v: Triple = [0, 0, 0];
    for (let step = 0; step < 300; step++) {
      const at: Triple = [p[0] + v[0], p[1] + v[1], p[2] + v[2]];
      const u = field.components.map((data) => interpolateClamped({ size: field.size, data }, at));
      v = [v[0] - 0.5 * (u[0] + v[0]), v[1] - 0.5 * (u[1] + v[1]), v[2] - 0.5 * (u[2] + v[2])];
    }
    v.forEach((value, c) => inverse[c][i] = value);
  }
  return inverse;
}

/** The plain twin of {@link jacobianDeterminant}. */
export function jacobianDeterminantReference(
  size: Triple,
  field: readonly Float32Array[],
): Float32Array {
  const steps = [1, size[0], size[0] * size[1]];
  return field[0].map((_, i) => {
    const at = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / steps[2])];
    const [a, b, c] = steps.map((step, axis) => {
      const ahead = at[axis] + 1 < size[axis] ? 1 : 0;
      const behind = at[axis] > 0 ? 1 : 0;
      return field.map((u, component) =>
        (component === axis ? 1 : 0) +
        (ahead + behind === 0 ? 0 : (u[i + ahead * step] - u[i - behind * step]) / (ahead + behind))
      );
    });
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
      a[2] * (b[0] * c[1] - b[1] * c[0]);
  });
}

function pointAt(size: Triple, i: number, field: readonly Float32Array[]): Triple {
  return [
    i % size[0] + field[0][i],
    Math.floor(i / size[0]) % size[1] + field[1][i],
    Math.floor(i / (size[0] * size[1])) + field[2][i],
  ];
}
