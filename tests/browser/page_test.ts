/** The page in Chromium: images, registration, viewer, files, errors, and that nothing leaves the computer. */

import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import {
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
} from "@zip.js/zip.js/lib/zip-core-native.js";
import { decode } from "fast-png";
import type { Page } from "playwright-core";
import type { Modality } from "../../volume/modality.ts";
import { Grid, readNifti, type Triple, writeLabelVolume, writeVolume } from "../../volume/mod.ts";
import { SWIFTSHADER_ICD, WITHOUT_CHROMIUM } from "../../testing/browser.ts";
import { dicomFile, type MadeDicom } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import { ROOT, startScript } from "../../testing/run_task.ts";
import {
  browserTest,
  builtPage,
  clickWhenShown,
  drop,
  dropPaths,
  open,
  pageFile,
  picture,
  saved,
  shows,
  uncompressed,
} from "../../testing/page.ts";
import { SYNTHESIS_FILE } from "../../web/synthesis_program.ts";

/** The largest page, bytes after gzip. */
const MAX_COMPRESSED = 350_000;

/** A body with two organs in the contrast of a modality, displaced by `shift`. */
function body(grid: Grid, modality: Modality, shift: Triple) {
  const data = new Float32Array(grid.voxels);
  const labels = new Int32Array(grid.voxels);
  const organs: { centre: Triple; radii: Triple; ct: number; mr: number; label: number }[] = [
    { centre: [22, 5, 8], radii: [20, 22, 24], ct: 60, mr: 420, label: 58 },
    { centre: [-24, -8, -4], radii: [16, 18, 26], ct: 300, mr: 180, label: 86 },
  ];
  const [nx, ny] = grid.size;
  for (let i = 0; i < grid.voxels; i++) {
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const isInside = (p[0] / 58) ** 2 + (p[1] / 42) ** 2 + (p[2] / 70) ** 2 < 1;
    const [inside, outside] = modality === "ct" ? [-90, -1000] : [800, 5];
    let value = isInside ? inside : outside;
    for (const { centre, radii, ct, mr, label } of organs) {
      const r = p.reduce((sum, v, c) => sum + ((v - centre[c] - shift[c]) / radii[c]) ** 2, 0);
      if (r < 1) [value, labels[i]] = [modality === "ct" ? ct : mr, label];
    }
    const noise = ((i * 2654435761) >>> 0) / 4294967296 - 0.5;
    data[i] = Math.round(value + 20 * noise);
  }
  return { image: { grid, data }, labels: { grid, data: labels } };
}

const FILES = ["mr.nii.gz", "ct.nii.gz", "mr_labels.nii.gz", "ct_labels.nrrd"];

/** Writes a small pair with labels. */
async function writePair(folder: string): Promise<void> {
  const fixedGrid = Grid.axisAligned([22, 17, 24], [6, 6, 6], [-63, -48, -69]);
  // deno-fmt-ignore
  const movingGrid = new Grid([21, 16, 23], [
    -6, 0, 0, 61,
    0, 6, 0, -45,
    0, 0, -6, 66,
    0, 0, 0, 1,
  ]);
  const fixed = body(fixedGrid, "mr", [0, 0, 0]);
  const moving = body(movingGrid, "ct", [4, -3, 5]);
  await writeVolume(`${folder}/mr.nii.gz`, fixed.image);
  await writeVolume(`${folder}/ct.nii.gz`, moving.image, { type: "int16" });
  await writeLabelVolume(`${folder}/mr_labels.nii.gz`, fixed.labels);
  await writeLabelVolume(`${folder}/ct_labels.nrrd`, moving.labels);
}

