import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { Grid, writeVolume } from "../volume/mod.ts";
import { type ChromeEvent, phasesOf } from "./trace/chrome_trace.ts";
import { traceRegister, writeTrace } from "./trace_task.ts";

/** Writes a body with an organ, `shift` voxels along x. */
async function writeBody(path: string, shift: number): Promise<void> {
  const grid = Grid.axisAligned([24, 24, 24], [4, 4, 4]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 24 - 11 - shift;
    const y = Math.floor(i / 24) % 24 - 12;
    const z = Math.floor(i / 576) - 12;
    const isOrgan = Math.hypot(x - 2, y - 2, z + 1) < 3;
    const tissue = isOrgan ? 200 : Math.hypot(x, 1.4 * y, 0.9 * z) < 8 ? 100 : 0;
    return tissue + 3 * Math.sin(x + 0.7 * y + 0.4 * z);
  });
  await writeVolume(path, { grid, data });
}

Deno.test({
  name: "bench:trace traces the phases of a tiny registration, and its file is valid",
  ignore: SKIPS_GPU,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const [fixed, moving] = [`${folder}/fixed.nii.gz`, `${folder}/moving.nii.gz`];
      await writeBody(fixed, 0);
      await writeBody(moving, 1);
      const words = ["--fixed", fixed, "--moving", moving, "--out", `${folder}/out`];
      words.push("--iterations", "3");
      const trace = await traceRegister(words);
      const phases = phasesOf(trace);
      const names = phases.map(({ name }) => name);
      const expected = [
        "start of the runtime",
        "import",
        "reading",
        "opening the GPU",
        "rigid",
        "deformable",
        "writing",
        "exit",
      ];
      assertEquals(names.filter((name) => expected.includes(name)), expected);
      const total = phases.reduce((sum, { start, end }) => sum + end - start, 0);
      assertAlmostEquals(total, trace.exited - trace.spawned, 1);
      assert(phases.every(({ start, end }) => end >= start));
      const rigid = phases.find(({ name }) => name === "rigid")!;
      assert(rigid.parts.some(({ name }) => name === "rigid: searches from all starts"));
      const { host, dispatches } = trace.raw;
      assertEquals(new Set(host.map(({ kind }) => kind)).size, 4, "all kinds of work of the host");
      if (dispatches !== undefined) {
        // The clocks of GPU and host differ by less than the shortest wait.
        const opened = phases.find(({ name }) => name === "opening the GPU")!.end;
        assert(dispatches.every((d) => d.start > opened - 20 && d.end < trace.raw.ended + 20));
        const searches = dispatches.filter((d) =>
          d.name === "Rigid search step" && d.start > rigid.start - 20 && d.end < rigid.end + 20
        );
        assert(searches.length > 100);
      }
      const out = `${folder}/new/trace.json`;
      await writeTrace(out, trace);
      const { traceEvents } = JSON.parse(await Deno.readTextFile(out));
      const events = traceEvents as ChromeEvent[];
      assert(events.every(({ ph, ts, dur }) => ph === "M" || (ts! > -2e4 && dur! >= 0)));
      assert(events.some(({ name }) => name === "deformable"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
