/**
 * `deno task bench:page`: measures how long the page in Chromium does not answer while it reads, shows and registers
 * large images.
 *
 * @module
 */

import type { Browser, Page } from "playwright-core";
import { Grid } from "../volume/grid.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { launchChromium } from "../testing/browser.ts";
import { inFolder } from "../testing/in_folder.ts";
import { buildPage } from "../web/build_page.ts";

/** The declaration of `deno task bench:page`. */
export const TASK = {
  name: "bench:page",
  summary:
    "Measures the longest task of the page's main thread with large images, in Chromium on SwiftShader.",
  flags: {
    size: { type: "integer", default: 256, min: 32, max: 512, help: "Voxels along each axis." },
    resolution: {
      type: "number",
      default: 6,
      min: 1,
      unit: "mm",
      help: "Minimum voxel size of the working images. The voxels of the images measure 1.5 mm.",
    },
    iterations: { type: "integer", default: 5, min: 1, help: "Maximum number of steps per level." },
  },
} as const satisfies TaskSpec;

/** The longest wait for a piece of work, milliseconds. */
const PATIENCE = 540_000;

/** The work of `deno task bench:page`. */
export async function main(
  { size, resolution, iterations }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeVolume(`${folder}/mr.nii.gz`, body(size, 0), { type: "int16" });
    await writeVolume(`${folder}/ct.nii.gz`, body(size, 6), { type: "int16" });
    await Deno.writeTextFile(`${folder}/crosswarp.html`, (await buildPage()).html);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1360, height: 860 } });
      page.setDefaultTimeout(PATIENCE);
      await page.goto(`file://${folder}/crosswarp.html`);
      await page.locator("#adapter:not(:empty)").waitFor();
      const step = async (name: string, work: () => Promise<void>) => {
        signal.throwIfAborted();
        const began = performance.now();
        await browser.startTracing(page, { categories: ["toplevel"] });
        await work();
        const seconds = (performance.now() - began) / 1000;
        const { processor, wall, above } = longestTasks(await traced(browser));
        console.log(
          `${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s; longest task ${
            processor.toFixed(0)
          } ms of processor time (${above} above 100 ms), ${wall.toFixed(0)} ms by the clock`,
        );
      };
      await step("read two images", async () => {
        for (const [input, file] of [["fixed", "mr"], ["moving", "ct"]]) {
          await page.setInputFiles(`[data-input=${input}] input`, `${folder}/${file}.nii.gz`);
        }
        await page.locator("#register:enabled").waitFor();
      });
      await step("look before registration", () => look(page));
      await page.click("#settings > summary");
      await page.locator("#parameters label:has-text('--resolution') input").fill(
        String(resolution),
      );
      await page.locator("#parameters summary:has-text('More')").click();
      await page.locator("#parameters label:has-text('--iterations') input").fill(
        String(iterations),
      );
      await page.locator("#parameters label:has-text('--levels') input").fill("2");
      await step("register", async () => {
        await page.click("#register");
        await page.locator("#result:visible, #message.error:not(:empty)").first().waitFor();
        const message = await page.locator("#message").innerText();
        if (message !== "") throw new Error(message);
      });
      await step("look after registration", () => look(page));
      await step("save warped.nii.gz", async () => {
        const waiting = page.waitForEvent("download");
        await page.click("#downloads button >> nth=0");
        await (await waiting).path();
      });
    } finally {
      await browser.close();
    }
  });
}

/** Uses every way of showing the images, and scrolls. */
async function look(page: Page): Promise<void> {
  const canvas = page.locator("figure[data-plane=axial] canvas");
  await canvas.focus();
  const keys = [
    "3",
    "g",
    "c",
    "ArrowUp",
    "ArrowUp",
    "4",
    "5",
    "6",
    "7",
    "+",
    "+",
    "0",
    "g",
    "c",
    "3",
  ];
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(100);
  }
  const box = (await canvas.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < 10; i++) await page.mouse.wheel(0, 80);
  await page.keyboard.down("Control");
  for (let i = 0; i < 10; i++) await page.mouse.wheel(0, i < 5 ? -80 : 80);
  await page.keyboard.up("Control");
  await page.mouse.down();
  for (let i = 1; i <= 10; i++) {
    await page.mouse.move(box.x + box.width / 2 + 8 * i, box.y + 60 + 9 * i);
  }
  await page.mouse.up();
}

/** An event of Chromium's trace. */
interface TraceEvent {
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  /** Duration by the clock, microseconds. */
  readonly dur?: number | undefined;
  /** Duration in processor time of the thread, microseconds. */
  readonly tdur?: number | undefined;
  readonly args: { readonly name?: string | undefined };
}

async function traced(browser: Browser): Promise<readonly TraceEvent[]> {
  return JSON.parse(new TextDecoder().decode(await browser.stopTracing())).traceEvents;
}

/**
 * The longest tasks of the main threads of pages, milliseconds. On a busy computer a task takes longer by the clock, but
 * not in processor time.
 */
function longestTasks(
  events: readonly TraceEvent[],
): { processor: number; wall: number; above: number } {
  const isMain = events.filter(({ name, args }) =>
    name === "thread_name" && args.name === "CrRendererMain"
  ).map(({ pid, tid }) => `${pid} ${tid}`);
  const tasks = events.filter(({ name, pid, tid }) =>
    name === "ThreadControllerImpl::RunTask" && isMain.includes(`${pid} ${tid}`)
  );
  const longest = (values: number[]) =>
    values.reduce((most, value) => Math.max(most, value), 0) / 1000;
  const processor = tasks.map(({ tdur = 0 }) => tdur);
  return {
    processor: longest(processor),
    wall: longest(tasks.map(({ dur = 0 }) => dur)),
    above: processor.filter((time) => time > 100_000).length,
  };
}

/** A body with spheres, displaced by `shift` mm. */
function body(size: number, shift: number) {
  const grid = Grid.axisAligned([size, size, size], [1.5, 1.5, 1.5]);
  const data = new Float32Array(grid.voxels);
  const half = size / 2;
  for (let z = 0, i = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++, i++) {
        const u = (x - half + shift / 1.5) / half;
        const v = (y - half) / half;
        const w = (z - half) / half;
        const isInside = u * u + v * v + w * w < 0.7;
        data[i] = isInside ? 500 + 400 * Math.sin(9 * u) * Math.cos(7 * v) * Math.cos(8 * w) : 0;
        data[i] = Math.round(data[i] + 20 * (((i * 2654435761) >>> 0) / 4294967296));
      }
    }
  }
  return { grid, data };
}

if (import.meta.main) await runTask(TASK, main);