/** The registration of the command line on SwiftShader. */
async function registerInDeno(folder: string, ...more: string[]): Promise<void> {
  const file = (name: string) => `${folder}/${name}`;
  const { code, stderr } = await new Deno.Command("deno", {
    // deno-fmt-ignore
    args: [
      "task", "--quiet", "register", "--fixed", file("mr.nii.gz"), "--moving", file("ct.nii.gz"),
      "--fixed-labels", file("mr_labels.nii.gz"), "--moving-labels", file("ct_labels.nrrd"),
      "--out", file("deno"), ...more,
    ],
    cwd: ROOT,
    env: { VK_DRIVER_FILES: SWIFTSHADER_ICD! },
    stdout: "null",
    stderr: "piped",
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

Deno.test(`the page is one file below 350 kB that needs no other${WITHOUT_CHROMIUM}`, async () => {
  const { html } = await builtPage();
  const stream = new Blob([html]).stream().pipeThrough(new CompressionStream("gzip"));
  assertLess((await new Response(stream).arrayBuffer()).byteLength, MAX_COMPRESSED);
  const [head] = html.split("</head>");
  assertMatch(head, /default-src 'none'; script-src 'sha256-[\w+/=]+' 'self';/);
  // tfjs is in the other file.
  const { synthesis } = await builtPage();
  assert(synthesis.includes("tfjs") && !html.includes("tfjs"));
  // The texts of the programs are no elements of the page.
  const elements = html.replace(/(<script[^>]*>)[\s\S]*?<\/script>/g, "$1");
  assert(elements.length < html.length / 4);
  assert(!/<(script|link|img|iframe)[^>]*\s(src|href)="(?!data:)/.test(elements));
});

Deno.test("task web serves the page on localhost, and nothing else", async () => {
  await inFolder(async (folder) => {
    const port = 8000 + Deno.pid % 20_000;
    const process = startScript("web", "--out", `${folder}/page.html`, "--port", String(port));
    try {
      const lines = process.stdout.pipeThrough(new TextDecoderStream());
      let text = "";
      for await (const piece of lines) {
        text += piece;
        if (text.includes("Ctrl-C")) break;
      }
      assertMatch(
        text,
        /page\.html: \d+ kB, \d+ kB compressed\n.*synthesis\.js: \d+ kB, \d+ kB compressed\nOpen http:\/\/localhost:\d+\/ in/,
      );
      const address = `http://localhost:${port}`;
      const { html, synthesis } = await builtPage();
      assertEquals(await (await fetch(`${address}/`)).text(), html);
      const file = await fetch(`${address}/${SYNTHESIS_FILE}`);
      assertMatch(file.headers.get("content-type")!, /^text\/javascript/);
      assertEquals(await file.text(), synthesis);
      assertEquals(await Deno.readTextFile(`${folder}/${SYNTHESIS_FILE}`), synthesis);
      const other = await fetch(`${address}/deno.json`);
      await other.body?.cancel();
      assertEquals(other.status, 404);
    } finally {
      process.kill();
      await process.stderr.cancel();
      await process.status;
    }
  });
});

browserTest("a DICOM series in a zip file is read, without decoders of JPEG", async (given) => {
  const { browser, folder } = given;
  const zipped = async (name: string, change: Partial<MadeDicom>) => {
    const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
    for (const k of [0, 1, 2]) {
      const pixels = [0, 1, 2, 3, 4, 5].map((v) => 100 * k + v);
      const made = dicomFile({ position: [0, 0, 4 * k], instance: k + 1, pixels, ...change });
      await zip.add(`series/${k}`, new Uint8ArrayReader(made));
    }
    await Deno.writeFile(`${folder}/${name}`, await zip.close());
  };
  await zipped("plain.zip", {});
  const encoded = [[Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)]];
  await zipped("jpeg_ls.zip", { transferSyntax: "1.2.840.10008.1.2.4.80", encoded });
  const { view, errors } = await open(browser, await pageFile(folder));
  const give = (input: string, name: string) =>
    view.locator(`[data-input=${input}] input`).setInputFiles(`${folder}/${name}`);
  await give("fixed", "plain.zip");
  await shows(view, "[data-input=fixed]", /plain\.zip: 3 x 2 x 3 voxels of 3 x 2 x 4 mm/);
  await give("moving", "jpeg_ls.zip");
  await shows(view, "[data-input=moving]", /the decoder of its pixels, JPEG-LS, is not available/);
  assertEquals(errors, []);
});

/** Writes a folder with two series, the files of each in a folder of its own. */
async function writeSeries(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [series, modality, slices] of [["1.2.3.4", "MR", 3], ["1.2.3.5", "CT", 4]] as const) {
    await Deno.mkdir(`${folder}/study/${modality}`, { recursive: true });
    for (let k = 0; k < slices; k++) {
      const pixels = [0, 1, 2, 3, 4, 5].map((v) => 100 * k + v);
      const number = Number(series.at(-1));
      const made = {
        series,
        number,
        modality,
        position: [0, 0, 4 * k] as const,
        instance: k + 1,
        pixels,
      };
      const path = `study/${modality}/IM${k}`;
      await Deno.writeFile(`${folder}/${path}`, dicomFile(made));
      paths.push(path);
    }
  }
  return paths;
}

browserTest("of a DICOM folder with several series the person chooses one", async (given) => {
  const { browser, folder } = given;
  const paths = await writeSeries(folder);
  // Neither files that are no images nor hidden ones count.
  await Deno.writeTextFile(`${folder}/study/notes.txt`, "notes");
  await Deno.writeTextFile(`${folder}/study/.DS_Store`, "");
  await Deno.mkdir(`${folder}/nothing`);
  const { view, errors } = await open(browser, await pageFile(folder));
  await dropPaths(view, [`${folder}/nothing`], "[data-input=moving]");
  await shows(view, "#message", /The folder nothing has no files\.$/);
  // The files of the folder together, on the page.
  await drop(view, folder, paths);
  await shows(view, "#choose-rows", /DICOM files \(7 files\)/);
  await view.selectOption("#choose-rows select", "fixed");
  await view.click("#choose button[value=use]");
  await shows(view, "[data-input=fixed].open", /DICOM files holds 2 DICOM series/);
  const list = view.locator("[data-input=fixed] select");
  assertEquals(await list.locator("option").allInnerTexts(), [
    "Choose a series",
    'MR, "Thorax", 3 x 2 x 3 voxels of 3 x 2 x 4 mm, 1.2.3.4',
    'CT, "Thorax", 3 x 2 x 4 voxels of 3 x 2 x 4 mm, 1.2.3.5',
  ]);
  await list.selectOption("2");
  await shows(view, "[data-input=fixed].filled", /DICOM files: 3 x 2 x 4 voxels/);
  // The folder itself, on the place of the moving image: the browser searches it.
  await dropPaths(view, [`${folder}/study`], "[data-input=moving]");
  await shows(view, "[data-input=moving].open", /study holds 2 DICOM series/);
  await view.locator("[data-input=moving] select").selectOption("1");
  await shows(view, "[data-input=moving].filled", /study: 3 x 2 x 3 voxels/);
  await view.click("#settings > summary");
  assertMatch(
    await view.locator("#command").innerText(),
    /--fixed 'DICOM files' --fixed-series 2 --moving study --moving-series 1 --out registered$/,
  );
  // Read again with another --trust, the choice holds; the exchange of the images exchanges it.
  await view.click("#parameters summary:has-text('More')");
  await view.locator("#parameters label:has-text('--trust') select").selectOption("qform");
  await shows(view, "[data-input=moving].filled", /study: 3 x 2 x 3 voxels/);
  await shows(view, "[data-input=fixed].filled", /DICOM files: 3 x 2 x 4 voxels/);
  await view.locator("#swap:enabled").click();
  assertMatch(
    await view.locator("#command").innerText(),
    /--fixed study --fixed-series 1 --moving 'DICOM files' --moving-series 2 /,
  );
  // Another series of the same folder.
  assertEquals(await view.locator("[data-input=fixed] select").inputValue(), "1");
  await view.locator("[data-input=fixed] select").selectOption("2");
  await shows(view, "[data-input=fixed].filled", /study: 3 x 2 x 4 voxels/);
  // The exchange does not lose a folder whose series is not chosen yet.
  await dropPaths(view, [`${folder}/study`], "[data-input=moving]");
  await shows(view, "[data-input=moving].open", /study holds 2 DICOM series/);
  await view.locator("#swap:enabled").click();
  await shows(view, "[data-input=moving].filled", /study: 3 x 2 x 4 voxels/);
  await shows(view, "[data-input=fixed].open", /study holds 2 DICOM series/);
  await view.locator("[data-input=fixed] select").selectOption("1");
  await shows(view, "[data-input=fixed].filled", /study: 3 x 2 x 3 voxels/);
  assertEquals(errors, []);
});

browserTest("slices are magnified at the pointer, and moved", async ({ browser, folder }) => {
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder));
  await view.setInputFiles("[data-input=fixed] input", `${folder}/mr.nii.gz`);
  await shows(view, "[data-input=fixed]", /voxels/);
  await view.locator("#crosshair").uncheck();
  const whole = (await picture(view, "axial")).digest;
  const canvas = view.locator("figure[data-plane=axial] canvas");
  const box = (await canvas.boundingBox())!;
  const point = () => view.locator("#values tr").first().innerText();
  const place = [box.x + 0.6 * box.width, box.y + 0.45 * box.height] as const;
  await view.mouse.click(...place);
  const before = await point();
  await view.keyboard.down("Control");
  await view.mouse.wheel(0, -200);
  await view.keyboard.up("Control");
  const magnified = (await picture(view, "axial")).digest;
  assert(magnified !== whole, "Ctrl and the wheel magnify");
  assertEquals(await point(), before, "magnifying does not move the point");
  // The same place of the page is the same place of the body, to the nearest pixel of the slice.
  await view.mouse.click(...place);
  const numbers = (text: string) => text.match(/-?\d+\.\d/g)!.map(Number);
  numbers(await point()).forEach((mm, i) => assertLess(Math.abs(mm - numbers(before)[i]), 0.5));
  await view.mouse.move(...place);
  await view.mouse.down({ button: "middle" });
  await view.mouse.move(place[0] - 40, place[1] + 25);
  await view.mouse.up({ button: "middle" });
  const moved = (await picture(view, "axial")).digest;
  assert(moved !== magnified, "the middle button moves the slices");
  const earlier = numbers(await point());
  await view.mouse.click(place[0] - 40, place[1] + 25);
  numbers(await point()).forEach((mm, i) => assertLess(Math.abs(mm - earlier[i]), 0.5));
  await view.keyboard.press("0");
  assertEquals((await picture(view, "axial")).digest, whole);
  await view.keyboard.press("+");
  assert((await picture(view, "coronal")).digest !== whole);
  await view.keyboard.press("-");
  assertEquals((await picture(view, "axial")).digest, whole);
  // Two fingers, away from the middle: the points under them stay under them.
  const session = await view.context().newCDPSession(view);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", xs: readonly number[]) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: xs.map((x, id) => ({ x: place[0] + x, y: place[1], id })),
    });
  await view.mouse.click(...place);
  const between = numbers(await point());
  await touch("touchStart", [-20, 20]);
  for (const way of [30, 40, 50, 60]) await touch("touchMove", [-way, way]);
  await touch("touchEnd", []);
  assert((await picture(view, "axial")).digest !== whole, "two fingers magnify");
  await view.mouse.click(...place);
  numbers(await point()).forEach((mm, i) => assertLess(Math.abs(mm - between[i]), 0.5));
  // The largest magnification, in steps below a pixel of the slice; then moves of 2 pixels.
  await view.keyboard.down("Control");
  for (let step = 0; step < 60; step++) await view.mouse.wheel(0, -8);
  await view.keyboard.up("Control");
  await view.mouse.click(...place);
  numbers(await point()).forEach((mm, i) => assertLess(Math.abs(mm - between[i]), 0.5));
  await view.mouse.down({ button: "middle" });
  for (let x = 2; x <= 60; x += 2) await view.mouse.move(place[0] + x, place[1]);
  await view.mouse.up({ button: "middle" });
  await picture(view, "axial");
  await view.mouse.click(place[0] + 60, place[1]);
  numbers(await point()).forEach((mm, i) => assertLess(Math.abs(mm - between[i]), 0.5));
  // A plane does not move the others along the axis through it.
  const side = (await view.locator("figure[data-plane=coronal] canvas").boundingBox())!;
  const middle = [side.x + side.width / 2, side.y + side.height / 2] as const;
  await view.mouse.move(...middle);
  await view.mouse.down({ button: "middle" });
  await view.mouse.move(middle[0], middle[1] + 150);
  await view.mouse.up({ button: "middle" });
  await picture(view, "coronal");
  await view.mouse.click(...middle);
  const height = numbers(await point())[2];
  assertGreater(Math.abs(height - between[2]), 5);
  await view.mouse.move(...place);
  await view.keyboard.down("Control");
  await view.mouse.wheel(0, 20);
  await view.keyboard.up("Control");
  await picture(view, "coronal");
  await view.mouse.click(...middle);
  assertLess(Math.abs(numbers(await point())[2] - height), 0.5);
  assertEquals(errors, []);
});

