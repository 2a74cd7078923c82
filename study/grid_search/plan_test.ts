import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ManifestError, type ManifestSubject, writeManifest } from "../../cohort/manifest.ts";
import { PAPER_GRID } from "../../workflows/search_scales.ts";
import { type GridSearchOptions, planGridSearch } from "./plan.ts";

const FILES = ["mr", "ct", "mr_labels", "ct_labels"];
const PAIR: ManifestSubject = {
  id: "a",
  kind: "paired",
  images: { mr: "mr", ct: "ct" },
  labels: { mr: "mr_labels", ct: "ct_labels" },
};

async function cohort(subjects: readonly ManifestSubject[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const name of FILES) await Deno.writeTextFile(`${folder}/${name}`, name);
  const file = { format: "crosswarp-cohort", version: 1, profile: "test", subjects } as const;
  await writeManifest(`${folder}/cohort.json`, file);
  return folder;
}

function options(folder: string, given: Partial<GridSearchOptions> = {}): GridSearchOptions {
  return {
    manifest: `${folder}/cohort.json`,
    folder: "out",
    similarities: ["nmi"],
    regions: ["thorax", "abdomen"],
    ...PAPER_GRID,
    regulariser: "tv",
    iterations: 100,
    voxel: 4,
    seed: 1,
    version: "test",
    ...given,
  };
}

Deno.test("planGridSearch() lists the paper's 75 settings for each region and subject, keyed by content", async () => {
  const [here, there] = [await cohort([PAIR]), await cohort([PAIR])];
  const keys = async (folder: string, given: Partial<GridSearchOptions> = {}) =>
    (await planGridSearch(options(folder, given))).units.map(({ path }) => path);
  const first = await keys(here);
  assertEquals(first.length, 2 * 75);
  assertEquals(new Set(first).size, first.length);
  assertEquals(await keys(there), first, "another place, the same content");
  const mixed = { lambda: [0.2, 0.1, 0.025, 0.05, 0.0125, 0.2], regions: ["abdomen", "thorax"] };
  assertEquals(await keys(here, mixed as Partial<GridSearchOptions>), first, "another order");
  for (const other of [{ iterations: 9 }, { voxel: 2 }, { seed: 2 }, { version: "next" }]) {
    assertNotEquals((await keys(here, other))[0], first[0]);
  }
  await Deno.writeTextFile(`${there}/ct_labels`, "others");
  assertNotEquals((await keys(there))[0], first[0]);
  for (const folder of [here, there]) await Deno.remove(folder, { recursive: true });
});

Deno.test("planGridSearch() searches windows for local correlation alone", async () => {
  const folder = await cohort([PAIR]);
  const given = { similarities: ["nmi", "lncc"], regions: ["thorax"], window: [5, 2.5] } as const;
  const { units } = await planGridSearch(options(folder, given));
  const of = (name: string) => units.filter(({ similarity }) => similarity === name);
  assertEquals(of("nmi").length, 75);
  assertEquals(of("lncc").length, 2 * 75);
  assertEquals([...new Set(of("lncc").map(({ window }) => window))], [2.5, 5]);
  assertEquals(new Set(units.map(({ path }) => path)).size, 3 * 75);
  await assertRejects(
    () => planGridSearch(options(folder, { ...given, window: [0] })),
    RangeError,
    "`window` must be above 0",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("planGridSearch() has other keys with another rigid preset and other options", async () => {
  const folder = await cohort([PAIR]);
  const keys = async (given: Partial<GridSearchOptions>) =>
    (await planGridSearch(options(folder, given))).units[0].key;
  const plain = await keys({});
  assertEquals(await keys({ rigidPreset: "robust", similarityOptions: {} }), plain);
  assertNotEquals(await keys({ rigidPreset: "imregister" }), plain);
  assertEquals(await keys({ similarityOptions: { mind: { fineDescriptors: true } } }), plain);
  assertNotEquals(
    await keys({ similarities: ["mind"], similarityOptions: { mind: { fineDescriptors: true } } }),
    await keys({ similarities: ["mind"] }),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("planGridSearch() refuses empty lists, values out of range and cohorts without labelled pairs", async () => {
  const folder = await cohort([PAIR]);
  for (const name of ["similarities", "regions", "lambda", "spacing", "levels"]) {
    await assertRejects(
      () => planGridSearch(options(folder, { [name]: [] })),
      RangeError,
      `\`${name}\` is empty`,
    );
  }
  for (const [name, value] of [["lambda", -1], ["spacing", 0], ["levels", 1.5]] as const) {
    await assertRejects(
      () => planGridSearch(options(folder, { [name]: [value] })),
      RangeError,
      name,
    );
  }
  const single = await cohort([{ ...PAIR, kind: "mr", images: { mr: "mr" }, labels: {} }]);
  await assertRejects(() => planGridSearch(options(single)), ManifestError, 'kind "paired"');
  const bare = await cohort([{ ...PAIR, labels: {} }]);
  await assertRejects(() => planGridSearch(options(bare)), ManifestError, "needs labels");
  for (const each of [folder, single, bare]) await Deno.remove(each, { recursive: true });
});
