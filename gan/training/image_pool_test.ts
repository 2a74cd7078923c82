import { assert, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { ImagePool } from "./image_pool.ts";
import { RandomState } from "../../host/random.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

/** Passes numbered pairs to a pool and reads its results: CT images are positive, MR images negative numbers. */
async function given(pool: ImagePool, count: number): Promise<[number, number][]> {
  const pairs: [number, number][] = [];
  for (let i = 1; i <= count; i++) {
    const image = (value: number) => tf.keep(tf.tensor4d([value], [1, 1, 1, 1]));
    const { ct, mr } = pool.exchange({ ct: image(i), mr: image(-i) });
    pairs.push([(await ct.data())[0], (await mr.data())[0]]);
    tf.dispose([ct, mr]);
  }
  return pairs;
}

gpuTest(
  "ImagePool gives every new pair until it is full, then old ones half of the time",
  async (gpu) => {
    using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const pool = new ImagePool(50, RandomState.of(1, "pool"));
    const pairs = await given(pool, 450);
    assertEquals(tf.memory().numTensors, 100);
    for (let i = 0; i < 50; i++) assertEquals(pairs[i], [i + 1, -i - 1]);
    const later = pairs.slice(50).map(([ct, mr], i) => ({ ct, mr, now: i + 51 }));
    const old = later.filter(({ ct, now }) => ct !== now);
    assert(old.length > 160 && old.length < 240, `${old.length} of 400 are old`);
    // CT and MR come from places drawn one apart from the other.
    assert(old.filter(({ ct, mr }) => ct !== -mr).length > 0.9 * old.length);
    // The pool returns no image twice: a returned image is replaced.
    assertEquals(new Set(old.map(({ ct }) => ct)).size, old.length);
    pool.dispose();
    assertEquals(tf.memory().numTensors, 0);
  },
);

gpuTest("ImagePool of no capacity gives what it gets", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const pool = new ImagePool(0, RandomState.of(1, "pool"));
  assertEquals(await given(pool, 3), [[1, -1], [2, -2], [3, -3]]);
  assertEquals(tf.memory().numTensors, 0);
});
