/**
 * The symmetric composition, which makes two displacement fields in opposite directions inverse to each other.
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
import type { Gpu } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import { createField, type GpuField, planesOf } from "../gpu/image.ts";
import { SCALE_IMAGE } from "./symmetric_composition.wgsl.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** Maximum error of the inverses of the halves, voxels. */
const TOLERANCE = 1e-4;

/** A field whose components are multiplied by `factors`; the caller destroys it. */
export function scaleField(gpu: Gpu, field: GpuField, factors: Triple): GpuField {
  return Owned.build((owned) => {
    const scaled = owned.add(createField(gpu, "scaled", field.size));
    const recorder = gpu.record("scale field");
    field.components.forEach((component, c) => {
      for (const { begin, end } of imageSlabs(gpu, field.size)) {
        const quads = (end - begin) * field.size[1] * component.pitch / 4;
        const { workgroups, stride } = flatWorkgroups(quads);
        recorder.dispatch(SCALE_IMAGE, {
          parameters: { quads, stride, factor: factors[c] },
          buffers: [planesOf(component, begin, end), planesOf(scaled.components[c], begin, end)],
          workgroups,
        });
      }
    });
    recorder.submit();
    return scaled;
  });
}

/**
 * Composes half of each field with the inverse of half of the other (Heinrich et al. 2012; Avants et al.
 * 2008): u1' = u1/2 o inv(u2/2) and u2' = u2/2 o inv(u1/2) as maps. They are inverse to each other by
 * construction, and invertible if the halves are. Fields that are already inverse to each other hardly change.
 * The caller destroys both results.
 *
 * @param iterations - Fixed-point steps of the inversions (Chen et al. 2008). Default 10.
 * @throws {RangeError} when a component is larger than a binding.
 */
export function composeSymmetrically(
  gpu: Gpu,
  [first, second]: readonly [GpuField, GpuField],
  iterations = 10,
): [GpuField, GpuField] {
  return Owned.during((owned) => {
    const halves = [first, second].map((field) => {
      return owned.add(scaleField(gpu, field, [0.5, 0.5, 0.5]));
    });
    const inverses = halves.map((field) => {
      const { inverse, residual } = invertField(gpu, { field, iterations, tolerance: TOLERANCE });
      residual.destroy();
      return owned.add(inverse);
    });
    const forward = owned.add(composeFields(gpu, { first: inverses[1], second: halves[0] }));
    const backward = owned.add(composeFields(gpu, { first: inverses[0], second: halves[1] }));
    return [owned.release(forward), owned.release(backward)];
  });
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
