/**
 * The suggestion in an error message about a mistyped word.
 *
 * @module
 */

/**
 * The end of an error message that names the nearest known word, such as `; did you mean register?`. It is empty
 * if no word is near: at most two edits away, or the only word that begins with the text.
 *
 * @param text - The mistyped word.
 * @param known - The known words.
 * @param before - A text that the message writes before the word, such as `--`.
 */
export function didYouMean(text: string, known: readonly string[], before = ""): string {
  let best = "";
  let min = Math.min(3, text.length);
  for (const word of known) {
    const distance = editDistance(text, word);
    if (distance < min) [best, min] = [word, distance];
  }
  if (best === "") {
    const longer = known.filter((word) => text !== "" && word.startsWith(text));
    if (longer.length === 1) best = longer[0];
  }
  return best === "" ? "" : `; did you mean ${before}${best}?`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length];
}
