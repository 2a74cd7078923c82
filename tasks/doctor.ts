/**
 * `deno task doctor`: prints the properties of this machine that crosswarp needs, and the missing ones.
 *
 * @module
 */

import { RUNTIME, runtimeText } from "../host/runtime.ts";
import { findAdapter } from "../kernels/gpu/adapter.ts";
import { GpuUnavailableError } from "../kernels/gpu/errors.ts";
import { Gpu, type Kernel } from "../kernels/gpu/gpu.ts";
import { VERSION } from "../host/version.ts";
import type { FlagsOf, Program, TaskSpec } from "./_flags.ts";
import { adviceText, driverAdvice, hidingVariables, readMachine } from "./_driver_advice.ts";
import { errorMessage, runTask } from "./_run_task.ts";

/** The limits that the kernels need, with the required minimum of each. */
const LIMITS: readonly (readonly [keyof GPUSupportedLimits, min: number, unit: string])[] = [
  ["maxBufferSize", 256 * 2 ** 20, "bytes"],
  ["maxStorageBufferBindingSize", 128 * 2 ** 20, "bytes"],
  ["maxStorageBuffersPerShaderStage", 8, ""],
  ["maxComputeWorkgroupStorageSize", 16384, "bytes"],
  ["maxComputeInvocationsPerWorkgroup", 256, ""],
  ["maxComputeWorkgroupsPerDimension", 65535, ""],
  ["minStorageBufferOffsetAlignment", 0, "bytes"],
];

/** The optional features. */
const FEATURES: readonly (readonly [name: string, use: string])[] = [
  ["timestamp-query", "times kernels in the benchmarks"],
  ["shader-f16", "not needed so far"],
];

/** Squares whole numbers, to test that a dispatch computes correctly. */
const SQUARE: Kernel = {
  label: "square",
  code: /* wgsl */ `
    struct Parameters { count: u32 }
    @group(0) @binding(0) var<uniform> parameters: Parameters;
    @group(0) @binding(1) var<storage, read_write> values: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < parameters.count) { values[id.x] = id.x * id.x; }
    }`,
};

/** The declaration of `deno task doctor`. */
export const TASK = {
  name: "doctor",
  summary:
    "Prints the GPU adapter, its driver, limits and features, the memory, and the missing requirements.",
  flags: {},
  details: "The exit code is 0 if crosswarp can run on this machine, and 1 otherwise.",
} as const satisfies TaskSpec;

/** The work of `deno task doctor`. */
export async function main(
  _flags: FlagsOf<typeof TASK>,
  _signal: AbortSignal,
  program: Program,
): Promise<number> {
  const missing: string[] = [];
  print("crosswarp", VERSION);
  print("Runtime", runtimeText());
  print("System", `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`);
  const memory = Deno.systemMemoryInfo();
  print("Memory", `${gibibytes(memory.available)} available of ${gibibytes(memory.total)}`);
  print("Backend", backend());
  print("Vulkan drivers", vulkanDrivers());

  const adapter = await findAdapter().catch((error) => {
    if (error instanceof GpuUnavailableError) return error;
    throw error;
  });
  if (adapter instanceof GpuUnavailableError && RUNTIME !== "deno") {
    print("Adapter", "none");
    missing.push(adapter.message);
  } else if (adapter instanceof GpuUnavailableError) {
    print("Adapter", "none");
    // Only a clone has the task `setup`, which installs a driver where it can.
    const isClone = program === "deno task";
    missing.push(isClone ? "A WebGPU adapter. Run `deno task setup`." : "A WebGPU adapter.");
    const advice = driverAdvice(readMachine());
    if (advice.kind === "message" || !isClone) missing.push(adviceText(advice));
    const variables = hidingVariables();
    if (variables.length > 0) missing.push(`Drivers may be hidden by ${variables.join(" and ")}.`);
  } else {
    const { info } = adapter;
    const isFallback =
      (info as { isFallbackAdapter?: boolean | undefined }).isFallbackAdapter === true;
    print("Adapter", info.description || "unnamed");
    print(
      "",
      `vendor ${info.vendor || "unknown"}, device ${info.device || "unknown"}, ` +
        (isFallback ? "software on the processor" : "hardware"),
    );
    for (const [name, min, unit] of LIMITS) {
      const value = adapter.limits[name] as number;
      print(name, `${value} ${unit}`.trim());
      if (value < min) missing.push(`${name} is ${value}; at least ${min} is needed.`);
    }
    for (const [name, use] of FEATURES) {
      const has = (adapter.features as ReadonlySet<string>).has(name);
      print(name, `${has ? "yes" : "no"} (optional: ${use})`);
    }
    try {
      print(
        "A dispatch",
        `correct result, in ${await tryDispatch()} ms with the start of the device`,
      );
    } catch (error) {
      print("A dispatch", "failed");
      missing.push(errorMessage(error));
    }
  }
  if (missing.length === 0) {
    console.log("\nNothing is missing: crosswarp can run here.");
    return 0;
  }
  console.log("\nMissing:");
  for (const line of missing) console.log(`- ${line}`);
  return 1;
}

function print(name: string, value: string): void {
  console.log(`${name.padEnd(36)}${value}`);
}

/** The time in milliseconds from the request of a device to a checked result. */
async function tryDispatch(): Promise<string> {
  const start = performance.now();
  using gpu = await Gpu.open();
  const count = 1000;
  const buffer = gpu.buffer("squares", 4 * count);
  gpu.record("square").dispatch(SQUARE, {
    parameters: { count },
    buffers: [buffer],
    workgroups: [Math.ceil(count / 64)],
  }).submit();
  const values = new Uint32Array(await gpu.download(buffer, 0, 4 * count));
  buffer.destroy();
  const wrong = values.findIndex((value, index) => value !== index * index);
  if (wrong >= 0) {
    throw new Error(`The adapter computes wrongly: ${wrong} squared is ${values[wrong]}`);
  }
  return (performance.now() - start).toFixed(0);
}

function backend(): string {
  if (RUNTIME !== "deno") return "Dawn's choice (package webgpu)";
  const asked = Deno.env.get("DENO_WEBGPU_BACKEND");
  if (asked) return `${asked} (DENO_WEBGPU_BACKEND)`;
  return Deno.build.os === "darwin" ? "metal" : "Deno's choice (Direct3D 12 or Vulkan)";
}

/** The drivers that the Vulkan loader finds in its usual folders, with Mesa's version on Debian. */
function vulkanDrivers(): string {
  if (Deno.build.os !== "linux") return "not looked for on this system";
  const hidden = hidingVariables();
  if (hidden.length > 0) return `as set by ${hidden.join(" and ")}`;
  const names: string[] = [];
  for (const folder of ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d"]) {
    try {
      for (const entry of Deno.readDirSync(folder)) names.push(entry.name.split(/[_.]/)[0]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  if (names.length === 0) return "none found in /etc/vulkan/icd.d or /usr/share/vulkan/icd.d";
  const version = debianVersion("mesa-vulkan-drivers");
  return [...new Set(names)].sort().join(", ") +
    (version === undefined ? "" : ` (Mesa ${version})`);
}

/** The version of an installed Debian package; undefined for a missing package and on other systems. */
function debianVersion(name: string): string | undefined {
  try {
    const status = Deno.readTextFileSync("/var/lib/dpkg/status");
    const entry = status.split("\n\n").find((text) => text.startsWith(`Package: ${name}\n`));
    if (entry === undefined || !/^Status: install ok installed$/m.test(entry)) return undefined;
    return /^Version: (.*)$/m.exec(entry)?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

if (import.meta.main) await runTask(TASK, main);
