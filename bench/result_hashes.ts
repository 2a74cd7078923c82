/**
 * Hashes of result files that do not depend on when, where and by which version they were written.
 *
 * @module
 */

/** Files that hold times, versions or hashes of them, and nothing that the others do not. */
const LEFT_OUT = /(^|\/)(report\.(html|md|json)|times\.json|plan\.json)$/;

/** Kinds of file that are results. */
const RESULT = /\.(nii\.gz|nii|csv|json|jsonl|safetensors|png)$/;

/** Properties of JSON files, at any depth, that two runs with the same results may differ in. */
const LEFT_OUT_PROPERTIES: ReadonlySet<string> = new Set([
  "seconds",
  "crosswarp",
  "adapter",
  "peakGpuBytes",
  "key",
]);

/** Hashes by file name. */
export type ResultHashes = ReadonlyMap<string, string>;

/** Returns true if the file at a path is a result that is hashed. */
export function isResult(path: string): boolean {
  return RESULT.test(path) && !LEFT_OUT.test(path);
}

/**
 * The bytes of a result file that are hashed: uncompressed images, JSON without the properties that differ
 * between runs, and the unchanged bytes of all other files.
 *
 * @param folder - The run's folder; JSON files name files below it.
 */
export async function comparableBytes(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  folder: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (path.endsWith(".gz")) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).bytes();
  }
  if (!path.endsWith(".json")) return bytes;
  const json = JSON.parse(new TextDecoder().decode(bytes), (name, value) => {
    if (LEFT_OUT_PROPERTIES.has(name)) return undefined;
    return typeof value === "string" ? value.replaceAll(`${folder}/`, "") : value;
  });
  return new TextEncoder().encode(JSON.stringify(json));
}

/** SHA-256 of all results below a folder, by their paths in it, sorted. */
export async function hashResults(folder: string): Promise<ResultHashes> {
  const hashes = new Map<string, string>();
  for (const path of (await filesBelow(folder)).filter(isResult).sort()) {
    const bytes = await Deno.readFile(`${folder}/${path}`);
    const comparable = await comparableBytes(path, bytes, folder);
    const digest = await crypto.subtle.digest("SHA-256", comparable);
    hashes.set(path, new Uint8Array(digest).toHex());
  }
  return hashes;
}

/** The paths of all files below a folder, relative to it. */
async function filesBelow(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    const path = `${below}${name}`;
    if (isDirectory) found.push(...await filesBelow(folder, `${path}/`));
    else found.push(path);
  }
  return found;
}

/** A line `sha256  name` for each file, as `sha256sum` writes it. */
export function formatHashes(hashes: ResultHashes): string {
  return [...hashes].map(([name, hash]) => `${hash}  ${name}\n`).join("");
}

/**
 * Reads a text of `formatHashes`.
 *
 * @throws {Error} when a line is no hash with a name.
 */
export function parseHashes(text: string): ResultHashes {
  const hashes = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const match = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
    if (match === null) throw new Error(`Not a line of a list of hashes: "${line}"`);
    hashes.set(match[2], match[1]);
  }
  return hashes;
}

/**
 * The differences between two lists, one sentence per file.
 *
 * @param groups - Top folders that are compared; those of an earlier list that did not run now are not.
 */
export function differences(
  earlier: ResultHashes,
  now: ResultHashes,
  groups: readonly string[],
): string[] {
  const names = [...new Set([...earlier.keys(), ...now.keys()])]
    .filter((name) => groups.includes(name.split("/")[0]))
    .sort();
  return names.flatMap((name) => {
    if (!now.has(name)) return [`${name} is missing`];
    if (!earlier.has(name)) return [`${name} is new`];
    return earlier.get(name) === now.get(name) ? [] : [`${name} has changed`];
  });
}
