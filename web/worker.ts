/**
 * The worker of the page: it reads files, registers, and makes the files of the result, so that the page stays
 * responsive.
 *
 * @module
 */

import { ImageFileError } from "../volume/nifti_errors.ts";
import type { HeaderMatrix, ReadOptions } from "../volume/read_options.ts";
import { readDicomFiles, readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { RegisterInputs } from "../workflows/register_files.ts";
import { demoImage } from "./demo_pair.ts";
import {
  type AdapterReport,
  copyOf,
  type FileToRead,
  type InputName,
  INPUTS,
  isIntensity,
  labelsOf,
  type Outcome,
  type Requests,
  type SentImage,
  volumeOf,
} from "./protocol.ts";
import { runRegistration } from "./run_registration.ts";
import { serveRequests } from "./worker_loop.ts";

/** An input, with the warnings about its file. */
interface Input {
  readonly image: Volume | LabelVolume;
  readonly notices: readonly string[];
}

const inputs = new Map<InputName, Input>();
/** The latest read of each input. Requests overlap, and a slow read must not replace what came after it. */
const reads = new Map<InputName, object>();
/** The files of the last registration. */
let files: Readonly<Record<string, () => Promise<Uint8Array>>> = {};

serveRequests<Requests>({
  adapter: async () => ({ result: await adapterReport() }),
  read: async ({ input, ...given }) => {
    const read = {};
    reads.set(input, read);
    inputs.delete(input);
    const { image, notices } = isIntensity(input)
      ? await readImage(given)
      : await readLabels(given);
    if (reads.get(input) !== read) {
      throw new DOMException("Another file has taken the place of this one", "AbortError");
    }
    inputs.set(input, { image, notices });
    const sent = copyOf(given.file.name, image);
    return { result: { image: sent, notices }, transfer: [bufferOf(sent)] };
  },
  readImage: async (given) => {
    const { image: { grid: { size, affine }, data }, notices } = await readImage(given);
    const image: SentImage = { name: given.file.name, grid: { size, affine }, data };
    return { result: { image, notices }, transfer: [bufferOf(image)] };
  },
  put: ({ input, image, notices }) => {
    reads.delete(input);
    inputs.set(input, {
      image: isIntensity(input) ? volumeOf(image) : labelsOf(image),
      notices,
    });
    return { result: undefined };
  },
  remove: ({ input }) => {
    reads.delete(input);
    inputs.delete(input);
    return { result: undefined };
  },
  demo: async (_, { signal, onProgress }) => {
    const made = new Map<InputName, Volume | LabelVolume>();
    const images: Partial<Record<InputName, SentImage>> = {};
    // A message that stops the work is received here.
    const checkStop = async () => {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    };
    for (const [index, modality] of (["mr", "ct"] as const).entries()) {
      const stage = `Making the phantom's ${modality.toUpperCase()}`;
      onProgress({ part: "demo", stage, share: index / 2 });
      await checkStop();
      const { image, labels } = demoImage(modality);
      const name = modality === "mr" ? "fixed" : "moving";
      images[name] = copyOf(`phantom_${modality}.nii.gz`, image);
      images[`${name}Labels`] = copyOf(`phantom_${modality}_labels.nii.gz`, labels);
      made.set(name, image).set(`${name}Labels`, labels);
    }
    await checkStop();
    // All inputs change together: work that was stopped changes none.
    reads.clear();
    inputs.clear();
    for (const [input, image] of made) inputs.set(input, { image, notices: [] });
    return { result: { images }, transfer: Object.values(images).map(bufferOf) };
  },
  register: async ({ args, memoryBytes }, { signal, onProgress }) => {
    files = {};
    const given = Object.fromEntries(
      INPUTS.map((input) => [input, inputs.get(input)?.image]),
    ) as unknown as RegisterInputs;
    const notices = INPUTS.flatMap((input) => inputs.get(input)?.notices ?? []);
    const run = await runRegistration({
      inputs: given,
      args,
      memoryBytes,
      notices,
      signal,
      onProgress,
    });
    files = run.files;
    return { result: run.outcome, transfer: buffersOf(run.outcome) };
  },
  encode: async ({ file }) => {
    const encode = files[file];
    if (encode === undefined) {
      throw new Error(`The result with ${file} is not there any more. Register again.`);
    }
    const bytes = await encode();
    // A copy, because some files exist once and can be saved again.
    const result = bytes.slice();
    return { result, transfer: [result.buffer] };
  },
});

async function adapterReport(): Promise<AdapterReport> {
  const { gpu } = navigator as { gpu?: GPU | undefined };
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  const info = adapter?.info as
    | (GPUAdapterInfo & { isFallbackAdapter?: boolean | undefined })
    | undefined;
  const description = info &&
    (info.description || [info.vendor, info.architecture].join(" ").trim() || "unnamed adapter");
  return {
    description,
    isSoftware: info?.isFallbackAdapter === true ||
      /llvmpipe|swiftshader|software|basic render/i.test(description ?? ""),
    hasWebGpu: gpu !== undefined,
  };
}

async function readImage(given: FileToRead): Promise<Input & { readonly image: Volume }> {
  const { file } = given;
  const { notices, options } = readOptions(given);
  const image = file instanceof File
    ? await readVolume(file, options)
    : await readDicomFiles(file.files, { name: file.name, ...options });
  return { image, notices };
}

async function readLabels(given: FileToRead): Promise<Input> {
  const { file } = given;
  if (!(file instanceof File)) {
    throw new ImageFileError(`${file.name} is a folder. Give labels and masks as one file.`);
  }
  const { notices, options } = readOptions(given);
  return { image: await readLabelVolume(file, options), notices };
}

function readOptions({ trust, series }: FileToRead) {
  const notices: string[] = [];
  const options: ReadOptions = {
    trust: trust as HeaderMatrix | undefined,
    series,
    onNotice: (notice) => void notices.push(notice),
  };
  return { notices, options };
}

function bufferOf({ data }: SentImage): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}

function buffersOf({ warped, warpedLabels, field, jacobian }: Outcome): Transferable[] {
  return [warped, warpedLabels, ...field, jacobian].flatMap((data) =>
    data === undefined ? [] : [data.buffer as ArrayBuffer]
  );
}
