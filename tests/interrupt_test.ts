/** Tests of interrupted registrations, lost devices and full disks: the remaining files, and the continued run. */

import type { Modality } from "../volume/modality.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { GpuLostError, GpuMemoryError } from "../kernels/gpu/errors.ts";
import { registerImages } from "../registration/register.ts";
import { Grid, type Volume, writeVolume } from "../volume/mod.ts";
import * as register from "../tasks/register.ts";
import { gpuTest, SKIPS_GPU } from "../testing/gpu.ts";
import { callModule } from "../testing/run_task.ts";
import { startRegister } from "../testing/signalled_register.ts";

const GRID = Grid.axisAligned([34, 32, 30], [3, 3, 3], [-50, -47, -44]);

/** A bumpy body, moved by some mm, in two contrasts. */
function body(contrast: Modality, shift = 0): Volume {
  const data = new Float32Array(GRID.voxels);
  const [nx, ny] = GRID.size;
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = GRID.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const inside = 1 / (1 + Math.exp((Math.hypot((x - shift) / 40, y / 36, z / 36) - 1) * 14));
    const t = Math.sin(0.13 * (x - shift) + 0.06 * y) + Math.sin(0.15 * y) + Math.cos(0.14 * z);
    data[i] = inside * (contrast === "ct" ? 1000 + 80 * t : 500 + 220 * Math.cos(1.4 * t)) +
      5 * Math.sin(17 * i);
  }
  return { grid: GRID, data };
}

/** The exit code and the messages of a process that has ended. */
async function ended(child: Deno.ChildProcess): Promise<{ code: number; text: string }> {
  const { code, stderr } = await child.output();
  return { code, text: new TextDecoder().decode(stderr) };
}

async function contents(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  for (const name of names.sort()) files[name] = await Deno.readFile(`${folder}/${name}`);
  return files;
}

Deno.test({
  name:
    "task register leaves no incomplete file when it is stopped or the disk is full, and resumes",
  ignore: SKIPS_GPU || Deno.build.os === "windows", // which cannot send SIGINT to a child
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    const file = (name: string) => `${folder}/${name}`;
    await writeVolume(file("mr.nii.gz"), body("mr"));
    await writeVolume(file("ct.nii.gz"), body("ct", 6));
    const inputs = ["--fixed", file("mr.nii.gz"), "--moving", file("ct.nii.gz")];
    const settings = ["--levels", "3", "--iterations", "20", "--spacing", "15"];
    const args = [...inputs, ...settings, "--no-folding", "--out"];

    await t.step("stops after the first of three levels", async () => {
      const options = { signal: "SIGINT", after: "level 2 of 3" } as const;
      const { code, text } = await ended(startRegister(options, ...args, file("stopped")));
      assertEquals(code, 130, text);
      assertStringIncludes(text, "--resume continues from them");
      assertEquals(Object.keys(await contents(file("stopped"))), ["checkpoint.json"]);
    });

    await t.step("refuses the checkpoint of another run", async () => {
      const others = [...inputs, "--levels", "3", "--spacing", "20", "--out"];
      const { code, text } = await callModule(register, ...others, file("stopped"), "--resume");
      assertEquals(code, 1, text);
      assertStringIncludes(text, "--spacing was 15 and is 20");
      assertStringIncludes(text, "--no-folding was true and is false");
      assertEquals(Object.keys(await contents(file("stopped"))), ["checkpoint.json"]);
    });

    await t.step("reports a lost device and refused memory in one line, and resumes", async () => {
      const faults: [Fault, string][] = [
        [(gpu) => gpu.device.destroy(), "The GPU device was lost"],
        [refuseMemory, "Registering needs 900 MiB"],
      ];
      for (const [fault, message] of faults) {
        using _fault = faultAt("iterations", 3, fault);
        const { code, text } = await callModule(register, ...args, file("stopped"), "--resume");
        assertEquals(code, 1, text);
        assertStringIncludes(text, message);
        assertEquals(text.match(/^error:/gm)?.length, 1, text);
        assert(!/^ +at |because:/m.test(text), text);
        assertStringIncludes(text, "--resume continues from them");
        assertEquals(Object.keys(await contents(file("stopped"))), ["checkpoint.json"]);
      }
    });

    await t.step("stops at SIGTERM and SIGKILL, and resumes after them", async () => {
      for (const [signal, expected] of [["SIGTERM", 143], ["SIGKILL", 137]] as const) {
        const options = { signal, after: "\ndeformable\n" };
        const child = startRegister(options, ...args, file("stopped"), "--resume");
        const { code, text } = await ended(child);
        assertEquals(code, expected, text);
        assertEquals(text.includes("--resume continues from them"), signal === "SIGTERM");
        assertEquals(Object.keys(await contents(file("stopped"))), ["checkpoint.json"]);
      }
    });

    await t.step("resumes to the bytes of a run that was not stopped", async () => {
      const resumed = await callModule(register, ...args, file("stopped"), "--resume");
      assertEquals(resumed.code, 0, resumed.text);
      assertStringIncludes(resumed.text, "Resuming after level");
      assert(!resumed.text.includes("level 1 of 3"), resumed.text);
      const whole = await callModule(register, ...args, file("whole"), "--resume");
      assertEquals(whole.code, 0, whole.text);
      assertStringIncludes(whole.text, "starting from the beginning");
      const [a, b] = [await contents(file("stopped")), await contents(file("whole"))];
      assertEquals(Object.keys(a), Object.keys(b));
      assert(!("checkpoint.json" in a), "the checkpoint is gone");
      for (const name of Object.keys(a)) {
        if (name !== "metrics.json" && name !== "report.html") assertEquals(a[name], b[name], name);
      }
      const [p, q] = [a, b].map((files) =>
        new TextDecoder().decode(files["report.html"])
          .replaceAll(/stopped|whole/g, "").replace(/[\d.]+ s on /, "")
      );
      // An assertion would print both pages.
      assert(p === q, "the reports differ");
      // Except the time, the memory and the folder.
      const [m, n] = [a, b].map((files) =>
        JSON.parse(new TextDecoder().decode(files["metrics.json"]))
      );
      for (const metrics of [m, n]) {
        delete metrics.seconds;
        delete metrics.peakGpuBytes;
        delete metrics.parameters.out;
      }
      assertEquals(m, n);
      assertEquals(m.jacobian.foldedPercent, 0);
    });

    await t.step("reports a full disk", async () => {
      // The disk is full after so many bytes: within a result, and already at the first checkpoint.
      const short = ["--no-rigid", ...inputs, "--levels", "2", "--iterations", "4", "--out"];
      const cases: [number, string[]][] = [[200_000, ["checkpoint.json"]], [1000, []]];
      for (const [bytes, left] of cases) {
        using _disk = fullDisk(bytes);
        const { code, text } = await callModule(register, ...short, file("full"));
        assertEquals(code, 1, text);
        assertStringIncludes(text, "Cannot write to");
        assertStringIncludes(text, "No space left on device");
        assertEquals(Object.keys(await contents(file("full"))), left, text);
        await Deno.remove(file("full"), { recursive: true }).catch(() => {});
      }
    });
    await Deno.remove(folder, { recursive: true });
  },
});

