import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  comparableBytes,
  differences,
  formatHashes,
  hashResults,
  isResult,
  parseHashes,
} from "./result_hashes.ts";

const encode = (text: string) => new TextEncoder().encode(text);

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

Deno.test("files with times and versions are no results", () => {
  for (const path of ["a/field.nii.gz", "a/table1.csv", "a/metrics.json", "a/c.safetensors"]) {
    assertEquals(isResult(path), true, path);
  }
  for (const path of ["a/report.md", "a/report.html", "a/times.json", "plan.json", "a/x.log"]) {
    assertEquals(isResult(path), false, path);
  }
});

Deno.test("images are compared uncompressed, JSON without seconds and the run's folder", async () => {
  assertEquals(await comparableBytes("a.nii.gz", await gzip(encode("abc")), "f"), encode("abc"));
  assertEquals(await comparableBytes("a.csv", encode("a,b"), "f"), encode("a,b"));
  const metrics = (seconds: number, folder: string, dice: number) =>
    comparableBytes(
      "metrics.json",
      encode(JSON.stringify({
        crosswarp: `0.${seconds}`,
        seconds: { total: seconds },
        parameters: { out: `${folder}/register`, lambda: 1 },
        levels: [{ dice, seconds }],
      })),
      folder,
    );
  const first = await metrics(1, "/one", 0.5);
  assertEquals(await metrics(2, "/another", 0.5), first);
  assertNotEquals(await metrics(1, "/one", 0.6), first);
  assertEquals(
    JSON.parse(new TextDecoder().decode(first)),
    { parameters: { out: "register", lambda: 1 }, levels: [{ dice: 0.5 }] },
  );
});

Deno.test("a folder's results are hashed by path, in order", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/x.csv`, "abc");
    await Deno.writeTextFile(`${folder}/a.csv`, "");
    await Deno.writeTextFile(`${folder}/report.md`, "");
    assertEquals([...await hashResults(folder)], [
      ["a.csv", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
      ["b/x.csv", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lists are read as they were written", () => {
  const hashes = new Map([["a/b c.csv", "0f".repeat(32)], ["d.csv", "a1".repeat(32)]]);
  assertEquals(parseHashes(formatHashes(hashes)), hashes);
  assertThrows(() => parseHashes("abc  d.csv\n"), Error, '"abc  d.csv"');
});

Deno.test("differences are named, in the groups that ran", () => {
  const earlier = new Map([["n4/a", "1"], ["n4/b", "2"], ["n4/c", "3"], ["train/a", "4"]]);
  const now = new Map([["n4/a", "1"], ["n4/b", "5"], ["n4/d", "6"]]);
  assertEquals(differences(earlier, now, ["n4"]), [
    "n4/b has changed",
    "n4/c is missing",
    "n4/d is new",
  ]);
  assertEquals(differences(earlier, now, ["n4", "train"]).at(-1), "train/a is missing");
  assertEquals(differences(earlier, earlier, ["n4", "train"]), []);
});
