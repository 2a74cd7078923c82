/** Synthesis in the page: a model and an image, the result, its file, errors, and a missing program. */

// It selects Deno's backend before the first device.
import "../../tasks/_environment.ts";

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import * as synthesise from "../../tasks/synthesise.ts";
import { SWIFTSHADER_ICD } from "../../testing/browser.ts";
import {
  browserTest,
  drop,
  dropPaths,
  open,
  pageFile,
  picture,
  saved,
  shows,
  uncompressed,
} from "../../testing/page.ts";
import { callModule } from "../../testing/run_task.ts";
import { writeTinyModel } from "../../testing/tiny_model.ts";
import { Grid, readNifti, writeVolume } from "../../volume/mod.ts";
import { SYNTHESIS_FILE } from "../../web/synthesis_program.ts";

// The same driver as in Chromium.
if (SWIFTSHADER_ICD !== undefined) Deno.env.set("VK_DRIVER_FILES", SWIFTSHADER_ICD);

const TENSORS = "checkpoint-0000001.safetensors";
const HINT = "#synthesis-hint";

/** Writes a model into the folder `model`, and a CT. */
async function writeInputs(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/model`);
  await writeTinyModel(`${folder}/model`);
  // deno-fmt-ignore
  const grid = new Grid([27, 22, 6], [
    -6, 0, 0, 75,
    0, -6, 0, 60,
    0, 0, 6, -12,
    0, 0, 0, 1,
  ]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 27 - 13;
    const y = Math.floor(i / 27) % 22 - 11;
    if ((x / 12) ** 2 + (y / 9) ** 2 > 1) return -1000;
    return Math.hypot(x - 3, y) < 4 ? 300 : 20 * (i % 7) - 50;
  });
  await writeVolume(`${folder}/ct.nii.gz`, { grid, data }, { type: "int16" });
}

/** Opens the page and chooses the synthesis. */
async function openSynthesis(...given: Parameters<typeof open>) {
  const opened = await open(...given);
  await opened.view.click("#tasks [data-task=synthesise]");
  return opened;
}

const field = (view: Page, name: string) =>
  view.locator(`#synthesis-parameters label:has-text('--${name}') :is(input, select)`).first();

browserTest("a model and an image give the file of synthesise", async ({ browser, folder }) => {
  await writeInputs(folder);
  const { view, errors } = await openSynthesis(browser, await pageFile(folder));
  await shows(view, HINT, /needs a model, an image and the modality of the result \(--to\)/);
  // A folder and a file together, anywhere.
  await dropPaths(view, [`${folder}/model`, `${folder}/ct.nii.gz`], "#viewer");
  await shows(
    view,
    "[data-input=model].filled",
    /model: axial patches of 16 x 16 pixels in 2 slices; step 1 of 1/,
  );
  await shows(view, "[data-input=image].filled", /ct\.nii\.gz: 27 x 22 x 6 voxels of 6 x 6 x 6 mm/);
  await shows(view, HINT, /^The synthesis needs the modality of the result \(--to\)\.$/);
  assert(await view.isDisabled("#synthesise"));
  await field(view, "to").selectOption("mr");
  assertEquals(
    await view.locator("#synthesis-command").innerText(),
    "crosswarp synthesise --model model --image ct.nii.gz --to mr --out synthesised_mr.nii.gz",
  );
  await field(view, "stitch").selectOption("cheap");
  await view.click("#synthesis-parameters summary");
  await field(view, "stride").fill("6");
  await field(view, "all-patches").check();
  assertMatch(
    await view.locator("#synthesis-command").innerText(),
    /--to mr --stitch cheap --stride 6 --all-patches --out synthesised_mr\.nii\.gz$/,
  );
  // Cancelled in a stage that does not stop by itself, and begun again.
  await view.click("#synthesise");
  await shows(view, "#stage", /^Preparing the model/);
  assert(await view.isDisabled("#tasks [data-task=register]"));
  await drop(view, folder, ["ct.nii.gz"]);
  await shows(view, "#message", /These files were not taken\s*The page is working/);
  await view.click("#cancel");
  await shows(view, "#message", /Stopped\s*Nothing was changed/);
  assert(await view.isHidden("#synthesis-result"));
  await view.click("#synthesise");
  await shows(view, "#stage", /^Synthesising: \d+ of \d+ patches$/);
  await shows(view, "#stage", /^Synthesised in [\d.]+ s$/);
  assertEquals(await view.locator("#notices li").count(), 0);
  const [patches, , check] = await view.locator("#synthesis-measures dd").allInnerTexts();
  assertMatch(check, /^Cheap compared with full average, 2 slices in the middle: mean/);
  await lookAround(view);
  const bytes = await saved(view, "synthesised_mr.nii.gz");

  const out = `${folder}/deno.nii.gz`;
  // deno-fmt-ignore
  const args = [
    "--model", `${folder}/model`, "--image", `${folder}/ct.nii.gz`, "--to", "mr", "--out", out,
    "--stitch", "cheap", "--stride", "6", "--all-patches",
  ];
  const { code, text } = await callModule(synthesise, ...args);
  assertEquals(code, 0, text);
  assert(text.includes(`${patches} patches`), text);
  if (SWIFTSHADER_ICD !== undefined) {
    const expected = await Deno.readFile(out);
    assert(text.includes(check), `${check}\n${text}`);
    assertEquals((await readNifti(bytes)).data, (await readNifti(expected)).data);
    assert(equal(await uncompressed(bytes), await uncompressed(expected)));
  }

  // Another image removes the result; the registration has its own images.
  await view.setInputFiles("[data-input=image] input", `${folder}/ct.nii.gz`);
  await shows(view, "[data-input=image].filled", /ct\.nii\.gz/);
  assert(await view.isHidden("#synthesis-result"));
  assert(await view.isHidden("#progress"));
  await view.click("#tasks [data-task=register]");
  assert(await view.isHidden("[data-input=image]"));
  assertEquals(await view.locator("#modes button").first().innerText(), "Fixed");
  await view.locator("#modes button[data-mode=jacobian]").waitFor();
  assertEquals(errors, []);
});

/** Source and synthesis are shown, and what a registration alone has is not. */
async function lookAround(view: Page): Promise<void> {
  const seen = new Set<string>();
  for (const mode of ["fixed", "moving", "overlay", "checkerboard", "swipe", "difference"]) {
    await view.click(`#modes [data-mode=${mode}]`);
    const { digest, lit } = await picture(view, "axial");
    assertGreater(lit, 1000, mode);
    assert(!seen.has(digest), `${mode} shows what was shown before`);
    seen.add(digest);
  }
  assertEquals(await view.locator("#modes button:visible").allInnerTexts(), [
    "Source",
    "Synthesis",
    "Overlay",
    "Checkerboard",
    "Swipe",
    "Difference",
  ]);
  for (const id of ["after", "grid", "register", "hint"]) {
    assert(await view.isHidden(`#${id}`), id);
  }
  assertEquals(await view.locator("legend:visible").allInnerTexts(), [
    "Source: window",
    "Synthesis: window",
  ]);
  assertMatch(await view.locator("#values").innerText(), /Source\s+-?\d+\s+Synthesis\s+[\d.]+/);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

browserTest("too little memory and a wrong parameter are explained", async (given) => {
  const { browser, folder } = given;
  await writeInputs(folder);
  const { view, errors } = await openSynthesis(browser, await pageFile(folder), async (before) => {
    await before.addInitScript(() => {
      Object.defineProperty(navigator, "deviceMemory", {
        get: () => (globalThis as { claimed?: number | undefined }).claimed ?? 8,
      });
    });
  });
  // Loose files are a model, too.
  await drop(view, folder, ["model/checkpoint.json", `model/${TENSORS}`, "ct.nii.gz"]);
  await shows(view, "[data-input=model].filled", /step 1 of 1/);
  await shows(view, "[data-input=image].filled", /voxels/);
  await field(view, "to").selectOption("mr");
  await view.evaluate(() => (globalThis as { claimed?: number | undefined }).claimed = 0.0001);
  await view.click("#synthesise");
  await shows(view, "#message", /Too little memory.*This synthesis needs about/);
  await view.evaluate(() => (globalThis as { claimed?: number | undefined }).claimed = 8);
  await view.click("#synthesis-parameters summary");
  await field(view, "stride").fill("0");
  await view.click("#synthesise");
  await shows(view, "#message", /A parameter is wrong\s*--stride must be at least 1, not 0/);
  assert(await view.isEnabled("#synthesise"));
  // Another image removes what was said about the earlier one.
  await view.setInputFiles("[data-input=image] input", `${folder}/ct.nii.gz`);
  await shows(view, "[data-input=image].filled", /voxels/);
  assertEquals(await view.locator("#message").innerText(), "");
  // A browser gives no text of a number that it cannot read; the default must not be used in its place.
  await field(view, "stride").fill("");
  await field(view, "stride").press("1");
  await field(view, "stride").press("e");
  await view.click("#synthesise");
  await shows(view, "#message", /A parameter is wrong\s*--stride must be a whole number/);
  assertEquals(errors, []);
});

browserTest("files that are no model have one clear line", async ({ browser, folder }) => {
  await writeInputs(folder);
  const { view, errors } = await openSynthesis(browser, await pageFile(folder));
  const header = JSON.parse(await Deno.readTextFile(`${folder}/model/checkpoint.json`));
  const tensors = await Deno.readFile(`${folder}/model/${TENSORS}`);
  const give = async (name: string, files: Readonly<Record<string, string | Uint8Array>>) => {
    await Deno.mkdir(`${folder}/${name}`);
    for (const [file, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}/${file}`, bytes);
    }
    const paths = Object.keys(files).map((file) => `${folder}/${name}/${file}`);
    await view.setInputFiles("[data-input=model] input", paths);
  };
  const wrong = (text: RegExp) => shows(view, "[data-input=model].wrong", text);
  await give("notes", { "notes.txt": "no model" });
  await wrong(/There is no checkpoint\.json\. Give the folder that crosswarp train wrote/);
  await give("text", { "checkpoint.json": "no JSON" });
  await wrong(/checkpoint\.json is not JSON/);
  await give("other", { "checkpoint.json": JSON.stringify({ ...header, version: 99 }) });
  await wrong(/checkpoint\.json is not a cycle-GAN's checkpoint of version 1/);
  await give("half", { "checkpoint.json": JSON.stringify(header) });
  await wrong(/names the file checkpoint-0000001\.safetensors, which is not there/);
  // A damaged file of weights is found when it is read.
  const cut = tensors.subarray(0, tensors.length >> 1);
  await give("cut", { "checkpoint.json": JSON.stringify(header), [TENSORS]: cut });
  await shows(view, "[data-input=model].filled", /step 1 of 1/);
  await view.setInputFiles("[data-input=image] input", `${folder}/ct.nii.gz`);
  await field(view, "to").selectOption("ct");
  await view.click("#synthesise");
  await shows(view, "#message", /This cannot be synthesised.*is not a whole safetensors file/);
  // A file that is no image, and two images together.
  await view.setInputFiles("[data-input=image] input", `${folder}/notes/notes.txt`);
  await shows(view, "[data-input=image].wrong", /notes\.txt.*not a NIfTI/);
  await drop(view, folder, ["ct.nii.gz", "notes/notes.txt"]);
  await shows(
    view,
    "#message",
    /Give one image at a time: these are ct\.nii\.gz, notes\.txt/,
  );
  await view.click("[data-input=model] button");
  await shows(view, HINT, /needs a model/);
  assertEquals(errors, []);
});

browserTest("a missing or foreign program of the synthesis has one clear line", async (given) => {
  const { browser, folder } = given;
  const address = await pageFile(folder);
  await Deno.remove(`${folder}/${SYNTHESIS_FILE}`);
  const missing = await openSynthesis(browser, address);
  await shows(
    missing.view,
    "#message",
    /crosswarp-synthesis\.js cannot be loaded\. It is not in the folder of the page.*copy it there, and load the page again/,
  );
  // The registration needs no other file.
  await missing.view.click("#tasks [data-task=register]");
  await missing.view.click("#demo");
  await shows(missing.view, "#stage", /phantom is ready/);
  assertEquals(missing.errors, []);
  await Deno.writeTextFile(
    `${folder}/${SYNTHESIS_FILE}`,
    'globalThis.crosswarpSynthesis = "another program";',
  );
  const foreign = await openSynthesis(browser, address);
  await shows(foreign.view, "#message", /crosswarp-synthesis\.js does not belong to this page/);
  assertEquals(foreign.errors, []);
});

browserTest("synthesis without WebGPU, and on a phone", async ({ browser, folder }) => {
  await writeInputs(folder);
  const { view, errors } = await openSynthesis(browser, await pageFile(folder));
  await shows(view, "#unavailable", /WebGPU/);
  await view.setViewportSize({ width: 390, height: 844 });
  await view.setInputFiles("[data-input=image] input", `${folder}/ct.nii.gz`);
  await shows(view, "[data-input=image]", /voxels/);
  await view.click("#synthesis-parameters summary");
  assertEquals(await view.evaluate(() => document.documentElement.scrollWidth), 390);
  assertGreater((await picture(view, "axial")).lit, 1000);
  assert(await view.isDisabled("#synthesise"));
  // The program is not loaded for nothing.
  assertEquals(view.workers().length, 1);
  assertEquals(errors, []);
}, false);
