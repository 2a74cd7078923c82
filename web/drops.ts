/**
 * Files that are dropped anywhere on the page.
 *
 * @module
 */

import { byId } from "./dom.ts";

/**
 * Accepts drops on the whole page, and marks the place for files under the pointer.
 *
 * @param onDrop - Is called with a drop, which a browser empties after the call returns, and with the element of the
 *   place on which it was dropped; null elsewhere.
 */
export function acceptDrops(
  onDrop: (transfer: DataTransfer, slot: HTMLElement | null) => void,
): void {
  const cover = byId("drop");
  let depth = 0;
  const slotAt = (event: DragEvent) => (event.target as Element).closest<HTMLElement>(".slot");
  const mark = (slot: HTMLElement | null) => {
    for (const other of document.querySelectorAll(".slot")) {
      other.classList.toggle("over", other === slot);
    }
  };
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth++;
    cover.hidden = false;
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(slotAt(event));
  });
  addEventListener("dragleave", () => {
    depth--;
    if (depth <= 0) cover.hidden = true;
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    cover.hidden = true;
    mark(null);
    if (event.dataTransfer !== null) onDrop(event.dataTransfer, slotAt(event));
  });
}