browserTest("the arrow keys choose a task and a mode", async ({ browser, folder }) => {
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder));
  await view.setInputFiles("[data-input=fixed] input", `${folder}/mr.nii.gz`);
  await view.setInputFiles("[data-input=moving] input", `${folder}/ct.nii.gz`);
  const chosen = (group: string) =>
    view.locator(`${group} [role=radio][aria-checked=true]`).textContent();
  await view.click("#modes [data-mode=overlay]");
  const steps = [["ArrowRight", "Checkerboard"], ["ArrowUp", "Overlay"], ["Home", "Fixed"]];
  // Without a result there is no Jacobian determinant to show, so that the last mode is the difference.
  for (const [key, mode] of [...steps, ["End", "Difference"], ["ArrowRight", "Fixed"]]) {
    await view.keyboard.press(key);
    assertEquals(await chosen("#modes"), mode, key);
    assertEquals(await view.locator(":focus").textContent(), mode, key);
  }
  // One button of a group takes the focus by the Tab key.
  assertEquals(await view.locator("#modes [tabindex='0']").count(), 1);
  await view.focus("#tasks [data-task=register]");
  await view.keyboard.press("ArrowLeft");
  assertEquals(await chosen("#tasks"), "Synthesise");
  await view.keyboard.press("ArrowRight");
  assertEquals(await chosen("#tasks"), "Register");
  assertEquals(await view.locator("#tasks [tabindex='0']").count(), 1);
  assertEquals(errors, []);
});

