/**
 * Runs elastix (Klein et al. 2010, IEEE TMI 29:196), where it is installed, as a yardstick.
 *
 * @module
 */

import { type DisplacementField, readDisplacementField } from "../volume/mod.ts";
import { type CommandResult, hasCommand, runCommand } from "./command.ts";

/** Options of an elastix run. */
export interface ElastixOptions {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** An existing folder for its parameter and output files. */
  readonly directory: string;
  /** Similarity of the B-spline step ("nmi"). */
  readonly metric?: "nmi" | "mattes" | undefined;
  /** Weight of the bending energy against the similarity (50). */
  readonly bendingWeight?: number | undefined;
  /** Spacing of the finest control grid, mm (12). */
  readonly spacing?: number | undefined;
  /** Resolution levels of the B-spline step (4). */
  readonly levels?: number | undefined;
  /** Iterations per level of the B-spline step (500). */
  readonly iterations?: number | undefined;
  /** Threads (2). */
  readonly threads?: number | undefined;
  /** Stop after the rigid step (false). */
  readonly rigidOnly?: boolean | undefined;
  /** Ends the child process. */
  readonly signal?: AbortSignal | undefined;
}

/** The field that another tool found, and the cost of its registration command alone. */
export interface PeerResult extends CommandResult {
  /** The displacement field on the fixed grid. */
  readonly field: DisplacementField;
}

/** Returns true if the elastix and transformix commands are installed. */
export async function hasElastix(): Promise<boolean> {
  return await hasCommand("elastix", ["--version"]) &&
    await hasCommand("transformix", ["--version"]);
}

/**
 * Registers by rigid Mattes MI and then, unless `rigidOnly`, a B-spline with NMI or Mattes MI and
 * bending energy, and reads the composite displacement field.
 *
 * @throws {Error} with the end of its output when elastix or transformix fails.
 */
export async function runElastix(options: ElastixOptions): Promise<PeerResult> {
  const { fixed, moving, directory, threads = 2, rigidOnly = false, signal } = options;
  const steps = [["rigid.txt", rigidParameters()]];
  if (!rigidOnly) steps.push(["bspline.txt", bSplineParameters(options)]);
  const parameterFiles = [];
  for (const [name, text] of steps) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
    parameterFiles.push("-p", `${directory}/${name}`);
  }
  const cost = await runCommand("elastix", [
    "-f",
    fixed,
    "-m",
    moving,
    "-out",
    directory,
    "-threads",
    `${threads}`,
    ...parameterFiles,
  ], { signal });
  const last = `${directory}/TransformParameters.${steps.length - 1}.txt`;
  return { ...cost, field: await fieldOfElastix(last, { directory, threads, signal }) };
}

/** The displacement field of elastix's transform parameters, by transformix. */
export async function fieldOfElastix(
  parameters: string,
  options: { directory: string; threads: number; signal: AbortSignal | undefined },
): Promise<DisplacementField> {
  const { directory, threads, signal } = options;
  await runCommand("transformix", [
    "-def",
    "all",
    "-tp",
    parameters,
    "-out",
    directory,
    "-threads",
    `${threads}`,
  ], { signal });
  return await readDisplacementField(`${directory}/deformationField.nii.gz`);
}

/** Settings of both steps. */
const common = {
  FixedInternalImagePixelType: "float",
  MovingInternalImagePixelType: "float",
  FixedImageDimension: 3,
  MovingImageDimension: 3,
  UseDirectionCosines: "true",
  FixedImagePyramid: "FixedSmoothingImagePyramid",
  MovingImagePyramid: "MovingSmoothingImagePyramid",
  Interpolator: "LinearInterpolator",
  ResampleInterpolator: "FinalBSplineInterpolator",
  FinalBSplineInterpolationOrder: 1,
  Resampler: "DefaultResampler",
  Optimizer: "AdaptiveStochasticGradientDescent",
  AutomaticParameterEstimation: "true",
  ImageSampler: "RandomCoordinate",
  NewSamplesEveryIteration: "true",
  NumberOfHistogramBins: 32,
  ErodeMask: "false",
  HowToCombineTransforms: "Compose",
  RandomSeed: 121212,
  DefaultPixelValue: -1000,
  WriteResultImageAfterEachResolution: "false",
  ResultImageFormat: "nii.gz",
  ResultImagePixelType: "float",
};

/** Parameter file of the rigid step: Mattes MI, 4 levels of 500 iterations. */
export function rigidParameters(): string {
  return parameterFile({
    ...common,
    Registration: "MultiResolutionRegistration",
    Metric: "AdvancedMattesMutualInformation",
    Transform: "EulerTransform",
    AutomaticScalesEstimation: "true",
    AutomaticTransformInitialization: "true",
    AutomaticTransformInitializationMethod: "CenterOfGravity",
    NumberOfResolutions: 4,
    MaximumNumberOfIterations: 500,
    NumberOfSpatialSamples: 4096,
    WriteResultImage: "false",
  });
}

/** Parameter file of the B-spline step: NMI or Mattes MI, and bending energy. */
export function bSplineParameters(
  options: Pick<ElastixOptions, "metric" | "bendingWeight" | "spacing" | "levels" | "iterations"> =
    {},
): string {
  const { metric = "nmi", bendingWeight = 50, spacing = 12, levels = 4, iterations = 500 } =
    options;
  return parameterFile({
    ...common,
    Registration: "MultiMetricMultiResolutionRegistration",
    Metric: [
      metric === "nmi" ? "NormalizedMutualInformation" : "AdvancedMattesMutualInformation",
      "TransformBendingEnergyPenalty",
    ],
    Metric0Weight: 1,
    Metric1Weight: bendingWeight,
    Transform: "BSplineTransform",
    FinalGridSpacingInPhysicalUnits: spacing,
    NumberOfResolutions: levels,
    MaximumNumberOfIterations: iterations,
    NumberOfSpatialSamples: 4096,
    WriteResultImage: "true",
  });
}

function parameterFile(values: Record<string, string | number | readonly string[]>): string {
  const quoted = (value: string | number) => typeof value === "string" ? `"${value}"` : value;
  return Object.entries(values).map(([name, value]) =>
    `(${name} ${Array.isArray(value) ? value.map(quoted).join(" ") : quoted(value as string)})\n`
  ).join("");
}
