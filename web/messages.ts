/**
 * Messages to the person at the page.
 *
 * @module
 */

import { byId, make } from "./dom.ts";
import { errorWords, type Words, type WorkWords } from "./error_words.ts";
import { WorkError } from "./worker_client.ts";

/** Shows a message in place of the earlier one; undefined removes it. */
export function showMessage(words: Words | undefined, isError = true): void {
  const message = byId("message");
  message.className = isError ? "error" : "";
  message.replaceChildren(...words === undefined ? [] : wordElements(words));
}

/** Shows an error of some work. */
export function showError(error: unknown, work?: WorkWords): void {
  const kind = error instanceof WorkError ? error.kind : "Error";
  showMessage(errorWords(kind, (error as Error).message, work));
}

/** A heading and paragraphs. */
export function wordElements({ title, paragraphs }: Words): HTMLElement[] {
  return [
    make("h2", { textContent: title }),
    ...paragraphs.map((text) => make("p", { textContent: text })),
  ];
}

/** Shows the warnings about files and results, one line each. */
export function showNotices(notices: readonly string[]): void {
  byId("notices").replaceChildren(...notices.map((text) => make("li", { textContent: text })));
}
