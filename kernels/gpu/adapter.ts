/**
 * The WebGPU adapter of the runtime: Deno and browsers have WebGPU, Node and Bun get it from the npm package `webgpu`.
 *
 * @module
 */

import { RUNTIME, type Runtime } from "../../host/runtime.ts";
import { GpuUnavailableError } from "./errors.ts";

/**
 * Defines the global constants and classes of WebGPU that Node and Bun lack, from the npm package `webgpu`. An adapter
 * or device that comes from outside needs them, too, and so does tfjs.
 */
export async function defineGlobals(): Promise<void> {
  if ("GPUBufferUsage" in globalThis) return;
  const { globals = {} } = await loadPackage() ?? {};
  for (const [name, value] of Object.entries(globals)) {
    if (name in globalThis) continue;
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/**
 * Asks for the high-performance adapter.
 *
 * @throws {GpuUnavailableError} when there is no WebGPU or no adapter. The message fits the runtime.
 */
export async function findAdapter(): Promise<GPUAdapter> {
  const gpu = globalThis.navigator?.gpu ?? await packageGpu();
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (adapter) return adapter;
  throw new GpuUnavailableError(
    unavailableMessage({
      runtime: RUNTIME,
      hasWebGpu: gpu !== undefined,
      isSecure: globalThis.isSecureContext !== false,
    }),
  );
}

/** The properties of a runtime without an adapter that the message depends on. */
export interface WithoutAdapter {
  /** The runtime. */
  readonly runtime: Runtime;
  /** True if there is WebGPU, but no adapter. */
  readonly hasWebGpu: boolean;
  /** False in a web page that the browser does not trust with WebGPU. */
  readonly isSecure: boolean;
}

/** The message about a missing adapter: the cause and a remedy. */
export function unavailableMessage({ runtime, hasWebGpu, isSecure }: WithoutAdapter): string {
  switch (runtime) {
    case "browser":
      if (hasWebGpu) {
        return "This browser has WebGPU, but it found no graphics adapter. Turn on hardware acceleration in the " +
          "settings of the browser, and update the graphics driver.";
      }
      return isSecure
        ? "This browser has no WebGPU. Use a current version of Chrome, Edge, Safari or Firefox."
        : "This page has no WebGPU, because its address is not secure. Open it by https://, from localhost, or " +
          "from a file.";
    case "node":
    case "bun": {
      const name = runtime === "node" ? "Node" : "Bun";
      const command = runtime === "node" ? "npm i webgpu" : "bun add webgpu";
      return hasWebGpu
        ? "No WebGPU adapter was found. Install the driver of the graphics card, or a software driver (Mesa 25 or " +
          "newer; the package `webgpu` refuses older versions)."
        : `${name} has no WebGPU. Install the package that adds it: \`${command}\`.`;
    }
    case "deno":
      return "No WebGPU adapter was found. Install a Vulkan driver (Debian, Ubuntu: " +
        "`apt-get install mesa-vulkan-drivers libvulkan1` gives a software one), " +
        "then see what crosswarp's command `doctor` says.";
  }
}

/** The part of the npm package `webgpu` that is used. */
interface WebGpuPackage {
  create(options: string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** WebGPU of the package. It must remain referenced as long as it has devices. */
let ofPackage: GPU | undefined;

/** WebGPU of the npm package `webgpu`; undefined if it is not installed, and in other runtimes. */
async function packageGpu(): Promise<GPU | undefined> {
  return ofPackage ??= (await loadPackage())?.create([]);
}

/**
 * The npm package `webgpu`; undefined if it is not installed, and in other runtimes.
 *
 * @throws {GpuUnavailableError} if the package is there, but cannot be loaded.
 */
async function loadPackage(): Promise<WebGpuPackage | undefined> {
  if (RUNTIME !== "node" && RUNTIME !== "bun") return undefined;
  // A name in a variable, because bundlers and publishing must not look for the optional package.
  const name = "webgpu";
  try {
    return await import(name);
  } catch (cause) {
    const { code, message } = cause as { code?: string | undefined; message: string };
    if (code === "ERR_MODULE_NOT_FOUND" && message.includes(name)) return undefined;
    throw new GpuUnavailableError(
      `The package \`${name}\` cannot be loaded: ${message}. Install it again.`,
      { cause },
    );
  }
}
