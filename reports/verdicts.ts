/**
 * The verdicts on a registration in words.
 *
 * @module
 */

import type { Verdict } from "../registration/quality.ts";

/** The title of each verdict, and what to do. */
export const VERDICTS: Readonly<
  Record<Verdict, { readonly title: string; readonly text: string }>
> = {
  good: {
    title: "Good.",
    text: "Nothing speaks against the result. That does not mean that it is exact: look at it.",
  },
  doubtful: { title: "Doubtful.", text: "Look at the result before you use it." },
  failed: {
    title: "Failed.",
    text:
      "Do not use the result. Check that both images show the same body, in the same orientation.",
  },
};