browserTest("drop, register, look, save: the bytes of the command line", async (given) => {
  const { browser, folder } = given;
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder));
  await drop(view, folder, FILES);
  await shows(view, "#choose-rows", /ct_labels/);
  // The dialog guesses the use of each file by its name.
  const chosen = await view.locator("#choose-rows select").evaluateAll((all) =>
    all.map((select) => (select as HTMLSelectElement).value)
  );
  assertEquals(chosen, ["fixed", "moving", "fixedLabels", "movingLabels"]);
  await view.click("#choose button[value=use]");
  await shows(view, "[data-input=fixed]", /22 x 17 x 24 voxels of 6 x 6 x 6 mm, RAS/);
  await shows(view, "[data-input=moving]", /21 x 16 x 23 voxels of 6 x 6 x 6 mm, LAI/);
  await shows(view, "[data-input=movingLabels]", /voxels/);
  await shows(view, "[data-input=fixedLabels]", /voxels/);

  await view.click("#settings > summary");
  await view.locator("#parameters label:has-text('--spacing') input").fill("25");
  await view.click("#parameters summary:has-text('More')");
  await view.locator("#parameters label:has-text('--iterations') input").fill("25");
  assertMatch(
    await view.locator("#command").innerText(),
    /^crosswarp register --fixed mr\.nii\.gz --moving ct\.nii\.gz .*--spacing 25 --iterations 25 --out registered$/,
  );
  const inDeno = SWIFTSHADER_ICD === undefined
    ? undefined
    : registerInDeno(folder, "--spacing", "25", "--iterations", "25");
  await view.click("#register");
  await shows(view, "#stage", /^Registered in [\d.]+ s$/);
  const verdict = await view.locator("#verdict").innerText();
  assertMatch(
    await view.locator("#measures").innerText(),
    /Mean Dice\s+0\.[89]\d\d \(0\.[5-8]\d\d before\)/,
  );
  assertEquals(await view.locator("#dice tbody tr").count(), 2);

  await lookAround(view);

  const files = await view.locator("#downloads button").evaluateAll((all) =>
    all.map((button) => (button as HTMLElement).dataset.file!)
  );
  assertEquals(files, [
    "warped.nii.gz",
    "warped_labels.nii.gz",
    "field.nii.gz",
    "inverse_field.nii.gz",
    "jacobian.nii.gz",
    "transform.json",
    "overview.png",
    "metrics.json",
    "report.html",
  ]);
  const found = new Map<string, Uint8Array>();
  for (const file of files) found.set(file, await saved(view, file));
  const warped = await readNifti(found.get("warped.nii.gz")!);
  assertEquals(warped.grid.size, [22, 17, 24]);
  const metrics = JSON.parse(new TextDecoder().decode(found.get("metrics.json")));
  assertEquals(metrics.parameters.spacing, 25);
  assertMatch(verdict, new RegExp(`^${metrics.quality.verdict}\\.`, "i"));
  assertGreater(metrics.dice["58"].after, metrics.dice["58"].before + 0.05);
  const report = await view.context().newPage();
  await report.setContent(new TextDecoder().decode(found.get("report.html")));
  await report.locator("td:text('Folded voxels')").waitFor();
  assertEquals(await report.locator("tr:has-text('58')").count() > 0, true);
  await lookThroughReport(report);
  // Cancel of another registration says what is lost.
  const text = /^(Rigid registration: start|Level \d)/;
  await clickWhenShown(view, "#cancel", { selector: "#stage", text });
  await view.click("#register");
  await shows(view, "#message", /images are still here; the earlier result is gone/);
  assert(await view.isHidden("#result"));
  if (inDeno !== undefined) {
    await inDeno;
    for (const file of files.filter((name) => !/metrics|report/.test(name))) {
      const expected = await content(file, await Deno.readFile(`${folder}/deno/${file}`));
      const page = await content(file, found.get(file)!);
      // assertEquals() compares long arrays in memory that it does not have.
      let isSame = page.length === expected.length;
      for (let i = 0; i < page.length && isSame; i++) isSame = page[i] === expected[i];
      assert(isSame, file);
    }
  }
  assertEquals(errors, []);
});

