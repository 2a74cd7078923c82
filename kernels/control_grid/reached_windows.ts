/**
 * The windows of a moving image that is larger than one binding, and the dispatches that pull them through a control
 * grid.
 *
 * The planes of the fixed image are cut into bands. The home window of a band lies around the band, so that all usual
 * displacements reach no other window. The other windows are dispatched indirectly: before each evaluation the GPU finds
 * the planes that the displacements can reach, and a window that no displacement reaches has no workgroups.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Dispatch, DispatchOptions, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import { rowPitch } from "../gpu/image.ts";
import type { Owned } from "../gpu/owned.ts";
import { alignedPlanes, type CellWindow, cellWindows, type Slab } from "../gpu/slabs.ts";
import { pointsOfCell } from "./adjoint.wgsl.ts";
import type { ControlGridGeometry } from "./control_grid.ts";
import {
  ENTRY_WORDS,
  REACH_MARGIN,
  REACHED_WINDOWS,
  RELATIVE_REACH_MARGIN,
} from "./reached_windows.wgsl.ts";

/**
 * The bands of a window's height: with four, the displacements of a band reach 3/8 of the height in both directions
 * within the home window.
 */
const BANDS_PER_WINDOW = 4;

/** A moving image that is pulled through a control grid. */
export interface PulledImage {
  /** The control grid on the fixed image. */
  readonly geometry: ControlGridGeometry;
  /** The displacements, mm, one vec4 per control point. */
  readonly knots: GpuBuffer;
  /** The moving image, on a grid parallel to the fixed one. */
  readonly moving: { readonly size: Triple };
  /** Bytes per voxel of the moving image. */
  readonly bytesPerVoxel: number;
  /** Position of the fixed image's voxel (0, 0, 0) in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
}

/** Planes of the fixed image that have the same windows. */
export interface Band extends Slab {
  /** The windows, which contain every cell of the moving image once; the first one is the home window. */
  readonly windows: readonly CellWindow[];
}

/** True if the moving image has more than one window, so that a kernel must skip voxels of other windows. */
export function isWindowed(gpu: Gpu, { moving, bytesPerVoxel }: PulledImage): boolean {
  return cellWindows(gpu, moving.size, bytesPerVoxel).length > 1;
}

/**
 * The bands of the planes [begin, end) of the fixed image.
 *
 * @param unit - Planes that lie in one band: the bands are in units of so many planes, as are `begin` and `end`.
 */
export function pulledBands(
  gpu: Gpu,
  { moving: { size }, bytesPerVoxel, origin }: Omit<PulledImage, "knots" | "geometry">,
  { begin, end }: Slab,
  unit = 1,
): Band[] {
  const whole = cellWindows(gpu, size, bytesPerVoxel);
  if (whole.length === 1) return [{ begin, end, windows: whole }];
  const height = whole[0].end - whole[0].begin;
  const step = alignedPlanes(gpu, bytesPerVoxel * rowPitch(size[0]) * size[1]);
  const lastCell = whole[whole.length - 1].end;
  const largest = Math.max(1, Math.floor(height / (BANDS_PER_WINDOW * unit)));
  const count = Math.ceil((end - begin) / largest);
  return Array.from({ length: count }, (_, i) => {
    const band = {
      begin: begin + Math.floor(i * (end - begin) / count),
      end: begin + Math.floor((i + 1) * (end - begin) / count),
    };
    const middle = unit * (band.begin + band.end) / 2 + origin[2];
    // The last window may end beyond the image, because a binding begins at a multiple of the step only.
    const latest = step * Math.ceil(Math.max(lastCell - height, 0) / step);
    const home = Math.min(Math.max(step * Math.round((middle - height / 2) / step), 0), latest);
    const starts = [home];
    for (let at = home - height; at > -height; at -= height) starts.push(at);
    for (let at = home + height; at < lastCell; at += height) starts.push(at);
    const windows = starts.map((at) => {
      const last = Math.min(at + height, lastCell);
      return { begin: Math.max(at, 0), end: last, to: Math.min(last + 1, size[2]) };
    });
    return { ...band, windows };
  });
}

/** Planes of the fixed image for which a kernel pulls the moving image. */
export interface Pull {
  /** The kernel; it adds to the results of earlier windows of the band. */
  readonly kernel: Kernel;
  /** The planes, in units of `unit` planes. */
  readonly planes: Slab;
  /** Planes that lie in one band. Default 1. */
  readonly unit?: number | undefined;
  /** The inputs of the dispatch for a window of a band. `isFirst` is true for the home window. */
  readonly dispatch: (band: Slab, window: CellWindow, isFirst: boolean) => DispatchOptions;
}

/** The dispatches of a kernel that pulls the moving image, and before them one that finds the windows that are reached. */
export function preparePull(
  gpu: Gpu,
  image: PulledImage,
  { kernel, planes, unit = 1, dispatch }: Pull,
  owned: Owned,
): Dispatch[] {
  const bands = pulledBands(gpu, image, planes, unit);
  const others = bands.reduce((sum, { windows }) => sum + windows.length - 1, 0);
  if (others === 0) {
    return bands.map((band) =>
      owned.add(gpu.prepare(kernel, dispatch(band, band.windows[0], true)))
    );
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_SRC;
  const workgroups = owned.add(gpu.buffer("workgroups of windows", 12 * others, usage));
  const entries: number[] = [];
  const dispatches = bands.flatMap((band) =>
    band.windows.map((window, i) => {
      const options = dispatch(band, window, i === 0);
      if (i === 0) return owned.add(gpu.prepare(kernel, options));
      const offset = 12 * (entries.length / ENTRY_WORDS);
      const [x, y = 1, z = 1] = options.workgroups;
      const { layers, first, last } = reachOfBand(image.geometry, band, unit);
      entries.push(layers.begin, layers.end, first, last);
      entries.push(window.begin, window.end, x, y, z, 0, 0, 0);
      const indirect = { buffer: workgroups, offset };
      return owned.add(gpu.prepare(kernel, { ...options, indirect }));
    })
  );
  const { geometry: { size }, knots, moving, origin, perVoxel } = image;
  const reached = owned.add(gpu.prepare(REACHED_WINDOWS, {
    parameters: {
      layer: size[0] * size[1],
      origin: origin[2],
      voxelsPerMm: perVoxel[2],
      last: moving.size[2] - 1,
    },
    buffers: [knots, owned.add(gpu.upload("windows", Uint32Array.from(entries))), workgroups],
    workgroups: [others],
  }));
  return [reached, ...dispatches];
}

/** The planes of a band, and those of the control points on which their displacements depend. */
function reachOfBand(
  { image, stride, size, interpolation }: ControlGridGeometry,
  { begin, end }: Slab,
  unit: number,
): { layers: Slab; first: number; last: number } {
  const first = begin * unit;
  const last = Math.min(end * unit, image[2]) - 1;
  const layers = {
    begin: Math.floor(first / stride[2]),
    end: Math.min(Math.floor(last / stride[2]) + pointsOfCell(interpolation), size[2]),
  };
  return { layers, first, last };
}

/** Options of {@link reachesWindowReference}. */
export interface ReachesWindowOptions
  extends Pick<PulledImage, "geometry" | "moving" | "origin" | "perVoxel"> {
  /** Displacements in mm, 3 values per control point. */
  readonly knots: Float32Array;
  /** The planes of the fixed image. */
  readonly band: Slab;
  /** The window: the cells that begin in these planes of the moving image. */
  readonly window: Slab;
}

/** The plain twin: whether the displacements of a band may reach a window. */
export function reachesWindowReference(
  { geometry, knots, moving, origin, perVoxel, band, window }: ReachesWindowOptions,
): boolean {
  const { layers, first, last } = reachOfBand(geometry, band, 1);
  const layer = geometry.size[0] * geometry.size[1];
  let min = Infinity;
  let max = -Infinity;
  for (let k = layers.begin * layer; k < layers.end * layer; k++) {
    min = Math.min(min, knots[3 * k + 2] * perVoxel[2]);
    max = Math.max(max, knots[3 * k + 2] * perVoxel[2]);
  }
  const margin = REACH_MARGIN + RELATIVE_REACH_MARGIN * (Math.abs(min) + Math.abs(max));
  const lastPlane = moving.size[2] - 1;
  const cellOf = (position: number) =>
    Math.min(
      Math.floor(Math.min(Math.max(position, 0), lastPlane)),
      Math.max(lastPlane - 1, 0),
    );
  return cellOf(first + origin[2] + min - margin) < window.end &&
    cellOf(last + origin[2] + max + margin) >= window.begin;
}
