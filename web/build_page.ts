/**
 * Builds the page: one HTML file that holds its program, the program of its worker and its style, and a second file with
 * the program of the synthesis, which is larger than the page. A content security policy forbids every request except
 * that for the second file.
 *
 * @module
 */

import { hashOf, SYNTHESIS_HASH, synthesisFile } from "./synthesis_program.ts";

/** Packages with large programs that the page does without: the decoders of compressed DICOM images. */
const WITHOUT = ["@cornerstonejs/*"];

/** A file of the page that cannot be built. */
export class PageBuildError extends Error {
  /** The error's name. */
  override name = "PageBuildError";
}

/** The files of the page. */
export interface BuiltPage {
  /** The text of the HTML file. */
  readonly html: string;
  /** The text of the file {@link SYNTHESIS_FILE}, next to it. */
  readonly synthesis: string;
}

/**
 * Builds the page.
 *
 * @throws {PageBuildError} when a program cannot be bundled.
 */
export async function buildPage(): Promise<BuiltPage> {
  // One after the other: the first one may load the bundler, and a second one at the same time would find half of it.
  const script = await bundleForBrowser(new URL("./page.ts", import.meta.url));
  const worker = await bundleForBrowser(new URL("./worker.ts", import.meta.url));
  const synthesis = await bundleForBrowser(new URL("./synthesis_worker.ts", import.meta.url));
  const [style, frame] = await Promise.all([
    Deno.readTextFile(new URL("./page.css", import.meta.url)),
    Deno.readTextFile(new URL("./page.html", import.meta.url)),
  ]);
  const policy = [
    "default-src 'none'",
    // The page narrows 'self' to the one file; it does not know its address before it is opened.
    `script-src '${await hashOf(script)}' 'self'`,
    `style-src '${await hashOf(style)}'`,
    "worker-src blob:",
    "img-src data:",
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  const parts: Readonly<Record<string, string>> = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    style: `<style>${style}</style>`,
    worker: `<script id="worker" type="text/plain">${worker}</script>`,
    synthesis: `<meta name="${SYNTHESIS_HASH}" content="${await hashOf(synthesis)}">`,
    script: `<script type="module">${script}</script>`,
  };
  return {
    html: frame.replace(/<!--(\w+)-->/g, (_, name: string) => parts[name]),
    synthesis: synthesisFile(synthesis),
  };
}

/**
 * The program of a module with all modules that it imports, as text that can stand in a script element.
 *
 * @throws {PageBuildError} when it cannot be bundled, or imports a module of Node.
 */
export async function bundleForBrowser(file: URL): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--format=iife",
      "--minify",
      ...WITHOUT.map((name) => `--external=${name}`),
      file.href,
    ],
    cwd: new URL("../", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    throw new PageBuildError(
      `Cannot bundle ${file.href}: ${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  const text = new TextDecoder().decode(stdout);
  if (/\bfrom\s*"node:|\bimport\s*"node:|require\("node:/.test(text)) {
    throw new PageBuildError(
      `${file.href} imports a module of Node, which browsers do not have`,
    );
  }
  // The end tag and the start of a comment would end the script element; both occur in texts only.
  return text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}
