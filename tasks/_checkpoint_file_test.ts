import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CheckpointError } from "../registration/checkpoint.ts";
import { CheckpointFile } from "./_checkpoint_file.ts";
import { inFolder } from "../testing/in_folder.ts";

const IDENTITY = { spacing: "20" };
const FOUND = { level: { level: 1, displacements: new Float32Array([1, 2, 3, 0]), records: [] } };

Deno.test("CheckpointFile keeps what was found until it is removed", () =>
  inFolder(async (folder) => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const out = `${folder}/one/two`;
    {
      using file = await CheckpointFile.open(out, IDENTITY, true, log);
      assertEquals(file.found, {});
      assertStringIncludes(lines[0], "starting from the beginning");
      await file.keep(FOUND);
    }
    assertStringIncludes(lines[1], "--resume continues from them");
    await assertRejects(
      () => CheckpointFile.open(out, { spacing: "10" }, true, log),
      CheckpointError,
      "spacing was 20 and is 10",
    );
    using file = await CheckpointFile.open(out, IDENTITY, true, log);
    assertEquals(file.found.level, FOUND.level);
    assertEquals(file.found.rigid, undefined);
    assertStringIncludes(lines[2], "after level 2");
    await file.remove();
    assertEquals(await Array.fromAsync(Deno.readDir(out)), []);
    assertEquals(lines.length, 3);
  }));

Deno.test("CheckpointFile reports once that it cannot be written, and leaves no file", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const lines: string[] = [];
    {
      using file = await CheckpointFile.open(
        `${folder}/file`,
        IDENTITY,
        false,
        (line: string) => void lines.push(line),
      );
      await file.keep(FOUND);
      await file.keep(FOUND);
    }
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0], "No checkpoint was written: Cannot write");
    const left = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(left.map(({ name }) => name), ["file"]);
  }));
