import { assertEquals, assertRejects } from "@std/assert";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { inFolder } from "../testing/in_folder.ts";
import { FileAccessError } from "./errors.ts";
import {
  type FileInput,
  fileName,
  type OpenFile,
  openFile,
  piecesOf,
  readWholeFile,
} from "./file_input.ts";

const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => i * 7 % 251);

async function withFile(input: FileInput, use: (file: OpenFile) => Promise<void>): Promise<void> {
  const file = await openFile(input);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

/** Calls `body` with a `fetch` that answers in this way. */
async function withFetch(
  answer: (address: string) => Response | Promise<Response>,
  body: () => Promise<void>,
): Promise<void> {
  const { fetch } = globalThis;
  globalThis.fetch = async (address) => await answer(String(address));
  try {
    await body();
  } finally {
    globalThis.fetch = fetch;
  }
}

Deno.test("openFile() reads paths, URLs, Blobs and bytes alike, from any byte on", () =>
  inFolder(async (folder) => {
    const path = `${folder}/ä b.bin`;
    await Deno.writeFile(path, bytes);
    const fileUrl = new URL(`file://${encodeURI(path)}`);
    const blob = new Blob([bytes]);
    const blobUrl = new URL(URL.createObjectURL(blob));
    const inner = new Uint8Array(bytes.length + 2);
    inner.set(bytes, 1);
    const inputs = [
      path,
      fileUrl,
      blob,
      blobUrl,
      new File([bytes], "a.bin"),
      inner.subarray(1, -1),
    ];
    for (const input of inputs) {
      await withFile(input, async (file) => {
        assertEquals(file.size, 600_000);
        assertEquals(await file.read(299_999, 3), bytes.slice(299_999, 300_002));
        assertEquals(await file.read(599_999, 10), bytes.slice(599_999));
        assertEquals((await file.read(600_000, 10)).length, 0);
        const pieces: number[] = [];
        for await (const piece of piecesOf(file)) pieces.push(piece.length);
        assertEquals(pieces, [262_144, 262_144, 75_712]);
        const copy = await file.read(0, 2);
        copy[0] = 99;
        assertEquals((await file.read(0, 1))[0], 0, "a change of what was read changes no file");
      });
      assertEquals(await readWholeFile(input), bytes);
    }
    URL.revokeObjectURL(blobUrl.href);
  }));

Deno.test("openFile() fetches an address, in a browser also a string", () =>
  withFetch((address) => new Response(`at ${address}`), async () => {
    const text = async (input: FileInput) => new TextDecoder().decode(await readWholeFile(input));
    const url = new URL("https://example.org/ct.nii");
    assertEquals(await text(url), "at https://example.org/ct.nii");
    await asInBrowser(async () => {
      assertEquals(await text("images/ct.nii"), "at images/ct.nii");
    });
  }));

Deno.test("openFile() names the file and the cause when it cannot be read", async () => {
  const refuses = (input: FileInput, words: string) =>
    assertRejects(() => openFile(input), FileAccessError, words);
  await refuses("/no/such.nii", "Cannot read /no/such.nii: there is no such file. Check the path.");
  const url = new URL("https://example.org/ct.nii");
  const missing = () => new Response(null, { status: 404, statusText: "Not Found" });
  await withFetch(missing, async () => {
    const why = "the server answered 404 Not Found. Check the address.";
    await refuses(url, `Cannot read https://example.org/ct.nii: ${why}`);
  });
  const unreachable = () => Promise.reject(new TypeError("Failed to fetch"));
  await withFetch(unreachable, async () => {
    await refuses(
      url,
      "Cannot read https://example.org/ct.nii: Failed to fetch. Check the address",
    );
  });
});

Deno.test("fileName() is what people call the file", () => {
  assertEquals(fileName("a/ct.nii"), "a/ct.nii");
  assertEquals(fileName(new URL("file:///a%20b/ct.nii")), "/a b/ct.nii");
  assertEquals(
    fileName(new URL("https://example.org/ct.nii?x=1")),
    "https://example.org/ct.nii?x=1",
  );
  assertEquals(fileName(new File([], "ct.nii")), "ct.nii");
  assertEquals(fileName(new Blob([]), "the image"), "the image");
  assertEquals(fileName(new Uint8Array(), "the image"), "the image");
});
