/**
 * `deno task web`: builds the page and serves it on this computer.
 *
 * @module
 */

import { writeWholeFile } from "../host/write_file.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { buildPage } from "./build_page.ts";

/** The declaration of `deno task web`. */
export const TASK = {
  name: "web",
  summary: "Builds the page that registers images in a browser, and serves it on this computer.",
  details: `
The page is one HTML file without other parts. It works from a server and, opened as a file, without one.
Its content security policy forbids every request, so that no image leaves the computer.`,
  examples: ["", "--build-only --out crosswarp.html"],
  flags: {
    out: {
      type: "string",
      default: "results/page/crosswarp.html",
      valueName: "FILE",
      help: "The file for the page. Its folder is made when missing.",
    },
    port: {
      type: "integer",
      default: 8000,
      min: 1024,
      max: 65535,
      help: "The port on localhost.",
    },
    buildOnly: { type: "boolean", help: "Build the page, and do not serve it." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task web`. */
export async function main(
  { out, port, buildOnly }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  const page = new TextEncoder().encode(await buildPage());
  const folder = out.replace(/[^/\\]+$/, "");
  if (folder !== "") await Deno.mkdir(folder, { recursive: true });
  await writeWholeFile(out, page);
  const compressed = await compressedBytes(page);
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  console.log(`${out}: ${kilobytes(page.length)}, ${kilobytes(compressed)} compressed`);
  if (buildOnly) return;
  const server = Deno.serve({
    hostname: "localhost",
    port,
    signal,
    onListen: () => console.log(`Open http://localhost:${port}/ in a browser. Ctrl-C ends this.`),
  }, (request) => {
    const { pathname } = new URL(request.url);
    if (!["/", "/crosswarp.html"].includes(pathname)) return new Response(null, { status: 404 });
    return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  await server.finished;
}

async function compressedBytes(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

if (import.meta.main) await runTask(TASK, main);
