import { assertEquals, assertRejects } from "@std/assert";
import { asInBrowser } from "../testing/as_in_browser.ts";
import { inFolder } from "../testing/in_folder.ts";
import { FileAccessError } from "./errors.ts";
import { writePieces, writeWholeFile, writeWholeFiles } from "./write_file.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writePieces() writes the pieces in their order, or nothing", () =>
  inFolder(async (folder) => {
    async function* pieces(fails: boolean) {
      yield Uint8Array.of(1, 2);
      yield await Promise.resolve(new Uint8Array());
      yield Uint8Array.of(3);
      if (fails) throw new RangeError("no more");
    }
    const path = `${folder}/a.bin`;
    await writePieces(path, pieces(false));
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
    await writeWholeFile(path, Uint8Array.of(4));
    await assertRejects(() => writePieces(path, pieces(true)), RangeError, "no more");
    assertEquals(await Deno.readFile(path), Uint8Array.of(4), "the older file remains");
    assertEquals(namesIn(folder), ["a.bin"]);
    const nowhere = `${folder}/none/a.bin`;
    await assertRejects(
      () => writePieces(nowhere, pieces(false)),
      FileAccessError,
      "Make the folder",
    );
  }));

Deno.test("writeWholeFiles() changes no file if another path is a folder", () =>
  inFolder(async (folder) => {
    const [a, b] = [`${folder}/a.bin`, `${folder}/b.bin`];
    await writeWholeFile(a, Uint8Array.of(1));
    await Deno.mkdir(b);
    const write = () => writeWholeFiles({ [a]: Uint8Array.of(2), [b]: Uint8Array.of(3) });
    await assertRejects(write, FileAccessError, "it is a folder");
    assertEquals(await Deno.readFile(a), Uint8Array.of(1));
    assertEquals(namesIn(folder), ["a.bin", "b.bin"]);
    await Deno.remove(b);
    await write();
    assertEquals([await Deno.readFile(a), await Deno.readFile(b)].map(([byte]) => byte), [2, 3]);
  }));

Deno.test("writeWholeFile() says that a web page writes no files", () =>
  asInBrowser(async () => {
    const write = () => writeWholeFile("a.bin", new Uint8Array(1));
    await assertRejects(write, FileAccessError, "a web page has no folders");
  }));
