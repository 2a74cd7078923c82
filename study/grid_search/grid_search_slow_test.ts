import { assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { readManifest } from "../../cohort/manifest.ts";
import {
  readDisplacementField,
  readLabelVolume,
  readVolume,
  writeVolume,
} from "../../volume/mod.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { runUnits, unfinishedUnits, type UnitScore } from "./grid_search.ts";
import { planGridSearch, planStudySearch } from "./plan.ts";
import { registerPairBy, registerPairRigidly } from "../scores/pair_registration.ts";
import { cutRegion } from "../../workflows/body_region.ts";
import { finished } from "../run_folder.ts";
import { sharedPhantom } from "../../cohort/phantom/shared_phantom.ts";

gpuTest(
  "runUnits() scores as registerPairBy() does, stops when told, and goes on there",
  async (gpu) => {
    const folder = await Deno.makeTempDir();
    // Two at once, as two processes would.
    const [manifest, same] = await Promise.all(
      [1, 2].map(() => sharedPhantom({ folder, profile: "smoke", seed: 1 })),
    );
    assertEquals(manifest, same);
    assertEquals(await sharedPhantom({ folder, profile: "smoke", seed: 1 }), manifest);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assertEquals(names, ["cohort_smoke_1"], "nothing half-made is left");

    const plan = await planGridSearch({
      manifest,
      folder,
      similarities: ["nmi"],
      regions: ["abdomen"],
      lambda: [0.05],
      spacing: [16],
      levels: [1, 2],
      regulariser: "tv",
      iterations: 4,
      voxel: 14,
      seed: 1,
      version: "test",
    });
    const controller = new AbortController();
    await assertRejects(
      () =>
        runUnits(gpu, plan, plan.units, {
          signal: controller.signal,
          onProgress: (done) => done === 1 && controller.abort(new Error("stopped")),
        }),
      Error,
      "stopped",
    );
    const units = plan.units.slice(0, 2);
    assertEquals(await unfinishedUnits(units), units.slice(1));
    await runUnits(gpu, plan, units);
    assertEquals(await unfinishedUnits(units), []);

    const { images, labels, truth } = (await readManifest(manifest)).subjects[0];
    const cut = async (image: string, labels: string) =>
      await cutRegion(
        gpu,
        { image: await readVolume(image), labels: await readLabelVolume(labels) },
        "abdomen",
        14,
      );
    const pair = {
      fixed: await cut(images.mr!, labels.mr as string),
      moving: await cut(images.ct!, labels.ct as string),
      truth: await readDisplacementField(truth!),
      region: "abdomen" as const,
    };
    const { rigid } = await registerPairRigidly(gpu, pair, { seed: 1 });
    const { result } = await registerPairBy(gpu, pair, {
      rigid,
      deformable: {
        similarity: "nmi",
        regulariser: "tv",
        lambda: 0.05,
        spacing: 20,
        levels: 2,
        iterations: 4,
      },
    });
    const score = (await finished<UnitScore>(units[1].path, units[1].key))!.value;
    assertEquals(score.dice, result.dice);
    assertEquals(score.treMean, result.treMean);
    assertEquals(score.foldedPercent, result.jacobian!.foldedPercent);
    const dice = Object.values(score.dice).filter((value) => value !== null);
    assertAlmostEquals(score.meanDice!, dice.reduce((sum, d) => sum + d) / dice.length, 1e-12);

    // An image in the moving one's place, from a file; the labels stay.
    const { grid, data } = pair.moving.image;
    const moving = { grid, data: data.map((value) => Math.abs(value + 300)) };
    const path = `${folder}/other.nii.gz`;
    await writeVolume(path, moving);
    const other = await planStudySearch({
      ...plan,
      similarities: ["lncc"],
      similarityOptions: { absolute: true },
      levels: [2],
    }, { substituteOf: () => Promise.resolve({ of: "moving", path, key: "other" }) });
    await runUnits(gpu, other, other.units.slice(0, 1));
    const { result: expected } = await registerPairBy(gpu, pair, {
      rigid,
      moving,
      deformable: {
        similarity: "lncc",
        absolute: true,
        regulariser: "tv",
        lambda: 0.05,
        spacing: 20,
        levels: 2,
        iterations: 4,
      },
    });
    const [unit] = other.units;
    const found = (await finished<UnitScore>(unit.path, unit.key))!.value;
    assertEquals(found.dice, expected.dice);
    assertNotEquals(found.dice, score.dice);
    await Deno.remove(folder, { recursive: true });
  },
);