/** The bytes of a result file without their compression, which depends on the runtime: of a picture, the pixels. */
async function content(name: string, bytes: Uint8Array): Promise<ArrayLike<number>> {
  if (!name.endsWith(".png")) return await uncompressed(bytes);
  const { width, height, channels, data } = decode(bytes, { checkCrc: true });
  return [width, height, channels].concat(Array.from(data));
}

/** The viewer of the report shows another picture for each of its controls. */
async function lookThroughReport(report: Page): Promise<void> {
  const viewer = report.locator(".viewer");
  const seen = new Set<string>();
  const isNew = async (what: string) => {
    const bytes = await report.locator("figure:nth-of-type(2) .stack:not([hidden])").screenshot();
    const digest = String(
      new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))),
    );
    assert(!seen.has(digest), what);
    seen.add(digest);
  };
  await isNew("overlay");
  for (const mode of ["swipe", "checkerboard", "fixed", "jacobian"]) {
    await viewer.locator("[name=mode]").selectOption(mode);
    await isNew(mode);
  }
  await viewer.locator("[name=mode]").selectOption("overlay");
  await viewer.locator("[name=state]").check();
  await isNew("before");
  await viewer.locator("[name=grid]").check();
  await viewer.locator("[name=state]").uncheck();
  await isNew("grid");
  await viewer.locator("[name=contours]").uncheck();
  await isNew("no contours");
  await viewer.locator("[name=share]").fill("1");
  await isNew("moving image alone");
  await viewer.locator("figure:nth-of-type(2) input").fill("0");
  await isNew("another slice");
  const widths = await report.locator("img").evaluateAll((all) =>
    all.map((image) => (image as HTMLImageElement).naturalWidth)
  );
  assertGreater(Math.min(...widths), 50);
}

