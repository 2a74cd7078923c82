/**
 * Constants of the Mattes metric, for its shaders and for the host.
 *
 * @module
 */

/** Number of histogram bins of each image, including {@link MATTES_PADDING}. */
export const MATTES_BINS = 50;
/** Number of empty bins at either end, which the Parzen window of extreme intensities reaches. */
export const MATTES_PADDING = 2;
/** Number of bins that intensities fall into. */
export const MATTES_INNER_BINS = MATTES_BINS - 2 * MATTES_PADDING;
/** Number of parts that each bin of the moving image is counted in before the Parzen window is applied. */
export const MATTES_SUBDIVISIONS = 8;
/** Number of counters in a row (a fixed bin) of the joint histogram. */
export const MATTES_ROW = MATTES_INNER_BINS * MATTES_SUBDIVISIONS;
/** Marks a fixed voxel that does not count. */
export const MATTES_OUTSIDE_BYTE = 255;
/** Number of steps per part in which the intensities of the moving image are stored, 15 bits in all. */
export const MATTES_STEPS = 64;
/** The cost of a transform with too few samples: larger than the cost of every other transform. */
export const TOO_FEW_SAMPLES_COST = 1e30;

/**
 * The transform of a point in WGSL. `rows` are those of the matrix from fixed to moving voxel index. If `skip` is not 0,
 * an evaluation does nothing and the point's value stays the same.
 */
export const MATTES_TRANSFORM_WGSL = /* wgsl */ `
struct Transform { rows: array<vec4f, 3>, skip: f32, minSamples: f32 }
`;
/** Bytes of the transform of a point. */
export const MATTES_TRANSFORM_BYTES = 64;

/** The constants in WGSL, to be put into the code of shaders. */
export const MATTES_WGSL = MATTES_TRANSFORM_WGSL + /* wgsl */ `
const BINS = ${MATTES_BINS}u;
const INNER = ${MATTES_INNER_BINS}u;
const PARTS = ${MATTES_SUBDIVISIONS}u;
const ROW = ${MATTES_ROW}u;
const STEPS = ${MATTES_STEPS}.0;
`;
