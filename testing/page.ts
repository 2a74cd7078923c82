/**
 * The page in Chromium, for tests: opening it, giving it files, looking at it and saving its files.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { buildPage, type BuiltPage } from "../web/build_page.ts";
import { SYNTHESIS_FILE } from "../web/synthesis_program.ts";
import { CHROMIUM, launchChromium, WITHOUT_CHROMIUM } from "./browser.ts";
import { inFolder } from "./in_folder.ts";

/** The longest wait for a piece of work on a busy computer, milliseconds. */
const PATIENCE = 120_000;

let built: Promise<BuiltPage> | undefined;

/** The page, which is built once. */
export function builtPage(): Promise<BuiltPage> {
  return built ??= buildPage();
}

/** Writes both files of the page into a folder and returns the page's address as a file. */
export async function pageFile(folder: string): Promise<string> {
  const { html, synthesis } = await builtPage();
  const path = `${folder}/crosswarp.html`;
  await Deno.writeTextFile(path, html);
  await Deno.writeTextFile(`${folder}/${SYNTHESIS_FILE}`, synthesis);
  return `file://${path}`;
}

/** Opens the page and waits until it knows its adapter; errors of the page fail the test. */
export async function open(
  browser: Browser,
  address: string,
  before?: (page: Page) => Promise<void>,
) {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    acceptDownloads: true,
  });
  const view = await context.newPage();
  const errors: string[] = [];
  view.on("pageerror", (error) => errors.push(error.message));
  await before?.(view);
  await view.goto(address);
  await shows(view, "#adapter", /./);
  return { view, errors };
}

/** Waits until an element shows a text. */
export async function shows(view: Page, selector: string, text: RegExp): Promise<void> {
  await view.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: PATIENCE });
}

/**
 * Arranges that an element is clicked at the moment when another one shows a text: the text may be gone before a click
 * from outside.
 */
export async function clickWhenShown(
  view: Page,
  clicked: string,
  shown: { readonly selector: string; readonly text: RegExp },
): Promise<void> {
  await view.evaluate(({ clicked, selector, text }) => {
    const element = document.querySelector(selector)!;
    const observer = new MutationObserver(() => {
      if (!text.test(element.textContent ?? "")) return;
      observer.disconnect();
      document.querySelector<HTMLElement>(clicked)!.click();
    });
    observer.observe(element, { childList: true, characterData: true, subtree: true });
  }, { clicked, ...shown });
}

/** The pixels of a plane's canvas as a digest, and the number of those that are not black. */
export async function picture(view: Page, plane: string): Promise<{ digest: string; lit: number }> {
  await view.locator("#planes[aria-busy=false]").waitFor();
  return await view.locator(`figure[data-plane=${plane}] canvas`).evaluate(async (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!
      .getImageData(0, 0, width, height);
    let lit = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] > 60) lit++;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return { digest: Array.from(digest, (byte) => byte.toString(16)).join(""), lit };
  });
}

/** Drops files on the page, beside the places for images. */
export async function drop(view: Page, folder: string, names: readonly string[]): Promise<void> {
  const contents = await Promise.all(
    names.map(async (name) => ({
      name: name.split("/").at(-1)!,
      bytes: Array.from(await Deno.readFile(`${folder}/${name}`)),
    })),
  );
  const transfer = await view.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, bytes } of files) data.items.add(new File([new Uint8Array(bytes)], name));
    return data;
  }, contents);
  await view.dispatchEvent("#viewer", "dragenter", { dataTransfer: transfer });
  await view.dispatchEvent("#viewer", "drop", { dataTransfer: transfer });
}

/** Drops folders and files on an element as the file manager does. */
export async function dropPaths(
  view: Page,
  paths: readonly string[],
  selector: string,
): Promise<void> {
  const { x, y, width, height } = (await view.locator(selector).boundingBox())!;
  const session = await view.context().newCDPSession(view);
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", {
      type,
      x: x + width / 2,
      y: y + height / 2,
      data: { items: [], files: [...paths], dragOperationsMask: 1 },
    });
  }
}

/** Saves a file of the result by its button. */
export async function saved(view: Page, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const waiting = view.waitForEvent("download", { timeout: PATIENCE });
  await view.click(`.downloads:visible button[data-file="${file}"]`);
  const download = await waiting;
  assertEquals(download.suggestedFilename(), file);
  return await Deno.readFile(await download.path());
}

/** The bytes without gzip, which differs between Deno and browsers. */
export async function uncompressed(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What a test of the page gets. */
export interface Case {
  /** The browser. */
  readonly browser: Browser;
  /** An empty folder. */
  readonly folder: string;
}

/** A test of the page; it is ignored without Chromium. */
export function browserTest(
  name: string,
  body: (given: Case) => Promise<void>,
  hasWebGpu = true,
): void {
  Deno.test({
    name: `page: ${name}${WITHOUT_CHROMIUM}`,
    ignore: CHROMIUM === undefined,
    fn: () =>
      inFolder(async (folder) => {
        const browser = await launchChromium({ hasWebGpu });
        try {
          await body({ browser, folder });
        } finally {
          await browser.close();
        }
      }),
  });
}