/** Every way of showing the images gives another picture; keys and the wheel work. */
async function lookAround(view: Page): Promise<void> {
  const seen = new Set<string>();
  const isNew = async (what: string) => {
    const { digest, lit } = await picture(view, "coronal");
    assertGreater(lit, 1000, what);
    assert(!seen.has(digest), `${what} shows what was shown before`);
    seen.add(digest);
  };
  await view.locator("figure[data-plane=coronal] canvas").focus();
  for (const key of ["1", "2", "3", "4", "5", "6", "7"]) {
    await view.keyboard.press(key);
    await isNew(`key ${key}`);
  }
  await view.keyboard.press("3");
  for (const key of ["ArrowRight", "b", "c", "g", "x", "ArrowUp"]) {
    await view.keyboard.press(key);
    await isNew(`key ${key}`);
  }
  // The wheel scrolls, the mouse moves the point in the other planes.
  const box = (await view.locator("figure[data-plane=coronal] canvas").boundingBox())!;
  await view.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await view.mouse.wheel(0, 160);
  await isNew("wheel");
  const axial = (await picture(view, "axial")).digest;
  await view.mouse.down();
  await view.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  await view.mouse.up();
  assert((await picture(view, "axial")).digest !== axial, "dragging moves the other planes");
  await view.selectOption("#moving-preset", "Bone");
  assertEquals(await view.inputValue("#moving-level"), "400");
  assertEquals(await view.inputValue("#moving-width"), "1800");
  await isNew("preset");
}

browserTest("demo, cancel, and the images stay", async ({ browser, folder }) => {
  const { view, errors } = await open(browser, await pageFile(folder));
  await view.click("#demo");
  await shows(view, "#stage", /phantom is ready/);
  await shows(
    view,
    "[data-input=fixed]",
    /phantom_mr\.nii\.gz: \d+ x \d+ x \d+ voxels of 6 x 6 x 6 mm/,
  );
  for (const plane of ["axial", "coronal", "sagittal"]) {
    assertGreater((await picture(view, plane)).lit, 5000, plane);
  }
  await view.click("#register");
  await shows(view, "#stage", /^(Rigid registration: start|Level \d)/);
  // The files cannot be read again while they are registered.
  await view.click("#settings > summary");
  assert(await view.locator("#parameters label:has-text('--trust') select").isDisabled());
  await view.click("#cancel");
  await shows(view, "#message", /Stopped\s*Nothing was changed/);
  assert(await view.locator("#parameters label:has-text('--trust') select").isEnabled());
  await view.locator("#register:enabled").waitFor();
  await shows(view, "[data-input=moving]", /phantom_ct/);
  assertEquals(errors, []);
});

browserTest("bad files and bad parameters have one clear line", async ({ browser, folder }) => {
  await writePair(folder);
  await Deno.writeTextFile(`${folder}/notes.nii.gz`, "not an image");
  const whole = await Deno.readFile(`${folder}/ct.nii.gz`);
  await Deno.writeFile(`${folder}/cut.nii.gz`, whole.subarray(0, whole.length >> 1));
  const { view, errors } = await open(browser, await pageFile(folder));
  const put = (input: string, name: string) =>
    view.setInputFiles(`[data-input=${input}] input`, `${folder}/${name}`);
  await put("moving", "notes.nii.gz");
  await shows(view, "[data-input=moving].wrong", /notes\.nii\.gz.*not a NIfTI/);
  await put("moving", "cut.nii.gz");
  await shows(view, "[data-input=moving].wrong", /cut\.nii\.gz.*(ends too early|damaged)/);
  assert(await view.isDisabled("#register"));
  await put("fixed", "mr.nii.gz");
  await shows(view, "[data-input=fixed]", /voxels/);
  await put("moving", "ct_labels.nrrd");
  await shows(view, "[data-input=moving]", /voxels/);
  await view.click("#register");
  await shows(view, "#message", /ct_labels\.nrrd.*looks like a label image/);
  await put("moving", "ct.nii.gz");
  await shows(view, "[data-input=moving]", /ct\.nii\.gz: .* voxels/);
  await view.click("#settings > summary");
  await view.locator("#parameters label:has-text('--spacing') input").fill("-3");
  await view.click("#register");
  await shows(view, "#message", /A parameter is wrong\s*--spacing must be at least 0\.1, not -3/);
  // The default of a small image is less than the declared one, so that the declared one counts if it is given.
  await view.locator("#parameters label:has-text('--spacing') input").fill("20");
  assertMatch(await view.locator("#command").innerText(), /--spacing 20 --out registered$/);
  await view.click("#defaults");
  // All files are read again, because the matrix to trust may have changed.
  await shows(view, "#command", /ct\.nii\.gz --out registered$/);
  // A flag of another similarity is not offered.
  await view.locator("#parameters label:has-text('--similarity') select").selectOption("nmi");
  assert(await view.locator("#parameters label:has-text('--beta')").isHidden());
  assertEquals(errors, []);
});

