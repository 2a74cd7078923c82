/**
 * Parts of HTML pages that need no other file.
 *
 * @module
 */

import { escapeXml } from "../host/escape_xml.ts";

/** Options of {@link htmlPage}. */
export interface HtmlPageOptions {
  /** The title of the page. */
  readonly title: string;
  /** Style sheets, one after the other. {@link PAGE_STYLE} stands before them. */
  readonly styles?: readonly string[] | undefined;
  /** The HTML of the body. */
  readonly body: string;
  /** A script at the end of the body. */
  readonly script?: string | undefined;
}

/** The style of all reports. */
const PAGE_STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1d23; background: #fff; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: .15rem 1.2rem .15rem 0; border-bottom: 1px solid #d5d9e0; vertical-align: top; }
.scroll { overflow-x: auto; }
h1, p, li, code { overflow-wrap: anywhere; }
small, .note { color: #5a6270; }
.verdict { font-weight: 600; padding: .1rem .5rem; border-radius: .3rem; white-space: nowrap; }
.good { background: #dcf2e3; color: #12512a; }
.doubtful { background: #fdf0cf; color: #6b4600; }
.failed, .none { background: #fbdcdc; color: #7d1414; }
@media (max-width: 40rem) { body { margin: 1rem auto; } }
`;

/** A page. */
export function htmlPage({ title, styles = [], body, script }: HtmlPageOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${[PAGE_STYLE, ...styles].join("")}</style>
</head>
<body>
${body}
${script === undefined ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

/** A table of texts. An empty head is left out. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const row = (cells: readonly string[], tag: "td" | "th") =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
  const heading = head.length === 0 ? "" : `<thead>${row(head, "th")}</thead>`;
  const body = rows.map((cells) => row(cells, "td")).join("");
  return `<div class="scroll"><table>${heading}<tbody>${body}</tbody></table></div>`;
}

/** A list of texts. */
export function htmlList(texts: readonly string[]): string {
  return `<ul>${texts.map((text) => `<li>${escapeXml(text)}</li>`).join("")}</ul>`;
}

/** The address of a PNG file that is part of the page. */
export function pngAddress(bytes: Uint8Array): string {
  return `data:image/png;base64,${base64(bytes)}`;
}

/** The bytes in base64. Chrome 139 and older have no `toBase64()`. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
