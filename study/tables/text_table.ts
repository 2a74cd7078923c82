/**
 * Tables as text: for the console, Markdown and CSV.
 *
 * @module
 */

/** A table of text cells; the first row is the head. */
export type Cells = readonly (readonly string[])[];

/** A number with some digits behind the point; "-" for NaN. */
export function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(digits);
}

/** Columns aligned with spaces: the first to the left, the others to the right. */
export function alignedTable(cells: Cells): string {
  const widths = columnWidths(cells);
  return cells.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")
      .trimEnd()
  ).join("\n");
}

/**
 * A Markdown table.
 *
 * @param options - `isText` aligns all columns to the left. Default: all but the first to the right, for numbers.
 */
export function markdownTable(
  cells: Cells,
  { isText = false }: { readonly isText?: boolean | undefined } = {},
): string {
  const [head, ...rows] = cells;
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`;
  const rule = `|${head.map((_, i) => i === 0 || isText ? " --- " : " ---: ").join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n") + "\n";
}

/** Comma-separated values (RFC 4180). */
export function csvTable(cells: Cells): string {
  const quote = (cell: string) => /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return cells.map((row) => row.map(quote).join(",")).join("\r\n") + "\r\n";
}

function columnWidths(cells: Cells): number[] {
  return cells[0].map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
}