browserTest("what comes after a slow read holds", async ({ browser, folder }) => {
  await writePair(folder);
  // Each of these is refused by its number of values, which tells what the worker has.
  const grid = Grid.axisAligned([6, 5, 4], [6, 6, 6]);
  const withValues = (count: number) => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => i % count),
  });
  await writeVolume(`${folder}/slow.nii`, withValues(7));
  await writeVolume(`${folder}/quick.nii`, withValues(3));
  const { view, errors } = await open(browser, await pageFile(folder));
  const put = (input: string, name: string) =>
    view.setInputFiles(`[data-input=${input}] input`, `${folder}/${name}`);
  const [worker] = view.workers();
  await worker.evaluate(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    Object.assign(globalThis, { letSlowFilesBeRead: resolve });
    File.prototype.slice = function (this: File, ...range) {
      const part = Blob.prototype.slice.apply(this, range);
      if (!this.name.startsWith("slow")) return part;
      const whole = part.arrayBuffer.bind(part);
      part.arrayBuffer = () => promise.then(whole);
      return part;
    };
  });
  await put("moving", "ct.nii.gz");
  await shows(view, "[data-input=moving]", /voxels/);
  await put("fixed", "slow.nii");
  await shows(view, "[data-input=fixed]", /slow\.nii: reading/);
  for (const id of ["register", "demo", "swap"]) assert(await view.isDisabled(`#${id}`), id);
  await put("fixed", "quick.nii");
  await shows(view, "[data-input=fixed]", /quick\.nii: 6 x 5 x 4 voxels/);
  await view.locator("#register:enabled").waitFor();
  // A mask is removed while it is read.
  await view.click("#more-slots > summary");
  await put("fixedMask", "slow.nii");
  await shows(view, "[data-input=fixedMask]", /reading/);
  assert(await view.isDisabled("#register"));
  await view.click("[data-input=fixedMask] button");
  await view.locator("#register:enabled").waitFor();
  await worker.evaluate(() =>
    (globalThis as unknown as Record<string, () => void>).letSlowFilesBeRead()
  );
  // This file is read after the slow ones.
  await put("fixedLabels", "slow.nii");
  await shows(view, "[data-input=fixedLabels]", /slow\.nii: 6 x 5 x 4 voxels/);
  await view.click("#register");
  await shows(view, "#message", /quick\.nii holds only 3 different/);
  // A registration that is asked for at once has both images exchanged.
  await view.evaluate(() => {
    for (const id of ["swap", "register"]) document.getElementById(id)!.click();
  });
  await shows(view, "#message", /quick\.nii holds only 3 different/);
  await shows(view, "[data-input=moving]", /quick\.nii/);
  // A worker that has crashed is replaced, and gets the images.
  const replaced = view.waitForEvent("worker");
  await worker.evaluate(() => {
    setTimeout(() => {
      throw new Error("a crash");
    });
  });
  await replaced;
  await view.click("#register");
  await shows(view, "#message", /quick\.nii holds only 3 different/);
  assertEquals(errors, []);
});

browserTest("a lost device and too little memory are explained", async ({ browser, folder }) => {
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder), async (before) => {
    await before.addInitScript(() => {
      Object.defineProperty(navigator, "deviceMemory", {
        get: () => (globalThis as { claimed?: number | undefined }).claimed ?? 8,
      });
    });
  });
  await view.setInputFiles("[data-input=fixed] input", `${folder}/mr.nii.gz`);
  await view.setInputFiles("[data-input=moving] input", `${folder}/ct.nii.gz`);
  await view.locator("#register:enabled").waitFor();
  await view.evaluate(() => (globalThis as { claimed?: number | undefined }).claimed = 0.0001);
  await view.click("#register");
  await shows(view, "#message", /Too little memory.*need about/);
  await view.evaluate(() => (globalThis as { claimed?: number | undefined }).claimed = 8);
  await view.click("#register");
  await shows(view, "#stage", /^(Rigid registration: start|Level)/);
  const session = await browser.newBrowserCDPSession();
  await session.send("Browser.crashGpuProcess");
  await shows(view, "#message", /The graphics card was lost.*register again/);
  // The browser starts another process for the card.
  await view.click("#register");
  await shows(view, "#stage", /^(Rigid registration: start|Level)/);
  assertEquals(errors, []);
});

