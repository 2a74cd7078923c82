import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type BestSetting,
  readBestSettings,
  readBestSettingsIfAny,
  SettingsError,
  writeBestSettings,
} from "./best_settings.ts";
import { profileOf, withSetting } from "./profiles.ts";
import { REGIONS } from "./grid_search_plan.ts";
import { reportOf } from "./report.ts";

const THORAX: BestSetting = {
  ...{ similarity: "nmi", region: "thorax", regulariser: "l2", lambda: 0.1, spacing: 17.5 },
  ...{ levels: 4, voxel: 2.5, iterations: 50, dice: 0.9 },
};

Deno.test("readBestSettings() reads what was written and names the field that is wrong", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/best.json`;
  assertEquals(await readBestSettingsIfAny(path), undefined);
  await assertRejects(() => readBestSettings(path), SettingsError, "no such file");
  await writeBestSettings({ path, settings: [THORAX] });
  assertEquals(await readBestSettings(path), { path, settings: [THORAX] });
  for (const [field, value] of [["similarity", "ncc"], ["lambda", -1], ["levels", 2.5]] as const) {
    await writeBestSettings({ path, settings: [{ ...THORAX, [field]: value }] });
    await assertRejects(
      () => readBestSettings(path),
      SettingsError,
      `settings[0].${field} must be`,
    );
  }
  for (const text of ["null", "{", '{"format": "crosswarp-cohort", "version": 1}']) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => readBestSettingsIfAny(path), SettingsError, path);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("withSetting() takes the region's setting, and the report names its file", () => {
  const profile = profileOf("quick");
  const best = { path: "a/best.json", settings: [THORAX] };
  assertEquals(withSetting(profile, "abdomen", best), profile);
  assertEquals(withSetting(profile, "thorax", best).deformable, {
    ...{ similarity: "nmi", regulariser: "l2", lambda: 0.1, spacing: 17.5, levels: 4 },
    iterations: 50,
  });
  const report = reportOf({
    ...{ profile, seed: 1, version: "test", adapter: "none", settings: best, searched: false },
    manifest: { format: "crosswarp-cohort", version: 1, profile: "quick", subjects: [] },
    ...{ isPhantom: true, regions: REGIONS, volumes: [], pairs: [], lungs: [], ablations: [] },
  });
  assertStringIncludes(
    report.markdown,
    "NMI thorax: squared L2, lambda 0.1, control points every 17.5 mm, 4 levels; all else: total " +
      "variation, lambda 0.05, control points every 15 mm, 3 levels; at most 50 steps a level (by the " +
      "best settings of a/best.json)",
  );
});
