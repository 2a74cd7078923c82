/**
 * Damaged files: mutations of small valid files, and the readers that must either read each one or refuse it with an
 * error of this library.
 *
 * @module
 */

import type { RandomStream } from "../cohort/phantom/random.ts";
import { readManifest } from "../cohort/manifest.ts";
import { CrosswarpError } from "../host/errors.ts";
import { readSafetensors, writeSafetensors } from "../gan/model/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../registration/checkpoint.ts";
import { decodeTransform, encodeTransform } from "../registration/transform_file.ts";
import {
  type BestSetting,
  readBestSettings,
  settingsText,
} from "../study/grid_search/best_settings.ts";
import { counting, gzip, niftiFile } from "../testing/nifti_file.ts";
import { fuzzFormats } from "./fuzz_formats.ts";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { readDisplacementField } from "../volume/read_displacement_field.ts";
import { readNifti, readNiftiLabels } from "../volume/read_nifti.ts";

/** A valid file, and the reader of its kind. */
export interface FuzzSeed {
  /** The kind of file, for reports. */
  readonly name: string;
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Reads bytes that may be damaged. */
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

/** What became of a damaged file. */
export interface FuzzOutcome {
  /** "read" or the name of the error's class; for a fault what is wrong. */
  readonly outcome: string;
  /** True if the reader did not end as it must. */
  readonly isFault: boolean;
  /** Time, ms. */
  readonly milliseconds: number;
}

/** Maximum time of a reader, ms. */
const MAX_MILLISECONDS = 2000;

/** Small files of all formats that the program reads. Files that need a path are written to `folder`. */
export async function fuzzSeeds(folder: string): Promise<FuzzSeed[]> {
  const int16 = counting((view, at, value) => view.setInt16(at, value, true));
  const float32 = counting((view, at, value) => view.setFloat32(at, value, true));
  const big = counting((view, at, value) => view.setInt16(at, value, false));
  const qform = { code: 1, b: 0, c: 0, d: 0.6, offset: [1, 2, 3], qfac: -1 };
  const shorts = { type: 4, bits: 16 };
  const options = { onNotice: () => {} };
  const image = (bytes: Uint8Array) => readNifti(bytes, "image", options);
  const labels = (bytes: Uint8Array) => readNiftiLabels(bytes, "labels", options);
  const atPath =
    (name: string, read: (path: string) => Promise<unknown>) => async (bytes: Uint8Array) => {
      const path = `${folder}/${name}`;
      await Deno.writeFile(path, bytes);
      return await read(path);
    };
  const asText = (read: (text: string) => unknown) => (bytes: Uint8Array) =>
    Promise.resolve().then(() => read(new TextDecoder().decode(bytes)));
  const text = (value: string) => new TextEncoder().encode(value);
  const fieldFile = niftiFile({ dims: [5, 2, 2, 2, 1, 3], intent: 1006 }, float32);
  const identity = { "fixed image": "sha256 1" };
  const safetensors = `${folder}/seed.safetensors`;
  await writeSafetensors(safetensors, [
    { name: "scale", shape: [3], data: () => new Float32Array([1, 2, 3]) },
    { name: "filter", shape: [2, 2], data: () => new Float32Array([1, 2, 3, 4]) },
  ]);
  await Deno.writeTextFile(`${folder}/a_ct.nii.gz`, "");
  const manifest = {
    format: "crosswarp-cohort",
    version: 1,
    profile: "small",
    seed: 1,
    subjects: [{ id: "a", kind: "ct", images: { ct: "a_ct.nii.gz" }, labels: {} }],
  };
  const transform = encodeTransform({
    rigid: IDENTITY,
    fixedGrid: Grid.axisAligned([3, 2, 2], [1, 1, 1]),
    movingGrid: Grid.axisAligned([2, 2, 2], [2, 1, 1]),
  });
  const setting: BestSetting = {
    similarity: "nmi",
    region: "thorax",
    regulariser: "tv",
    lambda: 0.1,
    spacing: 10,
    levels: 3,
    voxel: 4,
    iterations: 50,
    dice: 0.9,
  };
  return [
    { name: "NIfTI int16", bytes: niftiFile(shorts, int16), read: image },
    {
      name: "NIfTI int16, big-endian",
      bytes: niftiFile({ ...shorts, little: false }, big),
      read: image,
    },
    {
      name: "NIfTI int16, scaled",
      bytes: niftiFile({ ...shorts, slope: 0.5, intercept: 3 }, int16),
      read: image,
    },
    { name: "NIfTI float32, qform", bytes: niftiFile({ qform }, float32), read: image },
    { name: "NIfTI with an extension", bytes: niftiFile({ extension: 32 }, float32), read: image },
    { name: "NIfTI-2", bytes: niftiFile({ second: true, qform }, float32), read: image },
    {
      name: "NIfTI, gzip",
      bytes: await gzip(niftiFile({ dims: [3, 9, 8, 7] }, float32)),
      read: image,
    },
    {
      name: "NIfTI, damaged before gzip",
      bytes: niftiFile(shorts, int16),
      read: async (bytes) => await image(await gzip(bytes)),
    },
    { name: "NIfTI labels", bytes: niftiFile(shorts, int16), read: labels },
    { name: "NIfTI labels, gzip", bytes: await gzip(niftiFile(shorts, int16)), read: labels },
    {
      name: "NIfTI field",
      bytes: fieldFile,
      read: atPath("field.nii", (path) => readDisplacementField(path, options)),
    },
    { name: "transform", bytes: text(transform), read: asText(decodeTransform) },
    {
      name: "checkpoint of a registration",
      bytes: text(encodeCheckpoint(identity, {})),
      read: asText((value) => decodeCheckpoint(value, identity)),
    },
    {
      name: "manifest",
      bytes: text(JSON.stringify(manifest)),
      read: atPath("cohort.json", readManifest),
    },
    {
      name: "settings",
      bytes: text(settingsText([setting])),
      read: atPath("best.json", readBestSettings),
    },
    {
      name: "safetensors",
      bytes: await Deno.readFile(safetensors),
      read: atPath("a.safetensors", (path) => readSafetensors(path)),
    },
    ...await fuzzFormats(folder),
  ];
}

/** Damages bytes: bits, bytes, words, pieces, numbers in a text, the length. */
export function mutated(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const at = (length: number) => Math.min(length - 1, Math.floor(random.between(0, length)));
  let out: Uint8Array = bytes.slice();
  const count = 1 + at(4);
  for (let i = 0; i < count; i++) {
    // Headers decide more than voxels: half of the damage lies in the first 352 bytes.
    const place = at(random.between(0, 1) < 0.5 ? Math.min(352, out.length) : out.length);
    const kind = at(8);
    if (kind === 0) out[place] ^= 1 << at(8);
    if (kind === 1) out[place] = at(256);
    if (kind === 2) out[place] = [0, 0xff, 0x7f, 0x80][at(4)];
    if (kind === 3) out.fill([0, 0xff][at(2)], place, Math.min(out.length, place + 4));
    if (kind === 4) out = out.slice(0, Math.max(1, place));
    if (kind === 5) {
      out = joined(out.slice(0, place), out.slice(Math.min(out.length, place + at(9))));
    }
    if (kind === 6) out = joined(out.slice(0, place), out.slice(Math.max(0, place - at(40))));
    if (kind === 7) out = joined(out, out.slice(0, at(out.length)));
  }
  return out;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.max(1, a.length + b.length));
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Reads a damaged file and judges how the reader ended. */
export async function fuzzOne({ read }: FuzzSeed, bytes: Uint8Array): Promise<FuzzOutcome> {
  const began = performance.now();
  let outcome = "read";
  let isFault = false;
  try {
    await read(bytes);
  } catch (error) {
    const { name, message } = error as Error;
    outcome = name;
    if (!(error instanceof CrosswarpError)) {
      outcome = `${name}: ${message}`;
      isFault = true;
      // deno-lint-ignore no-control-regex
    } else if (/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(message) || message.length > 1500) {
      outcome = `${name} with bytes of the file in its message`;
      isFault = true;
    }
  }
  const milliseconds = performance.now() - began;
  if (milliseconds <= MAX_MILLISECONDS) return { outcome, isFault, milliseconds };
  return { outcome: `${outcome} after ${milliseconds.toFixed(0)} ms`, isFault: true, milliseconds };
}
