import { assertEquals, assertRejects } from "@std/assert";
import {
  type BestSetting,
  readBestSettings,
  readBestSettingsIfAny,
  SettingsError,
  writeBestSettings,
} from "./best_settings.ts";

const THORAX: BestSetting = {
  similarity: "nmi",
  region: "thorax",
  regulariser: "l2",
  lambda: 0.1,
  spacing: 17.5,
  levels: 4,
  voxel: 2.5,
  iterations: 50,
  dice: 0.9,
};

Deno.test("readBestSettings() reads what was written and names the field that is wrong", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/best.json`;
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
