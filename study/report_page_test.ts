import { assertEquals, assertStringIncludes } from "@std/assert";
import { reportPage } from "./report_page.ts";

Deno.test("reportPage() is one page that needs nothing else", () => {
  const page = reportPage({
    tables: {
      table1: [["Volume", "CT"], ["liver", "<1>"]],
      table2: [["Mean Dice, %", "rigid", "NMI"], ["thorax", "76.1*", "80.0**"], [
        "thorax, paper",
        "55.2",
        "75.2",
      ]],
      structures: [["Mean Dice, %"], ["liver"]],
      registrations: [["Registration"], ["a thorax"]],
    },
    setup: ["Seed 1 & no more."],
    pairs: [{
      ...{ subject: "a", region: "thorax" as const },
      results: {
        nmi: { dice: { "58": 0.9 }, treMean: null, tre95: null, jacobian: null },
      },
    }],
    figures: { Losses: [{ caption: 'of "a"', png: new Uint8Array([137, 80, 78, 71]) }] },
  });
  assertStringIncludes(page, '<td class="near"><strong>80.0</strong></td>');
  assertStringIncludes(page, '<td class="near">76.1</td>');
  assertStringIncludes(page, '<tr class="paper"><td>thorax, paper</td><td>55.2</td>');
  assertStringIncludes(page, "&lt;1&gt;");
  assertStringIncludes(page, "Seed 1 &amp; no more.");
  assertStringIncludes(page, 'alt="of &quot;a&quot;" src="data:image/png;base64,iVBORw=="');
  assertEquals(page.match(/<svg /g)?.length, 11);
  assertEquals(page.match(/class="box"/g)?.length, 1);
  assertEquals(page.match(/(src|href)="(?!data:)/g), null);
});
