/** The viewer of a report in Chromium. */

import { assertEquals, assertLess } from "@std/assert";
import { caseLayers } from "../../reports/case_layers.ts";
import { caseViewer, VIEWER_SCRIPT, VIEWER_STYLE } from "../../reports/case_viewer.ts";
import { cohortReport } from "../../reports/cohort_report.ts";
import { htmlPage } from "../../reports/html.ts";
import { CHROMIUM, launchChromium, WITHOUT_CHROMIUM } from "../../testing/browser.ts";
import { Picture } from "../../pictures/picture.ts";
import { inFolder } from "../../testing/in_folder.ts";
import { IDENTITY } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";

const grid = Grid.axisAligned([20, 16, 12], [2, 2, 2]);

/** A page with the viewer of a ramp. */
async function viewerPage(): Promise<string> {
  const ramp = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => i % 20) };
  const ones = { grid, data: new Float32Array(grid.voxels).fill(1) };
  const zero = new Float32Array(grid.voxels);
  const field = { grid, components: [zero, zero, zero] } as const;
  const planes = await caseLayers({
    fixed: ramp,
    moving: ramp,
    result: { warped: ramp, field, jacobian: ones, rigid: IDENTITY },
  });
  return htmlPage({
    title: "Viewer",
    styles: [VIEWER_STYLE],
    script: VIEWER_SCRIPT,
    body: caseViewer(planes),
  });
}

Deno.test({
  name:
    `the viewer of a report shows what its controls say, after a return to the page, too, and fits a telephone${WITHOUT_CHROMIUM}`,
  ignore: CHROMIUM === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/report.html`, await viewerPage());
      const browser = await launchChromium({ hasWebGpu: false });
      try {
        const view = await browser.newPage({ viewport: { width: 400, height: 800 } });
        const state = async () => [
          await view.inputValue("[name=mode]") ===
            await view.getAttribute(".viewer", "data-mode"),
          await view.isChecked("[name=state]") ===
            (await view.getAttribute(".viewer", "data-state") === "before"),
          await view.isChecked("[name=grid]") ===
            (await view.getAttribute(".viewer", "data-grid") !== null),
          await view.locator("figure:first-child .stack:visible").count() === 1,
        ];
        await view.goto(`file://${folder}/report.html`);
        assertEquals(await view.evaluate("document.documentElement.scrollWidth"), 400);
        await view.selectOption("[name=mode]", "checkerboard");
        await view.check("[name=grid]");
        await view.keyboard.press("Shift+B");
        assertEquals(await view.getAttribute(".viewer", "data-state"), "before");
        assertEquals(await state(), [true, true, true, true]);
        await view.goto("about:blank");
        await view.goBack();
        assertEquals(await state(), [true, true, true, true]);
      } finally {
        await browser.close();
      }
    }),
});

Deno.test({
  name:
    `the page of a cohort has all columns in view with long names, long paths and flat pictures${WITHOUT_CHROMIUM}`,
  ignore: CHROMIUM === undefined,
  fn: async () => {
    const measures = {
      verdict: "good",
      reasons: [],
      foldedPercent: 0,
      sdLog: 0.1,
      seconds: 9,
    } as const;
    const page = cohortReport({
      cases: [
        {
          id: "a".repeat(180),
          state: { kind: "done", measures },
          // The coronal slice of a stack of three slices.
          thumbnail: new Picture(268, 9, [90, 90, 90]).toPng(),
        },
        { id: "b", state: { kind: "error", message: `Cannot read /${"x".repeat(300)}` } },
      ],
      command: "crosswarp register",
      version: "0",
    });
    const browser = await launchChromium({ hasWebGpu: false });
    try {
      const view = await browser.newPage({ viewport: { width: 1200, height: 700 } });
      await view.setContent(page);
      const box = await view.locator("th:has-text('time')").boundingBox();
      assertLess(box!.x + box!.width, 1200);
    } finally {
      await browser.close();
    }
  },
});
