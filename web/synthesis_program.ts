/**
 * The program of the synthesis. It is in a file next to the page, because tfjs alone is larger than the page, and it is
 * loaded when a person asks for a synthesis.
 *
 * @module
 */

import { make } from "./dom.ts";

/** The name of the file. */
export const SYNTHESIS_FILE = "crosswarp-synthesis.js";

/** The name of the element `meta` of the page that has the hash of the program. */
export const SYNTHESIS_HASH = "synthesis-program";

/** The variable in which the file leaves the program. */
const VARIABLE = "crosswarpSynthesis";

/** A program that is missing, or does not belong to the page. */
export class SynthesisProgramError extends Error {
  /** The error's name. */
  override name = "SynthesisProgramError";
}

/**
 * The text of the file. It is a script that holds the program of a worker as a text, because a page that was opened
 * from a disk can neither read a file next to it nor start a worker from it.
 */
export function synthesisFile(program: string): string {
  return `globalThis.${VARIABLE} = ${JSON.stringify(program)};\n`;
}

/** The hash of a text, as content security policies write it. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const bytes = String.fromCharCode(...new Uint8Array(digest));
  return `sha256-${btoa(bytes)}`;
}

/**
 * Narrows the scripts that the page may load to the one file. It must be called before a worker starts, because workers
 * take the policy of the page at that time. A page from a disk needs no narrower policy: it has no server, and Chromium
 * does not compare the paths of such files.
 */
export function permitOnlySynthesisFile(): void {
  if (location.protocol === "file:") return;
  const { origin, pathname } = new URL(SYNTHESIS_FILE, document.baseURI);
  // These two separate parts of a policy.
  const path = pathname.replaceAll(";", "%3B").replaceAll(",", "%2C");
  document.head.append(
    make("meta", {
      httpEquiv: "Content-Security-Policy",
      content: `script-src ${origin}${path}; worker-src blob:`,
    }),
  );
}

let loading: Promise<string> | undefined;

/**
 * Loads the program, once.
 *
 * @throws {SynthesisProgramError} if the file is missing, or is of another build than the page. A later call tries again.
 */
export function loadSynthesisProgram(): Promise<string> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<string> {
  const expected = document.querySelector<HTMLMetaElement>(`meta[name=${SYNTHESIS_HASH}]`)!.content;
  const address = new URL(SYNTHESIS_FILE, document.baseURI);
  // A browser must not take the file of an earlier build from its cache.
  if (location.protocol !== "file:") address.search = `?${encodeURIComponent(expected)}`;
  const script = make("script", { src: address.href });
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(missing());
    document.head.append(script);
  });
  script.remove();
  const scope = globalThis as { [VARIABLE]?: unknown };
  const program = scope[VARIABLE];
  delete scope[VARIABLE];
  if (typeof program !== "string") throw missing();
  if (await hashOf(program) === expected) return program;
  throw new SynthesisProgramError(
    `The file ${SYNTHESIS_FILE} does not belong to this page: it is of another version. Copy both files of one build into ` +
      "one folder, and load the page again.",
  );
}

function missing(): SynthesisProgramError {
  return new SynthesisProgramError(
    `The file ${SYNTHESIS_FILE} cannot be loaded. It is not in the folder of the page, or the server of the page does ` +
      "not answer. The file is built together with the page: copy it there, and load the page again.",
  );
}
