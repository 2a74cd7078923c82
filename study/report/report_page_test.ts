import { assertEquals, assertStringIncludes } from "@std/assert";
import { reportPage } from "./report_page.ts";

Deno.test("reportPage() is one page that needs nothing else", () => {
  const page = reportPage({
    title: "The study",
    caution: "Few.",
    tables: [
      { title: "Table 1", cells: [["Volume", "CT"], ["liver", "<1>"]] },
      { title: "Findings", isText: true, cells: [["Finding", "verdict"], ["1.", "holds"]] },
      { title: "Left out", isOnlyFile: true, cells: [["nowhere"]] },
      {
        title: "Table 2",
        note: "p < 0.05",
        cells: [["", "rigid", "NMI"], ["thorax", "76.1*", "80.0**"], [
          "thorax, paper",
          "55.2",
          "75.2",
        ]],
      },
    ],
    seconds: { cohort: 30, report: 6 },
    setup: ["Seed 1 & no more."],
    pairs: [{
      subject: "a",
      region: "thorax" as const,
      results: {
        nmi: {
          dice: { "58": 0.9 },
          hausdorff95: { "58": 4 },
          treMean: null,
          tre95: null,
          nmi: 1.1,
          jacobian: null,
        },
      },
    }],
    figures: { None: [], Losses: [{ caption: 'of "a"', png: new Uint8Array([137, 80, 78, 71]) }] },
  });
  assertStringIncludes(page, '<td class="near"><strong>80.0</strong></td>');
  assertStringIncludes(page, '<td class="near">76.1</td>');
  assertStringIncludes(page, '<tr class="paper"><td>thorax, paper</td><td>55.2</td>');
  assertStringIncludes(page, "&lt;1&gt;");
  assertStringIncludes(page, "Seed 1 &amp; no more.");
  assertStringIncludes(page, 'alt="of &quot;a&quot;" src="data:image/png;base64,iVBORw=="');
  assertEquals(page.match(/<svg /g)?.length, 5, "the thorax's structures");
  assertStringIncludes(page, "Time: 0.6 min (cohort 0.5 min, report 0.1 min).");
  assertStringIncludes(page, "p &lt; 0.05");
  assertStringIncludes(page, '<div class="scroll text"><table><thead><tr><th>Finding</th>');
  assertEquals(page.match(/class="scroll"/g)?.length, 2, "the tables of numbers");
  assertEquals(page.includes("<h2>None"), false);
  assertEquals(page.match(/class="box"/g)?.length, 1);
  assertEquals(page.match(/(src|href)="(?!data:)/g), null);
});
