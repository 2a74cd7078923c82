/**
 * Errors and missing requirements in words for the people at the page.
 *
 * @module
 */

import type { AdapterReport } from "./protocol.ts";

/** A heading and paragraphs. */
export interface Words {
  /** The heading. */
  readonly title: string;
  /** The paragraphs. */
  readonly paragraphs: readonly string[];
}

/**
 * The words for a browser that can neither register nor synthesise.
 *
 * @param isSecure - True if the page is on https, localhost or this computer.
 * @returns undefined if the browser can do both.
 */
export function unavailableWords(
  { hasWebGpu, description }: AdapterReport,
  isSecure: boolean,
): Words | undefined {
  if (description !== undefined) return undefined;
  if (!isSecure) {
    return {
      title: "This address is not secure, so the browser hides WebGPU",
      paragraphs: [
        "Open the page over https, on localhost, or as a file from this computer.",
      ],
    };
  }
  const have =
    "Browsers that run this page: Chrome and Edge 123 or newer (Windows, macOS, ChromeOS, Android 12), " +
    "Safari 26 (macOS, iPhone, iPad), Firefox 141 on Windows and Firefox 145 on Macs with Apple's processors.";
  const onLinux =
    "On Linux, start Chrome with --enable-unsafe-webgpu --enable-features=Vulkan, or set " +
    "chrome://flags/#enable-unsafe-webgpu to Enabled.";
  const instead =
    "You can look at images here without WebGPU. The command line does the same: crosswarp register and " +
    "crosswarp synthesise.";
  if (!hasWebGpu) {
    return {
      title: "This browser has no WebGPU, so it can neither register nor synthesise",
      paragraphs: [
        have,
        onLinux,
        "In Firefox, set dom.webgpu.enabled to true in about:config. In Safari 18, switch on WebGPU under " +
        "Develop, Feature Flags.",
        instead,
      ],
    };
  }
  return {
    title: "This browser has WebGPU, but finds no graphics card for it",
    paragraphs: [
      "Switch on hardware acceleration in the browser's settings, update the driver of the graphics card, and start " +
      "the browser again. chrome://gpu tells why a card is not used.",
      onLinux,
      instead,
    ],
  };
}

/** The words for files that are dropped during a registration or a synthesis. */
export const DROPPED_WHILE_RUNNING: Words = {
  title: "These files were not taken",
  paragraphs: [
    "The page is working on the earlier ones. Drop the files again afterwards, or cancel first.",
  ],
};

/** The work of the page in words. */
export interface WorkWords {
  /** The heading of an error that has no heading of its own. */
  readonly title: string;
  /** The verb that starts the work. */
  readonly verb: string;
  /** The way to do it with less memory and time on the graphics card. */
  readonly lighter: string;
}

/** The words of a registration. */
export const REGISTRATION_WORDS: WorkWords = {
  title: "This cannot be registered",
  verb: "register",
  lighter: "choose a coarser --resolution",
};

/** The words of a synthesis. */
export const SYNTHESIS_WORDS: WorkWords = {
  title: "This cannot be synthesised",
  verb: "synthesise",
  lighter: "choose --stitch cheap",
};

/**
 * The words for an error.
 *
 * @param kind - Its class in the worker.
 * @param work - The words of the work that failed.
 */
export function errorWords(
  kind: string,
  message: string,
  { title, verb, lighter }: WorkWords = REGISTRATION_WORDS,
): Words {
  const [line] = message.split("\nRun `");
  switch (kind) {
    case "GpuLostError":
      return {
        title: "The graphics card was lost",
        paragraphs: [
          "The browser or the driver has stopped the work on it. Your images are still here.",
          `Close other programs that use the graphics card, or ${lighter}, and ${verb} again.`,
        ],
      };
    case "GpuUnavailableError":
      return {
        title: "No graphics card",
        paragraphs: ["The browser finds no graphics card for WebGPU. Load the page again."],
      };
    case "GpuMemoryError":
      return { title: "Too little memory on the graphics card", paragraphs: [line] };
    case "MemoryError":
      return { title: "Too little memory", paragraphs: [line] };
    case "GpuValidationError":
      return {
        title: "The graphics driver refused a command",
        paragraphs: [
          "This is a fault of crosswarp or of the driver. Please report it with this text:",
          line,
        ],
      };
    case "UsageError":
      return { title: "A parameter is wrong", paragraphs: [line] };
    case "WorkerError":
      return {
        title: "The work stopped unexpectedly",
        paragraphs: [line, "The browser may have run out of memory. Load the page again."],
      };
    case "RangeError":
      if (/allocation|array (buffer )?length/i.test(line)) {
        return {
          title: "Too little memory",
          paragraphs: [
            "The browser could not get the memory for this work. Close other tabs, or resample the images to larger voxels.",
          ],
        };
      }
      return { title, paragraphs: [line] };
    default:
      return { title, paragraphs: [line] };
  }
}
