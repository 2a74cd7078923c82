import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { chromeEvents, type CommandTrace, phasesOf, traceTables } from "./chrome_trace.ts";

// The runtime began 100 ms after the process, and the process ended at 1000 ms.
const TRACE: CommandTrace = {
  spawned: 5000,
  exited: 6000,
  raw: {
    origin: 5100,
    code: 0,
    began: 20,
    ended: 800,
    left: 850,
    work: [
      { name: "start geometric", start: 210, end: 300 },
      { name: "rigid", start: 200, end: 500 },
      { name: "field.nii.gz", start: 600, end: 700 },
      { name: "report", start: 650, end: 750 },
    ],
    host: [
      { kind: "compile", name: "Warp", start: 205, end: 207 },
      { kind: "wait", name: "state", start: 220, end: 230, bytes: 64 },
      { kind: "wait", name: "state", start: 240, end: 245, bytes: 64 },
    ],
    dispatches: [{ name: "Warp", start: 221, end: 229 }],
  },
};

Deno.test("phasesOf() covers the time from the start of the process to its end", () => {
  const phases = phasesOf(TRACE);
  assertEquals(phases.map(({ name, start, end }) => [name, start, end]), [
    ["start of the runtime", -100, 20],
    ["other", 20, 200],
    ["rigid", 200, 500],
    ["other", 500, 600],
    ["field.nii.gz", 600, 700],
    ["report", 700, 750],
    ["other", 750, 800],
    ["reading and writing the trace", 800, 850],
    ["exit", 850, 900],
  ]);
  assertEquals(phases[2].parts.map(({ name }) => name), ["start geometric"]);
  const total = phases.reduce((sum, { start, end }) => sum + end - start, 0);
  assertAlmostEquals(total, 1000, 1e-9);
});

Deno.test("chromeEvents() begin at 0, and work that overlaps has rows of its own", () => {
  const events = chromeEvents(TRACE);
  const at = (name: string) => events.find((event) => event.ph === "X" && event.name === name)!;
  assertEquals(at("start of the runtime").ts, 0);
  assertEquals([at("rigid").ts, at("rigid").dur], [300_000, 300_000]);
  assertEquals(at("start geometric").tid, at("rigid").tid);
  assertEquals(at("report").tid, at("field.nii.gz").tid + 1);
  assertEquals(at("state").args, { bytes: 64 });
  const dispatch = events.find(({ cat }) => cat === "dispatch")!;
  assertEquals([dispatch.pid, dispatch.ts, dispatch.dur], [2, 321_000, 8_000]);
});

Deno.test("traceTables() sum equal items, the longest first", () => {
  const text = traceTables(TRACE, 2);
  assertStringIncludes(text, "0.300  rigid\n   0.090    start geometric");
  assertStringIncludes(text, "   1.000  in all");
  assertStringIncludes(
    text,
    "the longest items\n   0.015      2  wait: state\n   0.008      1  dispatch",
  );
});
