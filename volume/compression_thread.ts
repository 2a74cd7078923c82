/**
 * A thread that compresses the voxels of image files, and the pixels of pictures, while this thread does other work. It
 * gives the bytes of {@link gzip}, and those of zlib.
 *
 * @module
 */

import { nodeModule, RUNTIME } from "../host/runtime.ts";
import { gzip } from "./gzip.ts";

/** An image file that is not compressed. */
export interface UncompressedFile {
  /** The bytes; they must be the whole buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of bytes before the voxels, a multiple of 4. */
  readonly headerBytes: number;
  /** True if the voxels are float32. */
  readonly isFloat: boolean;
}

/** Bytes for the format of zlib, as in PNG files. */
interface ZlibData {
  /** The bytes; they must be the whole buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The level of the compression, 0 to 9. */
  readonly level: number;
}

/** A request to the thread, and its answer: the compressed bytes, or the message of an error. */
interface Request {
  readonly id: number;
  readonly work: UncompressedFile | ZlibData;
}
interface Answer {
  /** The number of the request; absent when the thread is ready. */
  readonly id?: number | undefined;
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
  readonly error?: string | undefined;
}

/** The bytes of the compressed file. */
async function compress(work: UncompressedFile | ZlibData): Promise<Uint8Array<ArrayBuffer>> {
  if ("level" in work) {
    const { bytes, level } = work;
    // The thread runs in Deno alone, which has zlib; a copy, because the result may be a part of a shared buffer.
    return Uint8Array.from(nodeModule("node:zlib")!.deflateSync(bytes, { level }));
  }
  const { bytes, headerBytes, isFloat } = work;
  const header = bytes.subarray(0, headerBytes);
  const voxels = bytes.subarray(headerBytes);
  const data = isFloat ? new Float32Array(bytes.buffer, headerBytes, voxels.length / 4) : voxels;
  return await gzip(header, data);
}

/** The thread. */
export class CompressionThread implements Disposable {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array<ArrayBuffer>>>();
  #next = 0;
  #error: Error | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data: { id, bytes, error } }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(id!);
      this.#waiting.delete(id!);
      if (bytes === undefined) waiting?.reject(new Error(error));
      else waiting?.resolve(bytes);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(event.message);
      this.#error = error;
      this.#waiting.forEach(({ reject }) => reject(error));
      this.#waiting.clear();
    };
  }

  /**
   * Starts the thread.
   *
   * @returns undefined where it cannot run: in other runtimes than Deno, and without the permission to read its module.
   */
  static async open(): Promise<CompressionThread | undefined> {
    if (RUNTIME !== "deno") return undefined;
    try {
      const worker = new Worker(new URL(import.meta.url), { type: "module" });
      const isReady = await new Promise<boolean>((resolve) => {
        worker.onmessage = () => resolve(true);
        worker.onerror = (event) => {
          event.preventDefault();
          resolve(false);
        };
      });
      if (isReady) return new CompressionThread(worker);
      worker.terminate();
    } catch {
      // The caller compresses by itself.
    }
    return undefined;
  }

  /** Compresses a file. Its bytes move to the thread: afterwards they are empty here. */
  compress({ bytes, headerBytes, isFloat }: UncompressedFile): Promise<Uint8Array<ArrayBuffer>> {
    return this.#request({ bytes, headerBytes, isFloat });
  }

  /** Compresses bytes in the format of zlib. They move to the thread: afterwards they are empty here. */
  deflate(bytes: Uint8Array<ArrayBuffer>, level: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#request({ bytes, level });
  }

  #request(work: UncompressedFile | ZlibData): Promise<Uint8Array<ArrayBuffer>> {
    // A thread that has failed never answers.
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const id = this.#next++;
    const waiting = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#waiting.set(id, waiting);
    this.#worker.postMessage({ id, work } satisfies Request, [work.bytes.buffer]);
    return waiting.promise;
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** Answers requests if this module is the program of a thread. */
function serve(): void {
  if (RUNTIME !== "deno" || globalThis.location?.href !== import.meta.url) return;
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Request>) => void;
    postMessage: (answer: Answer, transfer?: Transferable[]) => void;
  };
  // One after the other: compressing is work of this thread alone.
  let last: Promise<void> = Promise.resolve();
  scope.onmessage = ({ data: { id, work } }) => {
    last = last.then(async () => {
      try {
        const bytes = await compress(work);
        scope.postMessage({ id, bytes }, [bytes.buffer]);
      } catch (error) {
        scope.postMessage({ id, error: (error as Error).message });
      }
    });
  };
  scope.postMessage({});
}

serve();
