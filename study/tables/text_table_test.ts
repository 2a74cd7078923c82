import { assertEquals } from "@std/assert";
import { alignedTable, csvTable, markdownTable } from "./text_table.ts";

const CELLS = [["organ", "Dice"], ["liver", "91.2"], ['a "b", c', "7"]];

Deno.test("tables as aligned text, Markdown and CSV", () => {
  assertEquals(alignedTable(CELLS), 'organ     Dice\nliver     91.2\na "b", c     7');
  assertEquals(
    markdownTable(CELLS),
    '| organ | Dice |\n| --- | ---: |\n| liver | 91.2 |\n| a "b", c | 7 |\n',
  );
  assertEquals(markdownTable([["a", "b"]], { isText: true }), "| a | b |\n| --- | --- |\n");
  assertEquals(csvTable(CELLS), 'organ,Dice\r\nliver,91.2\r\n"a ""b"", c",7\r\n');
});
