/**
 * Chromium for tests of the page, with WebGPU on the processor.
 *
 * @module
 */

import type { Browser } from "playwright-core";

/** Where distributions install Chromium. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The descriptions of SwiftShader for the Vulkan loader, which come with the browsers. */
const SWIFTSHADERS = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/opt/google/chrome/vk_swiftshader_icd.json",
];

/** The program of Chromium; undefined if it is not installed. */
export const CHROMIUM: string | undefined = PLACES.find(exists);

/** SwiftShader's description for `VK_DRIVER_FILES`; undefined if there is none. */
export const SWIFTSHADER_ICD: string | undefined = SWIFTSHADERS.find(exists);

/** The end of the name of a test that cannot run without Chromium. */
export const WITHOUT_CHROMIUM: string = CHROMIUM === undefined
  ? " (ignored: Chromium is not installed)"
  : "";

/** Options of {@link launchChromium}. */
export interface LaunchOptions {
  /** False for a browser as on a computer without WebGPU. Default true: WebGPU runs on SwiftShader. */
  readonly hasWebGpu?: boolean | undefined;
}

/** Starts Chromium without a window. The caller closes it. */
export async function launchChromium({ hasWebGpu = true }: LaunchOptions = {}): Promise<Browser> {
  const webGpu = hasWebGpu
    ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
    : ["--disable-features=WebGPU", "--disable-gpu", "--disable-blink-features=WebGPU"];
  if (CHROMIUM === undefined) throw new Error(`Chromium is not at ${PLACES.join(", ")}`);
  // Else a part of Playwright looks into /proc/sys, which Deno permits only together with everything.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    // A root user, as in containers, has no sandbox.
    args: ["--no-sandbox", ...webGpu],
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
