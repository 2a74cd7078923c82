/**
 * Two displacement fields in opposite directions, made each other's inverse.
 *
 * @module
 */

import { IDENTITY, type Triple } from "../../volume/affine.ts";
import {
  composeFields,
  composeFieldsReference,
  invertField,
  invertFieldReference,
} from "../image/field_operations.ts";
import { f32, type Gpu, u32 } from "../gpu/gpu.ts";
import { createField, type GpuField, planesOf } from "../gpu/image.ts";
import { SCALE_IMAGE } from "./symmetric_composition.wgsl.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** How closely the halves are inverted, voxels. */
const TOLERANCE = 1e-4;

/** Each component times its own factor; the caller destroys the result. */
export function scaleField(gpu: Gpu, field: GpuField, factors: Triple): GpuField {
  const scaled = createField(gpu, "scaled", field.size);
  const recorder = gpu.record("scale field");
  field.components.forEach((component, c) => {
    for (const { begin, end } of imageSlabs(gpu, field.size)) {
      const quads = (end - begin) * field.size[1] * component.pitch / 4;
      const { workgroups, stride } = flatWorkgroups(quads);
      recorder.dispatch(SCALE_IMAGE, {
        parameters: [u32(quads), u32(stride), f32(factors[c]), u32(0)],
        buffers: [planesOf(component, begin, end), planesOf(scaled.components[c], begin, end)],
        workgroups,
      });
    }
  });
  recorder.submit();
  return scaled;
}

/**
 * Half of each field after the inverse of half of the other (Heinrich et al. 2012; Avants et al. 2008):
 * u1' = u1/2 o inv(u2/2) and u2' = u2/2 o inv(u1/2) as maps, inverse to each other by construction and
 * invertible as long as the halves are. Fields that are inverse to each other already stay about as they
 * are. The caller destroys both.
 *
 * @param iterations - Fixed-point steps of the inversions (Chen et al. 2008). Default 10.
 * @throws {RangeError} when a component is larger than a binding.
 */
export function composeSymmetrically(
  gpu: Gpu,
  [first, second]: readonly [GpuField, GpuField],
  iterations = 10,
): [GpuField, GpuField] {
  const halves = [first, second].map((field) => scaleField(gpu, field, [0.5, 0.5, 0.5]));
  const inverses = halves.map((field) => {
    const { inverse, residual } = invertField(gpu, { field, iterations, tolerance: TOLERANCE });
    residual.destroy();
    return inverse;
  });
  const result: [GpuField, GpuField] = [
    composeFields(gpu, { first: inverses[1], second: halves[0] }),
    composeFields(gpu, { first: inverses[0], second: halves[1] }),
  ];
  [...halves, ...inverses].forEach((field) => field.destroy());
  return result;
}

/** The plain twin of {@link composeSymmetrically}. */
export function composeSymmetricallyReference(
  size: Triple,
  fields: readonly [readonly Float32Array[], readonly Float32Array[]],
): [Float32Array[], Float32Array[]] {
  const halves = fields.map((field) => field.map((component) => component.map((u) => u / 2)));
  const inverses = halves.map((components) =>
    invertFieldReference({ size, components }, size, IDENTITY)
  );
  return [
    composeFieldsReference(size, inverses[1], halves[0]),
    composeFieldsReference(size, inverses[0], halves[1]),
  ];
}
