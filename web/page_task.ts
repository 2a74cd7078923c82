/**
 * `deno task web`: builds the page and serves it on this computer.
 *
 * @module
 */

import { writeWholeFile } from "../host/write_file.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { buildPage } from "./build_page.ts";
import { SYNTHESIS_FILE } from "./synthesis_program.ts";

/** The declaration of `deno task web`. */
export const TASK = {
  name: "web",
  summary:
    "Builds the page that registers and synthesises images in a browser, and serves it on this computer.",
  details: `
The page is one HTML file. The task writes the file crosswarp-synthesis.js next to it, which the page loads
when you ask for a synthesis; a registration does not need it. Both work from a server and, opened as files,
without one. The content security policy of the page forbids every other request, so that no image leaves the
computer.`,
  examples: ["", "--build-only --out crosswarp.html"],
  flags: {
    out: {
      type: "string",
      default: "results/page/crosswarp.html",
      valueName: "FILE",
      help:
        "The file for the page; crosswarp-synthesis.js goes into its folder, which is made when missing.",
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
  const { html, synthesis } = await buildPage();
  const page: ServedFile = {
    bytes: new TextEncoder().encode(html),
    type: "text/html; charset=utf-8",
  };
  const program: ServedFile = {
    bytes: new TextEncoder().encode(synthesis),
    type: "text/javascript; charset=utf-8",
  };
  const folder = out.replace(/[^/\\]+$/, "");
  if (folder !== "") await Deno.mkdir(folder, { recursive: true });
  for (const [path, { bytes }] of [[out, page], [folder + SYNTHESIS_FILE, program]] as const) {
    await writeWholeFile(path, bytes);
    const kilobytes = (count: number) => `${(count / 1000).toFixed(0)} kB`;
    const compressed = await compressedBytes(bytes);
    console.log(`${path}: ${kilobytes(bytes.length)}, ${kilobytes(compressed)} compressed`);
  }
  if (buildOnly) return;
  const served = new Map([
    ["/", page],
    ["/crosswarp.html", page],
    [`/${SYNTHESIS_FILE}`, program],
  ]);
  const server = Deno.serve({
    hostname: "localhost",
    port,
    signal,
    onListen: () => console.log(`Open http://localhost:${port}/ in a browser. Ctrl-C ends this.`),
  }, (request) => {
    const file = served.get(new URL(request.url).pathname);
    if (file === undefined) return new Response(null, { status: 404 });
    return new Response(file.bytes, { headers: { "content-type": file.type } });
  });
  await server.finished;
}

/** A file of the page as the server sends it. */
interface ServedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

async function compressedBytes(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

if (import.meta.main) await runTask(TASK, main);
