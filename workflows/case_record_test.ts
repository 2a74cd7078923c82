import { assertEquals } from "@std/assert";
import { type CaseMeasures, encodeCaseRecord, readCaseState, RECORD_NAME } from "./case_record.ts";

const MEASURES: CaseMeasures = {
  verdict: "good",
  reasons: [],
  dice: { before: 0.5, after: 0.9 },
  foldedPercent: 0,
  sdLog: 0.1,
  seconds: 3,
};

Deno.test("readCaseState() reads what encodeCaseRecord() made, for the same identity only", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/${RECORD_NAME}`;
  const identity = { lambda: 30, fixed: "mr.nii", resolution: undefined };
  const state = async (now: Record<string, unknown> = identity) => await readCaseState(folder, now);
  assertEquals((await state()).kind, "open");
  await Deno.writeFile(path, encodeCaseRecord(identity, { kind: "done", measures: MEASURES }));
  assertEquals(await state(), { kind: "done", measures: MEASURES });
  assertEquals(await state({ lambda: 20, fixed: "mr.nii", seed: 1 }), {
    kind: "open",
    message: "The results in its folder are of another run: lambda, seed changed since.",
  });
  await Deno.writeFile(path, encodeCaseRecord(identity, { kind: "error", message: "No." }));
  assertEquals(await state(), { kind: "error", message: "No." });
  for (const text of ["", "{}", "null", "[1]", '{"format":"crosswarp-case","version":9}']) {
    await Deno.writeTextFile(path, text);
    assertEquals((await state()).kind, "open");
  }
  await Deno.remove(folder, { recursive: true });
});
