import { assertEquals, assertRejects } from "@std/assert";
import {
  checkShardSettings,
  joinShards,
  type ShardSettings,
  ShardSettingsError,
  shardTimesPath,
} from "./shard_folder.ts";
import { StudyTimes } from "./times.ts";

const SETTINGS: ShardSettings = {
  "number of shards": 2,
  version: "1",
  adapter: "an adapter",
  profile: "smoke",
  "key of the profile": "p",
  seed: 1,
  breathing: "by-modality",
  cohort: "phantom",
  "given settings": "none",
  ablations: "none",
};

Deno.test("joinShards() lets shards of the same settings join, and refuses others in one line", async () => {
  const out = await Deno.makeTempDir();
  await checkShardSettings(out, { ...SETTINGS, seed: 7 });
  // Of shards that begin at the same time, one is the first. The settings of half of them differ.
  const joined = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => joinShards(out, { ...SETTINGS, seed: i % 2 })),
  );
  assertEquals(joined.filter(({ status }) => status === "fulfilled").length, 4);
  const [name] = await Array.fromAsync(Deno.readDir(out), (entry) => entry.name);
  assertEquals([name], ["shards"], "no temporary folder remains");
  await Deno.remove(`${out}/shards`, { recursive: true });

  await joinShards(out, SETTINGS);
  await joinShards(out, SETTINGS);
  const error = await assertRejects(
    () => joinShards(out, { ...SETTINGS, "number of shards": 3 }),
    ShardSettingsError,
    "differ in the number of shards: 2, not 3.",
  );
  assertEquals(error.message.split("\n").length, 1);
  // The run that is not a shard has no number of shards.
  await checkShardSettings(out, { ...SETTINGS, "number of shards": undefined });
  await assertRejects(
    () => checkShardSettings(out, { ...SETTINGS, profile: "quick" }),
    ShardSettingsError,
    "differ in the profile: smoke, not quick.",
  );
  await Deno.writeTextFile(`${out}/shards/settings.json`, "{");
  await assertRejects(() => joinShards(out, SETTINGS), ShardSettingsError, "Cannot read");
  await Deno.remove(out, { recursive: true });
});

Deno.test("StudyTimes adds up the times of shards, and forgets them", async () => {
  const out = await Deno.makeTempDir();
  await joinShards(out, SETTINGS);
  await Deno.writeTextFile(`${out}/times.json`, '{"n4": 1, "report": 3}');
  const second = shardTimesPath(out, { index: 2, count: 2 });
  await Deno.writeTextFile(second, '{"n4": 0.5, "cycle-gans": 8}');
  const times = await StudyTimes.open(out);
  assertEquals(times.seconds, { n4: 1.5, report: 3, "cycle-gans": 8 });
  assertEquals((await StudyTimes.ofShard(second)).seconds, { n4: 0.5, "cycle-gans": 8 });
  await times.forget(["n4"]);
  assertEquals(times.seconds, { report: 3, "cycle-gans": 8 });
  assertEquals(JSON.parse(await Deno.readTextFile(second)), { "cycle-gans": 8 });
  await Deno.remove(out, { recursive: true });
});
