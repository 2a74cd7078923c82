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
  CONDITIONS,
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

/** A dispatch of a kernel that pulls the moving image. */
export interface PulledPart {
  /** The planes of the fixed image, in units of `unit` planes. */
  readonly band: Slab;
  /** The planes of the moving image. */
  readonly window: CellWindow;
  /** True if the kernel must skip voxels whose cells lie in other windows. */
  readonly windowed: boolean;
  /** True if the kernel must add to the results of an earlier window. */
  readonly accumulate: boolean;
}

/** A dispatch and the condition under which it runs; none if it always runs. */
interface ConditionalPart extends PulledPart {
  readonly condition: number | undefined;
}

/** Planes of the fixed image for which a kernel pulls the moving image. */
export interface Pull {
  /** The kernel. */
  readonly kernel: (part: PulledPart) => Kernel;
  /** The planes, in units of `unit` planes. */
  readonly planes: Slab;
  /** Planes that lie in one band. Default 1. */
  readonly unit?: number | undefined;
  /** The inputs of the kernel. */
  readonly dispatch: (part: PulledPart) => DispatchOptions;
}

/**
 * The dispatches of a kernel that pulls the moving image. With several windows a first one finds the windows that each
 * band reaches. If the home window contains all that a band reaches, the kernel runs once, without a test of each voxel.
 * Otherwise it runs for each window that the band reaches.
 */
export function preparePull(
  gpu: Gpu,
  image: PulledImage,
  { kernel, planes, unit = 1, dispatch }: Pull,
  owned: Owned,
): Dispatch[] {
  const bands = pulledBands(gpu, image, planes, unit);
  const parts = bands.flatMap(({ windows, ...band }): ConditionalPart[] => {
    const [home, ...others] = windows;
    const whole = { band, window: home, windowed: false, accumulate: false };
    if (others.length === 0) return [{ ...whole, condition: undefined }];
    return [
      { ...whole, condition: CONDITIONS.contains },
      { ...whole, windowed: true, condition: CONDITIONS.misses },
      ...others.map((window) => ({
        band,
        window,
        windowed: true,
        accumulate: true,
        condition: CONDITIONS.touches,
      })),
    ];
  });
  const isIndirect = parts.some(({ condition }) => condition !== undefined);
  if (!isIndirect) {
    return parts.map((part) => owned.add(gpu.prepare(kernel(part), dispatch(part))));
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.INDIRECT;
  const workgroups = owned.add(gpu.buffer("workgroups of windows", 12 * parts.length, usage));
  const entries = new Uint32Array(ENTRY_WORDS * parts.length);
  const dispatches = parts.map((part, i) => {
    const options = dispatch(part);
    const [x, y = 1, z = 1] = options.workgroups;
    const { layers, first, last } = reachOfBand(image.geometry, part.band, unit);
    const places = [layers.begin, layers.end, first, last, part.window.begin, part.window.end];
    entries.set([...places, x, y, z, part.condition!], ENTRY_WORDS * i);
    const indirect = { buffer: workgroups, offset: 12 * i };
    return owned.add(gpu.prepare(kernel(part), { ...options, indirect }));
  });
  const { geometry: { size }, knots, moving, origin, perVoxel } = image;
  const reached = owned.add(gpu.prepare(REACHED_WINDOWS, {
    parameters: {
      layer: size[0] * size[1],
      origin: origin[2],
      voxelsPerMm: perVoxel[2],
      last: moving.size[2] - 1,
    },
    buffers: [knots, owned.add(gpu.upload("windows", entries)), workgroups],
    workgroups: [parts.length],
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

/** Options of {@link reachedCellsReference}. */
export interface ReachedCellsOptions
  extends Pick<PulledImage, "geometry" | "moving" | "origin" | "perVoxel"> {
  /** Displacements in mm, 3 values per control point. */
  readonly knots: Float32Array;
  /** The planes of the fixed image. */
  readonly band: Slab;
}

/** The plain twin: the cells, by their first planes, that the displacements of a band may reach. */
export function reachedCellsReference(
  { geometry, knots, moving, origin, perVoxel, band }: ReachedCellsOptions,
): Slab {
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
  return {
    begin: cellOf(first + origin[2] + min - margin),
    end: cellOf(last + origin[2] + max + margin) + 1,
  };
}
