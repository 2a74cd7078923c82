/**
 * NMI+MIND (eq. 7): beta E_NMI + (1 - beta) s E_MIND, where s brings E_MIND into the range of E_NMI.
 *
 * @module
 */

import { controlPoints } from "../../kernels/control_grid/control_grid.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { prepareWeightedSum, weightedSumParameters } from "../../kernels/sums/weighted_sum.ts";
import { columnsOf } from "./columns.ts";
import { descriptorBytes, MIND, MIND_OPTIONS, type MindOptions } from "./mind.ts";
import { NMI } from "./nmi.ts";
import {
  declareSimilarity,
  type PreparedSimilarity,
  type Similarity,
  type SimilarityInputs,
  type SimilarityKind,
} from "./similarity.ts";

/**
 * The scale s of E_MIND: a number, or the way to find it where each level starts: the ratio of the
 * gradients' magnitudes (eq. 8), or the ratio of the changes so far (eq. 9).
 */
export type MindScaling = number | "gradient" | "change";

/** Options of NMI+MIND. */
export interface NmiMindOptions extends MindOptions {
  /** NMI+MIND: the weight beta of NMI (eq. 7). Default 0.8. */
  readonly beta?: number | undefined;
  /**
   * NMI+MIND: the scale s of E_MIND (eq. 7), or the way to find it where each level starts: from the
   * gradients' magnitudes (eq. 8, default) or from the changes so far (eq. 9). At the first level nothing
   * has changed yet, so that eq. 8 is used there. s is at most 30 when it is found; see `unlimitedScale`.
   */
  readonly scaling?: MindScaling | undefined;
  /** NMI+MIND: takes s as eq. 8 or 9 gives it, also above 30, as in the paper. Default false. */
  readonly unlimitedScale?: boolean | undefined;
}

/** Limits eq. 8 and 9 where E_MIND has almost no gradient, so that its noise would decide. */
export const MAX_SCALE = 30;

/** E_N+M of eq. 7. */
export const NMI_MIND: SimilarityKind = declareSimilarity<NmiMindOptions>({
  name: "nmi+mind",
  description: "0.8 NMI + 0.2 MIND, MIND scaled to NMI's range",
  lambda: { l2: 0.1, tv: 0.05, bending: 30 },
  options: {
    ...MIND_OPTIONS,
    beta: {
      type: "number",
      default: 0.8,
      min: 0,
      max: 1,
      help: "weight of NMI; MIND has the weight 1 - beta",
    },
    scaling: {
      type: "choice",
      choices: ["gradient", "change"],
      numberAbove: 0,
      default: "gradient",
      help:
        "factor that scales MIND to the range of NMI: `gradient` computes it from the gradients at the " +
        "start of a level (eq. 8), `change` from the changes so far (eq. 9); N is a fixed factor",
    },
    unlimitedScale: {
      type: "boolean",
      default: false,
      help:
        `the factor that eq. 8 or 9 gives has no maximum; by default it is at most ${MAX_SCALE}`,
    },
  },
  create({ beta, scaling, unlimitedScale, ...setting }) {
    const nmi = NMI.create(setting);
    const mind = MIND.create(setting);
    return {
      name: "nmi+mind",
      parameters: {
        ...nmi.parameters,
        ...mind.parameters,
        beta,
        scaling,
        maxScale: unlimitedScale ? "none" : MAX_SCALE,
      },
      bytesPerVoxel: nmi.bytesPerVoxel + mind.bytesPerVoxel,
      prepare: (gpu, inputs) =>
        Owned.build((owned) =>
          prepare(gpu, inputs, {
            owned,
            nmi,
            mind,
            beta,
            scaling,
            unlimitedScale,
            bytesPerVoxel: descriptorBytes(setting),
          })
        ),
    };
  },
});

/** A smaller change of E_MIND is noise: eq. 9 has no value then. */
const MIN_CHANGE = 1e-6;

/** A dissimilarity at some displacements. */
export interface Evaluation {
  /** E. */
  readonly value: number;
  /** The 2-norm of the gradient with respect to the control points. */
  readonly norm: number;
}

/** Both dissimilarities at the same displacements. */
export interface Evaluations {
  /** E_NMI. */
  readonly nmi: Evaluation;
  /** E_MIND. */
  readonly mind: Evaluation;
}