browserTest("nothing leaves the computer", async ({ browser }) => {
  const asked: string[] = [];
  const { html, synthesis } = await builtPage();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const isScript = pathname.endsWith(".js");
    return new Response(isScript ? synthesis : html, {
      headers: { "content-type": isScript ? "text/javascript" : "text/html" },
    });
  });
  try {
    const address = `http://127.0.0.1:${server.addr.port}/`;
    const { view } = await open(browser, address);
    // Every way to send something, in the page and in its worker. Each must fail, and none may reach the server.
    const inPage = await view.evaluate(async (to) => {
      const policy: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        policy.push(event.effectiveDirective);
      });
      const outcome = (work: Promise<unknown>) => work.then(() => "sent", () => "refused");
      const fetched = await outcome(fetch(to + "fetch"));
      const image = await outcome(
        new Promise((resolve, reject) => {
          const element = new Image();
          element.onload = resolve;
          element.onerror = reject;
          element.src = to + "image.png";
        }),
      );
      const socket = await outcome(
        new Promise((resolve, reject) => {
          const opened = new WebSocket(to.replace("http", "ws") + "socket");
          opened.onopen = resolve;
          opened.onerror = reject;
        }),
      );
      navigator.sendBeacon(to + "beacon", "secret");
      const form = document.createElement("form");
      form.action = to + "form";
      form.target = "_blank";
      document.body.append(form);
      form.submit();
      const script = document.createElement("script");
      script.src = to + "script.js";
      document.body.append(script);
      const frame = document.createElement("iframe");
      frame.src = to + "frame";
      document.body.append(frame);
      await new Promise((end) => setTimeout(end, 300));
      return { fetched, image, socket, policy };
    }, address);
    assertEquals([inPage.fetched, inPage.image, inPage.socket], ["refused", "refused", "refused"]);
    const directives = ["connect-src", "img-src", "form-action", "frame-src", "script-src-elem"];
    for (const directive of directives) {
      assert(inPage.policy.includes(directive), `${directive}: ${inPage.policy}`);
    }
    assertEquals(asked, ["/"]);
    // The program of the synthesis comes when a person asks for it, and only once.
    const started = view.waitForEvent("worker");
    await view.click("#tasks [data-task=synthesise]");
    await started;
    await view.click("#tasks [data-task=register]");
    await view.click("#tasks [data-task=synthesise]");
    assertEquals(view.workers().length, 2);
    for (const worker of view.workers()) {
      const inWorker = await worker.evaluate(async (to) => {
        const load = (globalThis as unknown as { importScripts: (address: string) => void })
          .importScripts;
        let imported = "sent";
        try {
          load(to + "imported.js");
        } catch {
          imported = "refused";
        }
        return [await fetch(to + "worker").then(() => "sent", () => "refused"), imported];
      }, address);
      assertEquals(inWorker, ["refused", "refused"]);
    }
    assertEquals(asked, ["/", `/${SYNTHESIS_FILE}`]);
  } finally {
    await server.shutdown();
  }
});

browserTest("without WebGPU it says which browsers have it, and shows images", async (given) => {
  const { browser, folder } = given;
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder));
  await shows(view, "#unavailable", /WebGPU/);
  assertMatch(await view.locator("#unavailable").innerText(), /enable-unsafe-webgpu/);
  await view.setInputFiles("[data-input=fixed] input", `${folder}/mr.nii.gz`);
  await view.setInputFiles("[data-input=moving] input", `${folder}/ct.nii.gz`);
  await shows(view, "[data-input=moving]", /voxels/);
  assertGreater((await picture(view, "axial")).lit, 1000);
  assert(await view.isDisabled("#register"));
  assertEquals(errors, []);
}, false);

browserTest("on a phone everything fits into the width", async ({ browser, folder }) => {
  await writePair(folder);
  const { view, errors } = await open(browser, await pageFile(folder));
  await view.setViewportSize({ width: 390, height: 844 });
  await view.setInputFiles("[data-input=fixed] input", `${folder}/mr.nii.gz`);
  await view.setInputFiles("[data-input=moving] input", `${folder}/ct.nii.gz`);
  await shows(view, "[data-input=moving]", /voxels/);
  await view.click("#settings > summary");
  const width = await view.evaluate(() => document.documentElement.scrollWidth);
  assertEquals(width, 390);
  assertEquals(await view.locator("figure:visible").count(), 1);
  await view.click("#tabs button:has-text('Sagittal')");
  await view.locator("figure[data-plane=sagittal]").waitFor();
  assertGreater((await picture(view, "sagittal")).lit, 1000);
  assertEquals(errors, []);
});