/** Something that happens to a device in the middle of its work. */
type Fault = (gpu: Gpu) => void;

/** Refuses the next allocation, and all later ones. */
function refuseMemory(gpu: Gpu): void {
  gpu.requireMemory = () => {
    throw new GpuMemoryError("Registering needs 900 MiB, and 800 MiB are free.");
  };
}

/** Until it is disposed, `fault` happens to every new device when it records `label` for the n-th time. */
function faultAt(label: string, n: number, fault: Fault): Disposable {
  const { open } = Gpu;
  Gpu.open = async (options) => {
    const gpu = await open.call(Gpu, options);
    const { record } = gpu;
    let seen = 0;
    gpu.record = (name) => {
      if (name === label && ++seen === n) fault(gpu);
      return record.call(gpu, name);
    };
    return gpu;
  };
  return { [Symbol.dispose]: () => void (Gpu.open = open) };
}

/** Until it is disposed, the disk is full after so many bytes; a file is cut where it ends. */
function fullDisk(bytes: number): Disposable {
  let left = bytes;
  const write = Deno.writeFile;
  Deno.writeFile = async (path, data) => {
    if (!(data instanceof Uint8Array)) throw new TypeError("bytes are awaited");
    const fits = Math.min(left, data.length);
    left -= fits;
    await write(path, data.subarray(0, fits));
    if (fits < data.length) throw new Error("No space left on device (os error 28)");
  };
  return { [Symbol.dispose]: () => void (Deno.writeFile = write) };
}

gpuTest(
  "registerImages() stops at every stage on an abort, and frees its buffers",
  async (gpu) => {
    for (const stage of ["rigid", "deformable", "results"]) {
      const controller = new AbortController();
      await assertRejects(
        () =>
          registerImages(gpu, {
            fixed: body("mr"),
            moving: body("ct", 4),
            signal: controller.signal,
            rigid: { levels: 1 },
            deformable: { levels: 1 },
            onProgress: (progress) => {
              if (progress.stage === stage) controller.abort(new Error(`enough of ${stage}`));
            },
          }),
        Error,
        `enough of ${stage}`,
      );
      assertEquals(gpu.liveBytes, 0, stage);
    }
  },
);

Deno.test({
  name: "registerImages() reports a lost device at every stage",
  ignore: SKIPS_GPU,
  fn: async () => {
    for (const stage of ["rigid", "deformable", "results"]) {
      using gpu = await Gpu.open();
      await assertRejects(
        () =>
          registerImages(gpu, {
            fixed: body("mr"),
            moving: body("ct", 4),
            rigid: { levels: 1 },
            deformable: { levels: 1 },
            onProgress: (progress) => {
              if (progress.stage === stage) gpu.device.destroy();
            },
          }),
        GpuLostError,
        "start again",
      );
    }
  },
});
