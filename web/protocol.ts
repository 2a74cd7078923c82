/**
 * The messages between the page and its worker. The page sends requests; the worker answers each of them once, with a
 * result or an error, and may report progress before. Volumes travel as copies whose buffers change their owner.
 *
 * @module
 */

import type { LabelOverlap } from "../registration/register.ts";
import type { RegistrationQuality } from "../registration/quality.ts";
import type { Matrix4, Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";

/** The inputs of a registration, by the names of the flags of `register`. */
export const INPUTS = [
  "fixed",
  "moving",
  "movingLabels",
  "fixedLabels",
  "movingMask",
  "fixedMask",
] as const;

/** An input of a registration. */
export type InputName = typeof INPUTS[number];

/** Says whether an input holds intensities. The others hold labels. */
export function isIntensity(input: InputName): input is "fixed" | "moving" {
  return input === "fixed" || input === "moving";
}

/** A grid as a message can hold it. */
export interface SentGrid {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Voxel index to RAS millimetres. */
  readonly affine: Matrix4;
}

/** An image or label image as a message can hold it. */
export interface SentImage<Data extends Float32Array | Int32Array = Float32Array | Int32Array> {
  /** The file's name. */
  readonly name: string;
  /** The grid of the voxels. */
  readonly grid: SentGrid;
  /** The voxels, x fastest. */
  readonly data: Data;
}

/** The files of a folder, which contains a DICOM series. */
export interface GivenFolder {
  /** The folder's name. */
  readonly name: string;
  /** The files in it and in its subfolders. */
  readonly files: readonly File[];
}

/** An input of the user. */
export type GivenFile = File | GivenFolder;

/** The adapter of this computer. */
export interface AdapterReport {
  /** The adapter's name; undefined if there is none. */
  readonly description?: string | undefined;
  /** True if the adapter is software that runs on the processor. */
  readonly isSoftware: boolean;
  /** True if this browser has the interface WebGPU. */
  readonly hasWebGpu: boolean;
}

/** The result of a registration, as far as the page shows it. */
export interface Outcome {
  /** The warped moving image on the fixed grid. */
  readonly warped: Float32Array;
  /** The warped labels on the fixed grid. */
  readonly warpedLabels?: Int32Array | undefined;
  /** The displacement field on the fixed grid, RAS mm. */
  readonly field: DisplacementField["components"];
  /** The Jacobian determinant on the fixed grid. */
  readonly jacobian: Float32Array;
  /** The rigid part of the map, fixed RAS mm to moving RAS mm. */
  readonly rigid: Matrix4;
  /** The verdict on the registration. */
  readonly quality: RegistrationQuality;
  /** Dice of every label; empty without labels of both images. */
  readonly overlap: readonly LabelOverlap[];
  /** Voxels whose Jacobian determinant is 0 or less, percent. */
  readonly foldedPercent: number;
  /** Standard deviation of the logarithm of the Jacobian determinant. */
  readonly sdLog: number;
  /** Mean inverse-consistency error of mind-gauss-newton, mm. */
  readonly inverseConsistency?: number | undefined;
  /** The names of the files that can be saved. */
  readonly files: readonly string[];
  /** The time of the registration, seconds. */
  readonly seconds: number;
  /** The warnings about the input files, one line each. */
  readonly notices: readonly string[];
}

/** A file that the page asks the worker to read. */
export interface FileToRead {
  /** The file or folder. */
  readonly file: GivenFile;
  /** The matrix to trust; undefined if none is chosen. */
  readonly trust: string | undefined;
  /** The number of the DICOM series, from 1; undefined if none is chosen. */
  readonly series: string | undefined;
}

/** An image that was read. */
export interface ReadImage {
  /** A copy of the image. */
  readonly image: SentImage;
  /** The warnings about its file, one line each. */
  readonly notices: readonly string[];
}

/** For each kind of request, its content and the content of its answer. */
export interface Requests {
  /** Asks for the adapter. */
  readonly adapter: { readonly ask: undefined; readonly answer: AdapterReport };
  /** Reads a file as an input. */
  readonly read: {
    readonly ask: FileToRead & { readonly input: InputName };
    readonly answer: ReadImage;
  };
  /** Reads an image that is no input of a registration. */
  readonly readImage: { readonly ask: FileToRead; readonly answer: ReadImage };
  /** Gives an input that the page has already. */
  readonly put: {
    readonly ask: {
      readonly input: InputName;
      readonly image: SentImage;
      /** The warnings about its file. */
      readonly notices: readonly string[];
    };
    readonly answer: undefined;
  };
  /** Removes an input. */
  readonly remove: { readonly ask: { readonly input: InputName }; readonly answer: undefined };
  /** Makes the phantom pair and takes it as the inputs. */
  readonly demo: {
    readonly ask: undefined;
    readonly answer: { readonly images: Readonly<Partial<Record<InputName, SentImage>>> };
  };
  /** Registers the inputs. */
  readonly register: {
    readonly ask: {
      /** The command line of `register`. */
      readonly args: readonly string[];
      /** Bytes that the GPU may hold; undefined if unknown. */
      readonly memoryBytes: number | undefined;
    };
    readonly answer: Outcome;
  };
  /** Makes the bytes of a file of the last registration. */
  readonly encode: { readonly ask: { readonly file: string }; readonly answer: Uint8Array };
}

/** Kinds of requests by their names. */
export type RequestKinds<R> = {
  readonly [K in keyof R]: { readonly ask: unknown; readonly answer: unknown };
};

/** A message from the page: a request, or the wish to stop one. */
export type Ask =
  | { readonly id: number; readonly name: string; readonly ask: unknown }
  | { readonly id: number; readonly isCancel: true };

/** The progress of long work. */
export interface WorkProgress {
  /** The name of the stage, for people. */
  readonly stage: string;
  /** The kind of work. */
  readonly part: "demo" | "synthesis" | "rigid" | "level" | "results";
  /** The level, from 0. */
  readonly level?: number | undefined;
  /** Number of levels. */
  readonly levels?: number | undefined;
  /** The finished share of the level or stage, 0 to 1. */
  readonly share?: number | undefined;
  /** The current cost of the deformable registration. */
  readonly cost?: number | undefined;
}

/** A message from the worker. */
export interface Answer {
  /** The number of the request. */
  readonly id: number;
  /** The progress so far; the request goes on. */
  readonly progress?: WorkProgress | undefined;
  /** The result. The request has ended. */
  readonly result?: unknown;
  /** The error. The request has ended. */
  readonly error?: SentError | undefined;
}

/** An error as a message holds it. */
export interface SentError {
  /** The name of its class. */
  readonly kind: string;
  /** The message. */
  readonly message: string;
  /** The DICOM series among which the user must choose, one line each. */
  readonly series?: readonly string[] | undefined;
}

/** The volume of a message. */
export function volumeOf(image: SentImage): Volume {
  return { grid: gridOf(image.grid), data: image.data as Float32Array };
}

/** The label image of a message. */
export function labelsOf(image: SentImage): LabelVolume {
  return { grid: gridOf(image.grid), data: image.data as Int32Array };
}

/** The grid of a message. */
export function gridOf({ size, affine }: SentGrid): Grid {
  return new Grid(size, affine);
}

/** A message that holds a copy of an image. */
export function copyOf(name: string, { grid, data }: Volume | LabelVolume): SentImage {
  return { name, grid: { size: grid.size, affine: grid.affine }, data: data.slice() };
}
