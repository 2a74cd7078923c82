import { assertEquals, assertRejects } from "@std/assert";
import { FileAccessError } from "../host/errors.ts";
import { UsageError } from "./_flags.ts";
import { checkFolder, checkImageFile, writeFolder, writeNewFolder } from "./_output.ts";
import { inFolder } from "../testing/in_folder.ts";

const bytes = (value: number) => new Uint8Array([value]);

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
}

Deno.test("writeFolder() makes the folders, replaces files and keeps others", () =>
  inFolder(async (folder) => {
    const out = `${folder}/one/two/`;
    await writeFolder(out, { a: bytes(1), b: bytes(2) });
    await Deno.writeFile(`${out}/mine`, bytes(9));
    await writeFolder(out, { a: bytes(3) });
    assertEquals(await names(out), ["a", "b", "mine"]);
    assertEquals(await Deno.readFile(`${out}/a`), bytes(3));
  }));

Deno.test("writeFolder() leaves nothing when a file cannot be written, not even new folders", () =>
  inFolder(async (folder) => {
    const out = `${folder}/one/two`;
    await assertRejects(
      () => writeFolder(out, { a: bytes(1), "missing/b": bytes(2) }),
      FileAccessError,
      "Cannot write to",
    );
    assertEquals(await names(folder), []);
  }));

Deno.test("writeFolder() changes no file when a folder has the name of one", () =>
  inFolder(async (folder) => {
    await writeFolder(folder, { a: bytes(1) });
    await Deno.mkdir(`${folder}/b`);
    await assertRejects(
      () => writeFolder(folder, { a: bytes(2), b: bytes(2) }),
      FileAccessError,
      "b is a folder there",
    );
    assertEquals(await names(folder), ["a", "b"]);
    assertEquals(await Deno.readFile(`${folder}/a`), bytes(1));
  }));

Deno.test("writeNewFolder() makes a folder that has all files from the beginning, or none", () =>
  inFolder(async (folder) => {
    const out = `${folder}/one/two/`;
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`${i}`, new Uint8Array(50_000)] as const),
    );
    let isDone = false;
    const written = writeNewFolder(out, files).finally(() => isDone = true);
    let found: string[] = [];
    while (found.length === 0 && !isDone) found = await names(out).catch(() => []);
    await written;
    if (found.length === 0) found = await names(out);
    assertEquals(found.length, 300);
    assertEquals(found.filter((name) => name.endsWith(".part")), []);
    assertEquals(await names(`${folder}/one`), ["two"]);

    const wrong = { a: bytes(1), "missing/b": bytes(2) };
    await assertRejects(() => writeNewFolder(`${folder}/x/y`, wrong), FileAccessError, "x/y: ");
    assertEquals(await names(folder), ["one"]);
    // An empty folder that is there is filled.
    await Deno.mkdir(`${folder}/empty`);
    await writeNewFolder(`${folder}/empty`, { a: bytes(1) });
    assertEquals(await names(`${folder}/empty`), ["a"]);
  }));

Deno.test("checkFolder() accepts what can be made, refuses a file, and leaves nothing", () =>
  inFolder(async (folder) => {
    await checkFolder(folder);
    await checkFolder(`${folder}/one/two`);
    assertEquals(await names(folder), []);
    await Deno.writeFile(`${folder}/file`, bytes(1));
    for (const path of [`${folder}/file`, `${folder}/file/below`]) {
      await assertRejects(() => checkFolder(path), FileAccessError, "Cannot write to");
    }
    assertEquals(await names(folder), ["file"]);
  }));

Deno.test("checkImageFile() refuses names and folders before any work", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/dir.nii`);
  await checkImageFile("out", `${folder}/a.nii.gz`);
  await checkImageFile("out", `${folder}/a.NII`);
  for (const name of ["a.png", "a", "a.nii.zip", ""]) {
    const path = `${folder}/${name}`;
    await assertRejects(
      () => checkImageFile("field", path),
      UsageError,
      "--field must end in .nii",
    );
  }
  await assertRejects(
    () => checkImageFile("out", `${folder}/none/a.nii`),
    FileAccessError,
    `the folder ${folder}/none does not exist. Make the folder first`,
  );
  await assertRejects(
    () => checkImageFile("out", `${folder}/dir.nii`),
    FileAccessError,
    "is a folder",
  );
  assertEquals(await Array.fromAsync(Deno.readDir(folder)).then((all) => all.length), 1);
  await Deno.remove(folder, { recursive: true });
});
