/**
 * Files that the page gives to the browser's downloads.
 *
 * @module
 */

import { make } from "./dom.ts";
import type { WorkWords } from "./error_words.ts";
import { showError } from "./messages.ts";

const WORDS: WorkWords = {
  title: "This file cannot be saved",
  verb: "save the file",
  lighter: "close other tabs",
};

/**
 * A list item with a button that saves a file.
 *
 * @param description - The content of the file in words.
 * @param encode - Makes the bytes of the file.
 */
export function downloadItem(
  file: string,
  description: string,
  encode: () => Promise<Uint8Array>,
): HTMLLIElement {
  const small = make("small", { textContent: description });
  const button = make("button", { type: "button" }, file, small);
  button.dataset.file = file;
  button.addEventListener("click", async () => {
    const setBusy = (isBusy: boolean) => {
      button.disabled = isBusy;
      button.ariaBusy = String(isBusy);
    };
    setBusy(true);
    try {
      const bytes = await encode();
      const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      make("a", { href: url, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      showError(error, WORDS);
    } finally {
      setBusy(false);
    }
  });
  return make("li", {}, button);
}
