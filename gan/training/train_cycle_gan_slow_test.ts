import type { Modality } from "../../volume/modality.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Gpu } from "../../kernels/mod.ts";
import { assertCloseTo } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { loadGenerator, readCheckpointHeader, type TrainingData } from "../model/checkpoint.ts";
import { ModelFileError } from "../model/model_error.ts";
import { RandomState } from "../../host/random.ts";
import { readSafetensors } from "../model/safetensors.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../model/settings.ts";
import type { AirRule } from "../ops/intensity_transfer/air_rule.ts";
import { Tensorflow, tf } from "../tensorflow.ts";
import {
  type PairSource,
  type PatchSource,
  trainCycleGan,
  type TrainingOptions,
} from "./train_cycle_gan.ts";
import { TrainingDivergedError } from "./diverged.ts";

const settings: CycleGanSettings = {
  ...PAPER_SETTINGS,
  crop: 16,
  channels: 1,
  generatorFilters: 4,
  blocks: 1,
  discriminatorFilters: 4,
  strides: [2, 1],
  epochs: 4,
  stepsPerEpoch: 3,
  pool: 2,
  learningRate: 1e-3,
  identitySteps: 2,
};

/** Smooth blobs; those of the MR are dark. */
function source(name: Modality): PatchSource {
  const random = RandomState.of(5, name);
  const sign = name === "ct" ? 1 : -1;
  return {
    next() {
      const x = random.between(4, 12);
      const y = random.between(4, 12);
      return Float32Array.from(
        { length: 256 },
        (_, i) => sign * (2 * Math.exp(-((i % 16 - x) ** 2 + ((i >> 4) - y) ** 2) / 20) - 1),
      );
    },
    save: () => random.save(),
    restore: (words) => random.restore(words),
  };
}

/** Pairs of blobs at one place. */
function pairSource(): PairSource {
  const random = RandomState.of(5, "pairs");
  return {
    next() {
      const ct = source("ct").next() as Float32Array<ArrayBuffer>;
      const shift = random.between(-0.2, 0.2);
      return { ct, mr: ct.map((value) => shift - value), weight: new Float32Array(256).fill(1) };
    },
    save: () => random.save(),
    restore: (words) => random.restore(words),
  };
}

const scale = { low: 0, high: 1 };

const data: TrainingData = {
  plane: "coronal",
  spacing: [1, 1, 1],
  region: "all",
  flips: false,
  scale: { ct: scale, mr: scale },
  images: { ct: ["a"], mr: ["b"] },
};

async function train(
  gpu: Gpu,
  folder: string,
  more: Partial<TrainingOptions> = {},
): Promise<void> {
  using tensorflow = await Tensorflow.open(gpu);
  const gan = await trainCycleGan({
    tensorflow,
    settings,
    folder,
    sources: { ct: source("ct"), mr: source("mr") },
    data,
    ...more,
  });
  gan.dispose();
  assertEquals(tf.memory().numTensors, 0);
}

const filesOf = (folder: string) =>
  new Map(
    [...Deno.readDirSync(folder)].map(({ name }) => name).sort()
      .map((name) => [name, Deno.readFileSync(`${folder}/${name}`)]),
  );

