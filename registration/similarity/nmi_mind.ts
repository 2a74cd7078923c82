/**
 * NMI+MIND (eq. 7): beta E_NMI + (1 - beta) s E_MIND, with s bringing E_MIND into the range of E_NMI.
 *
 * @module
 */

import { controlPoints } from "../../kernels/control_grid/control_grid.ts";
import { type Dispatch, f32, type Gpu, u32 } from "../../kernels/gpu/gpu.ts";
import { WEIGHTED_SUM } from "../../kernels/sums/weighted_sum.wgsl.ts";
import { MIND } from "./mind.ts";
import { NMI } from "./nmi.ts";
import type { Similarity, SimilarityInputs, SimilarityKind } from "./similarity.ts";

/** The paper's weight of NMI. */
const BETA = 0.8;

/** NMI+MIND in the list of similarities. */
export const NMI_MIND: SimilarityKind = {
  description: "0.8 NMI + 0.2 MIND, MIND scaled to NMI's range",
  lambda: { l2: 0.1, tv: 0.05, bending: 30 },
  create: (setting) =>
    nmiMindSimilarity(
      NMI.create(setting),
      MIND.create(setting),
      setting.beta ?? BETA,
      setting.scaling ?? "gradient",
    ),
};

/** How s is found: a number, the ratio of gradient magnitudes (eq. 8), or that of the changes so far (eq. 9). */
export type MindScaling = number | "gradient" | "change";

/** Where E_MIND has next to no gradient, eq. 8 and 9 would let its noise decide. */
const LARGEST_SCALE = 30;
/** A change of E_MIND below this is none: eq. 9 then has nothing to go by. */
const LEAST_CHANGE = 1e-6;

/**
 * E_N+M of eq. 7.
 *
 * @param scaling - s itself, or how it is found where each level starts. At the first level nothing has
 * changed yet, so that eq. 9 gives way to eq. 8 there. At most 30.
 */
export function nmiMindSimilarity(
  nmi: Similarity,
  mind: Similarity,
  beta: number,
  scaling: MindScaling,
): Similarity {
  if (!(beta >= 0 && beta <= 1)) throw new RangeError(`\`beta\` must be 0 to 1, got ${beta}`);
  if (typeof scaling === "number" && !(scaling > 0)) {
    throw new RangeError(`\`scaling\` must be above 0, "gradient" or "change", got ${scaling}`);
  }
  return {
    name: "nmi+mind",
    parameters: { ...nmi.parameters, ...mind.parameters, beta, scaling },
    bytesPerVoxel: nmi.bytesPerVoxel + mind.bytesPerVoxel,
    prepare: (gpu, inputs) => prepare(gpu, inputs, nmi, mind, beta, scaling),
  };
}

function prepare(
  gpu: Gpu,
  inputs: SimilarityInputs,
  nmi: Similarity,
  mind: Similarity,
  beta: number,
  scaling: MindScaling,
) {
  const count = controlPoints(inputs.geometry);
  const parts = [nmi, mind].map((similarity) => {
    const gradient = gpu.buffer(`gradient of ${similarity.name}`, 16 * count);
    const scalars = gpu.buffer(`scalars of ${similarity.name}`, 32);
    const prepared = similarity.prepare(gpu, { ...inputs, gradient, scalars });
    return { gradient, scalars, prepared };
  });
  const weights = (s: number) => [f32(beta), f32((1 - beta) * s), u32(count), u32(0)];
  const details = { s: typeof scaling === "number" ? scaling : 1 };
  const sum: Dispatch = gpu.prepare(WEIGHTED_SUM, {
    parameters: weights(details.s),
    buffers: [
      ...parts.map(({ scalars }) => scalars),
      ...parts.map(({ gradient }) => gradient),
      inputs.scalars,
      inputs.gradient,
    ],
    workgroups: [Math.ceil(count / 64)],
  });

  /** Values and gradient norms of both at these displacements. */
  async function evaluate(knots: Float32Array) {
    gpu.write(inputs.knots, knots);
    const recorder = gpu.record("scaling of MIND");
    parts.forEach(({ prepared }) =>
      prepared.dispatches.forEach((dispatch) => recorder.run(dispatch))
    );
    recorder.submit();
    return await Promise.all(parts.map(async ({ scalars, gradient }) => {
      const slopes = new Float32Array(await gpu.download(gradient, 0, 16 * count));
      const value = new Float32Array(await gpu.download(scalars))[0];
      return { value, norm: Math.sqrt(slopes.reduce((total, g) => total + g * g, 0)) };
    }));
  }

  return {
    dispatches: [...parts.flatMap(({ prepared }) => [...prepared.dispatches]), sum],
    details,
    async begin(start: Float32Array) {
      if (typeof scaling === "number") return;
      const [n, m] = await evaluate(start);
      details.s = m.norm > 0 ? n.norm / m.norm : 1; // eq. 8
      if (scaling === "change") {
        const [n0, m0] = await evaluate(new Float32Array(start.length));
        const change = Math.abs(m0.value - m.value);
        if (change > LEAST_CHANGE) details.s = Math.abs(n0.value - n.value) / change; // eq. 9
        gpu.write(inputs.knots, start);
      }
      details.s = Math.min(details.s, LARGEST_SCALE);
      gpu.writeParameters(sum, weights(details.s));
    },
    destroy: () => {
      sum.destroy();
      parts.forEach((part) => Object.values(part).forEach((resource) => resource.destroy()));
    },
  };
}