/** Options of {@link scaleOfMind}. */
export interface ScaleOptions {
  /** Both at the displacements where the level starts. */
  readonly atStart: Evaluations;
  /** Both without a displacement, for eq. 9. Default: eq. 8. */
  readonly unmoved?: Evaluations | undefined;
  /** True if s has no maximum. */
  readonly unlimitedScale: boolean;
}

/**
 * The scale s of E_MIND by eq. 8, or by eq. 9 with `unmoved`. Eq. 9 needs a change of E_MIND of more than 1e-6; with
 * a smaller one, eq. 8 is used. Without a gradient of E_MIND s is 1.
 *
 * @returns The scale, and the scale before the limit of 30.
 */
export function scaleOfMind(
  { atStart, unmoved, unlimitedScale }: ScaleOptions,
): { s: number; unlimitedS: number } {
  const { nmi, mind } = atStart;
  let unlimitedS = mind.norm > 0 ? nmi.norm / mind.norm : 1; // eq. 8
  if (unmoved !== undefined) {
    const change = Math.abs(unmoved.mind.value - mind.value);
    if (change > MIN_CHANGE) unlimitedS = Math.abs(unmoved.nmi.value - nmi.value) / change; // eq. 9
  }
  return { s: unlimitedScale ? unlimitedS : Math.min(unlimitedS, MAX_SCALE), unlimitedS };
}

interface Weighting {
  /** Owner of all resources. */
  readonly owned: Owned;
  readonly nmi: Similarity;
  readonly mind: Similarity;
  readonly beta: number;
  readonly scaling: MindScaling;
  readonly unlimitedScale: boolean;
  /** Bytes per voxel of the largest array that an evaluation binds. */
  readonly bytesPerVoxel: number;
}

function prepare(
  gpu: Gpu,
  inputs: SimilarityInputs,
  { owned, nmi, mind, beta, scaling, unlimitedScale, bytesPerVoxel }: Weighting,
): PreparedSimilarity {
  const count = controlPoints(inputs.geometry);
  // Both read the same columns.
  const expanded = columnsOf(gpu, inputs, { owned, bytesPerVoxel });
  const { columns } = expanded;
  const partOf = (similarity: Similarity) => {
    const gradient = owned.add(gpu.buffer(`gradient of ${similarity.name}`, 16 * count));
    const scalars = owned.add(gpu.buffer(`scalars of ${similarity.name}`, 32));
    const prepared = owned.add(similarity.prepare(gpu, { ...inputs, columns, gradient, scalars }));
    return { gradient, scalars, prepared };
  };
  // MIND first: the scratch memory of its descriptors is free again before NMI allocates its images.
  const partOfMind = partOf(mind);
  const parts = [partOf(nmi), partOfMind];
  const weights = (s: number) => [beta, (1 - beta) * s] as const;
  const given = typeof scaling === "number" ? scaling : 1;
  // The factor that is used, and the factor before the limit.
  const details = { s: given, unlimitedS: given };
  const evaluations = [
    ...expanded.dispatches,
    ...parts.flatMap(({ prepared }) => [...prepared.dispatches]),
  ];
  const sum = owned.add(prepareWeightedSum(gpu, {
    first: parts[0],
    second: parts[1],
    weights: weights(details.s),
    count,
    sum: inputs,
  }));

  /** Values and gradient norms of both at these displacements. */
  async function evaluate(displacements: Float32Array): Promise<Evaluations> {
    gpu.write(inputs.displacements, displacements);
    const recorder = gpu.record("scaling of MIND");
    evaluations.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    const [ofNmi, ofMind] = await Promise.all(parts.map(async ({ scalars, gradient }) => {
      const slopes = new Float32Array(await gpu.download(gradient, 0, 16 * count));
      const value = new Float32Array(await gpu.download(scalars))[0];
      return { value, norm: Math.sqrt(slopes.reduce((total, g) => total + g * g, 0)) };
    }));
    return { nmi: ofNmi, mind: ofMind };
  }

  return {
    dispatches: [...evaluations, sum],
    details,
    async begin(start: Float32Array) {
      if (typeof scaling === "number") return;
      const atStart = await evaluate(start);
      let unmoved: Evaluations | undefined;
      if (scaling === "change") {
        unmoved = await evaluate(new Float32Array(start.length));
        gpu.write(inputs.displacements, start);
      }
      Object.assign(details, scaleOfMind({ atStart, unmoved, unlimitedScale }));
      gpu.writeParameters(sum, weightedSumParameters(weights(details.s), count));
    },
    destroy: () => owned.destroy(),
  };
}