async function withFolders(body: (a: string, b: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const name of ["a", "b"]) await Deno.mkdir(`${root}/${name}`);
    await body(`${root}/a`, `${root}/b`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

gpuTest(
  "training: the same seed gives the same bytes, and another does not",
  (gpu) =>
    withFolders(async (a, b) => {
      await train(gpu, a);
      await train(gpu, b);
      const first = filesOf(a);
      assertEquals(
        [...first.keys()],
        ["checkpoint-0000012.safetensors", "checkpoint.json", "log.jsonl"],
      );
      assertEquals(filesOf(b), first);
      const lines = new TextDecoder().decode(first.get("log.jsonl")).trim().split("\n");
      assertEquals(lines.length, 12);
      assertEquals([JSON.parse(lines[11]).step, JSON.parse(lines[11]).epoch], [12, 3]);
      await train(gpu, b, { settings: { ...settings, seed: 20 } });
      assert(
        String(filesOf(b).get("checkpoint-0000012.safetensors")) !==
          String(first.get("checkpoint-0000012.safetensors")),
      );
    }),
);

gpuTest(
  "training: interrupted and resumed, it gives the same bytes",
  (gpu) =>
    withFolders(async (a, b) => {
      await train(gpu, a);
      // The signal ends it after step 5; then an error kills it beyond a checkpoint.
      const abort = new AbortController();
      const interrupted = train(gpu, b, {
        signal: abort.signal,
        sampleEvery: 5,
        onSample: (_, step) =>
          Promise.resolve(step === 5 ? abort.abort(new Error("enough")) : undefined),
      });
      await assertRejects(() => interrupted, Error, "enough");
      assertEquals(JSON.parse(await Deno.readTextFile(`${b}/checkpoint.json`)).step, 5);
      const killed = train(gpu, b, {
        resume: true,
        checkpointEvery: 7,
        sampleEvery: 8,
        onSample: (_, step) => step === 8 ? Promise.reject(new Error("killed")) : Promise.resolve(),
      });
      await assertRejects(() => killed, Error, "killed");
      assertStringIncludes(await Deno.readTextFile(`${b}/log.jsonl`), '"step":8');
      await train(gpu, b, { resume: true });
      assertEquals(filesOf(b), filesOf(a));
      // A finished training that is resumed changes nothing.
      await train(gpu, b, { resume: true });
      assertEquals(filesOf(b), filesOf(a));
    }),
);

gpuTest(
  "training: with pairs, a structure loss and a transfer, resumed after the regression began, it gives the same bytes",
  (gpu) =>
    withFolders(async (a, b) => {
      const corresponding: CycleGanSettings = {
        ...settings,
        identitySteps: 0,
        pairSteps: 3,
        pairWeight: 5,
        structureMeasure: "mind",
        structureWeight: 2,
      };
      const ct: AirRule = { dark: [-0.9, -0.1], pixels: [0, 6], curve: [-0.6, -0.2, -0.4] };
      const mr: AirRule = { dark: [-0.5, 0.5], pixels: [3, 9], curve: [0.5, -0.3, -0.7] };
      const transfer = { mr: [0.9, 0.2, -0.7], ct: [0.3, 0.1, -0.4], air: { mr, ct } };
      const options = () => ({
        settings: corresponding,
        pairs: pairSource(),
        data: { ...data, transfer },
      });
      const patch = source("ct").next();
      let synthesised: Float32Array | undefined;
      await train(gpu, a, {
        ...options(),
        onSample: async (gan) => {
          const x = tf.tensor4d(patch.slice(), [1, 16, 16, 1]);
          const y = gan.generators.mr.apply(x);
          synthesised = await y.data() as Float32Array;
          tf.dispose([x, y]);
        },
      });
      const abort = new AbortController();
      const interrupted = train(gpu, b, {
        ...options(),
        signal: abort.signal,
        sampleEvery: 4,
        onSample: (_, step) =>
          Promise.resolve(step === 4 ? abort.abort(new Error("enough")) : undefined),
      });
      await assertRejects(() => interrupted, Error, "enough");
      await train(gpu, b, { ...options(), resume: true });
      assertEquals(filesOf(b), filesOf(a));
      const lines = new TextDecoder().decode(filesOf(a).get("log.jsonl")).trim().split("\n")
        .map((line) => JSON.parse(line));
      // The regression ends in the middle of the training; the structure loss does not.
      assertEquals(lines.map(({ regression }) => regression > 0), [
        ...Array(6).fill(true),
        ...Array(6).fill(false),
      ]);
      assertEquals(lines.every(({ structure }) => structure > 0), true);
      await assertRejects(
        () => train(gpu, a, { settings: corresponding }),
        RangeError,
        "need a source of registered pairs",
      );
      const otherAir = { ...transfer, air: { ct } };
      for (const other of [undefined, { mr: [0.9, 0.2, -0.6] }, otherAir]) {
        const others = other === undefined ? data : { ...data, transfer: other };
        await assertRejects(
          () => train(gpu, b, { ...options(), data: others, resume: true }),
          ModelFileError,
          "another intensity transfer",
        );
      }
      // A model keeps its transfer.
      using _ = await Tensorflow.open(gpu);
      const { generator, header } = await loadGenerator(a, "mr");
      assertEquals(header.data.transfer, transfer);
      const x = tf.tensor4d(patch.slice(), [1, 16, 16, 1]);
      const y = generator.apply(x);
      assertCloseTo(await y.data(), synthesised!, "synthesis", 1e-5);
      tf.dispose([x, y]);
      generator.dispose();
      (await loadGenerator(a, "ct")).generator.dispose();
      assertEquals(tf.memory().numTensors, 0);
      for (
        const [wrong, message] of [
          [{ mr: [0.5, 2] }, "`transfer` must hold"],
          [{ ...transfer, air: { ct: { ...ct, dark: [0, 0] } } }, "`air` of `transfer` must hold"],
          [{ ...transfer, air: { mr: { ...mr, pixels: [-1, 2] } } }, "must hold rising ranges"],
          [
            { ...transfer, air: { mr, ct: { ...ct, curve: [-0.6, -0.2] } } },
            "`transfer` must hold curves of one length",
          ],
          [{ ...transfer, air: { ...ct, pixels: 5 } }, "a rule of an earlier version"],
          [
            { ...transfer, air: { own: [-0.5, 0], beside: [-0.9, -0.5], depth: 1 } },
            "a rule of an earlier version: train again",
          ],
        ] as const
      ) {
        const damaged = { ...header, data: { ...header.data, transfer: wrong } };
        await Deno.writeTextFile(`${a}/checkpoint.json`, JSON.stringify(damaged));
        await assertRejects(() => loadGenerator(a, "mr"), ModelFileError, message);
      }
    }),
);

gpuTest("training: a generator is loaded from a checkpoint", (gpu) =>
  withFolders(async (a) => {
    await assertRejects(() => loadGenerator(a, "mr"), ModelFileError, "has no checkpoint.json");
    await train(gpu, a, { settings: { ...settings, epochs: 1 } });
    using _ = await Tensorflow.open(gpu);
    const { generator, header } = await loadGenerator(a, "mr");
    assertEquals([header.step, generator.name], [3, "generator_mr"]);
    const all = await readSafetensors(`${a}/${header.tensors}`);
    const weights = await generator.readWeights();
    assertEquals(weights.length, 22);
    for (const { name, shape, data } of weights) {
      assertEquals([shape, data], [all.get(name)!.shape, all.get(name)!.data]);
    }
    generator.dispose();
    const bytes = (file: string) => Deno.readFile(`${a}/${file}`);
    const files = {
      header: new Blob([await bytes("checkpoint.json")]),
      tensors: await bytes(header.tensors),
    };
    for (const model of [new URL(`file://${a}`), new URL(`file://${a}/`), files]) {
      const other = await loadGenerator(model, "mr");
      assertEquals(other.header, header);
      assertEquals(await other.generator.readWeights(), weights);
      other.generator.dispose();
    }
    const swapped = { header: files.tensors, tensors: files.header };
    await assertRejects(() => loadGenerator(swapped, "mr"), ModelFileError, "checkpoint.json");
    const cut = { header: files.header, tensors: files.tensors.slice(0, -1) };
    await assertRejects(() => loadGenerator(cut, "mr"), ModelFileError, header.tensors);
  }));

gpuTest(
  "training: a model of before some settings is read with what they were",
  (gpu) =>
    withFolders(async (a) => {
      await train(gpu, a, { settings: { ...settings, identitySteps: 0, epochs: 1 } });
      const header = JSON.parse(await Deno.readTextFile(`${a}/checkpoint.json`));
      const later = ["discriminatorRate", "identitySteps", "pairSteps", "pairWeight"];
      later.push("structureMeasure", "structureWeight", "structureFloors");
      const settingsOf = Object.entries(header.settings).filter(([name]) => !later.includes(name));
      const text = JSON.stringify({ ...header, settings: Object.fromEntries(settingsOf) });
      await Deno.writeTextFile(`${a}/checkpoint.json`, text);
      assertEquals((await readCheckpointHeader(a))!.settings, header.settings);
    }),
);

gpuTest(
  "training: a checkpoint of other settings or damaged is refused",
  (gpu) =>
    withFolders(async (a) => {
      await train(gpu, a, { settings: { ...settings, epochs: 1 } });
      await assertRejects(
        () => train(gpu, a, { resume: true }),
        ModelFileError,
        "is of a training with epochs 1, not 4: use the same settings",
      );
      const only = { resume: true, settings: { ...settings, epochs: 1 } };
      await Deno.truncate(`${a}/checkpoint-0000003.safetensors`, 1000);
      await assertRejects(() => train(gpu, a, only), ModelFileError, "not a whole safetensors");
      await Deno.writeTextFile(`${a}/checkpoint.json`, "{");
      await assertRejects(() => train(gpu, a, only), ModelFileError, "is not JSON");
    }),
);

gpuTest(
  "training: a loss that is not finite ends it and leaves the last good checkpoint",
  (gpu) =>
    withFolders(async (a) => {
      const sources = { ct: source("ct"), mr: source("mr") };
      const { ct } = sources;
      let step = 0;
      sources.ct = {
        ...ct,
        next: () => ++step === 5 ? new Float32Array(256).fill(NaN) : ct.next(),
      };
      const error = await assertRejects(
        () =>
          train(gpu, a, {
            sources,
            checkpointEvery: 3,
            settings: { ...settings, identitySteps: 0 },
          }),
        TrainingDivergedError,
        `The last good checkpoint, of step 3, is in ${a}`,
      );
      assertStringIncludes(error.message, "at step 5: cycleCt = NaN");
      assertEquals(JSON.parse(await Deno.readTextFile(`${a}/checkpoint.json`)).step, 3);
      assert(filesOf(a).has("checkpoint-0000003.safetensors"));
    }),
);

gpuTest(
  "training: checkpoints are written by time, and by steps where these are given",
  (gpu) =>
    withFolders(async (a) => {
      const stepsWith = async (options: Partial<TrainingOptions>) => {
        const steps: number[] = [];
        let last: number | undefined;
        await train(gpu, a, {
          ...options,
          sampleEvery: 1,
          onSample: async () => {
            const text = await Deno.readTextFile(`${a}/checkpoint.json`).catch(() => "{}");
            const { step } = JSON.parse(text);
            if (step !== undefined && step !== last) steps.push(step);
            last = step;
          },
        });
        await Deno.remove(`${a}/checkpoint.json`);
        return steps;
      };
      const total = settings.epochs * settings.stepsPerEpoch;
      // The sample of a step is drawn before its checkpoint.
      const all = Array.from({ length: total - 1 }, (_, i) => i + 1);
      assertEquals(await stepsWith({ checkpointSeconds: 0 }), all);
      assertEquals(await stepsWith({}), [], "ten minutes do not pass; the last step writes one");
      const third = all.filter((step) => step % 3 === 0);
      assertEquals(await stepsWith({ checkpointEvery: 3, checkpointSeconds: 0 }), third);
    }),
);

gpuTest("training: the discriminators' rate is theirs alone", (gpu) =>
  withFolders(async (a, b) => {
    const weightsAfter = async (folder: string, discriminatorRate: number) => {
      const few = { ...settings, epochs: 1, stepsPerEpoch: 1, discriminatorRate };
      await train(gpu, folder, { settings: few });
      const { tensors } = JSON.parse(await Deno.readTextFile(`${folder}/checkpoint.json`));
      const all = await readSafetensors(`${folder}/${tensors}`);
      return (name: string) => all.get(`${name}/filter`)!.data;
    };
    // Adam's first step changes each weight by the rate, up or down.
    const still = await weightsAfter(a, 0);
    const moved = await weightsAfter(b, 3);
    assertEquals(moved("generator_ct/enter"), still("generator_ct/enter"));
    const [before, after] = [still, moved].map((weights) => weights("discriminator_ct/layer1"));
    const changes = after.map((value, i) => Math.abs(value - before[i]));
    assertAlmostEquals(Math.max(...changes), 3 * settings.learningRate, 1e-5);
  }));

gpuTest("training: settings without sense are refused", (gpu) =>
  withFolders(async (a) => {
    const wrong: [Partial<CycleGanSettings>, string][] = [
      [{ crop: 30 }, "`crop` must be a whole number of at least 16 and a multiple of 4, got 30"],
      [{ strides: [3] }, "`strides` must be a list of 1 and 2, got [3]"],
      [{ strides: [2, 2, 2, 1, 1] }, "see 70 pixels, more than twice a patch of 16"],
      [{ learningRate: NaN }, "`learningRate` must be a number of at least 0"],
      [{ discriminatorRate: -1 }, "`discriminatorRate` must be a number of at least 0"],
      [{ identitySteps: 0.5 }, "`identitySteps` must be a whole number of at least 0"],
      [{ generatorFilters: 6 }, "`generatorFilters`"],
    ];
    for (const [change, message] of wrong) {
      const changed = { settings: { ...settings, ...change } };
      await assertRejects(() => train(gpu, a, changed), RangeError, message);
    }
    assertEquals(tf.memory().numTensors, 0);
  }));
