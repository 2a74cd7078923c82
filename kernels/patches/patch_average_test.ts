import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import { Gpu, type GpuBuffer, type Kernel } from "../gpu/gpu.ts";
import {
  PatchAverage,
  patchAverage,
  type PatchAverageOptions,
  patchAverageReference,
  type PatchPosition,
} from "./patch_average.ts";
import { type PlaneAxes, PLANES } from "./plane_stack.ts";

/** Values in [-1, 1). */
function noise(size: Triple, seed = 1): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: size[0] * size[1] * size[2] }, () => 2 * next() - 1);
}

/** A network whose result depends on the patch and the position in it: a value's square and a ramp. */
const RAMP: Kernel = {
  label: "test ramp",
  code: /* wgsl */ `
struct Parameters { first: u32, count: u32, offset: f32 }
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.count) { return; }
  let value = input[p.first + id.x];
  output[p.first + id.x] = value * value + p.offset + f32(id.x) / f32(p.count);
}`,
};
const offsetOf = ({ start: [column, row, slice] }: PatchPosition) =>
  0.5 * Math.sin(column + 7 * row + 31 * slice);

function ramp(gpu: Gpu, output: GpuBuffer, count: number) {
  return (input: GpuBuffer, patches: readonly PatchPosition[]) => {
    const recorder = gpu.record("ramp");
    patches.forEach((position, i) =>
      recorder.dispatch(RAMP, {
        parameters: { first: i * count, count, offset: offsetOf(position) },
        buffers: [input, output],
        workgroups: [Math.ceil(count / 64)],
      })
    );
    recorder.submit();
    return output;
  };
}
const rampReference = (input: Float32Array, position: PatchPosition) =>
  input.map((value, i) => value * value + offsetOf(position) + i / input.length);

async function averageOfRamps(gpu: Gpu, options: PatchAverageOptions): Promise<Float32Array> {
  const { patch, channels, batch = 1 } = options;
  const count = patch * patch * channels;
  const output = gpu.buffer("ramps", 4 * count * batch);
  try {
    return await patchAverage(gpu, { ...options, network: ramp(gpu, output, count) });
  } finally {
    output.destroy();
  }
}

function assertClose(found: Float32Array, expected: Float32Array, tolerance: number): void {
  assertEquals(found.length, expected.length);
  const worst = found.reduce((max, v, i) => Math.max(max, Math.abs(v - expected[i])), 0);
  // NaN fails too.
  assert(worst <= tolerance, `differs by ${worst}`);
}

const backwards: PlaneAxes = {
  column: { axis: 2, reversed: true },
  row: { axis: 0, reversed: false },
  slice: { axis: 1, reversed: true },
};

type Cut = Omit<PatchAverageOptions, "image">;
const cuts: Record<string, Cut> = {
  "coronal, C = 3": {
    size: [21, 13, 18],
    axes: PLANES.coronal,
    patch: 8,
    channels: 3,
    stride: 3,
    sliceStride: 2,
  },
  "axial, C = 4, odd patch": {
    size: [19, 17, 9],
    axes: PLANES.axial,
    patch: 7,
    channels: 4,
    stride: 5,
    sliceStride: 3,
  },
  "sagittal, C = 12": {
    size: [31, 11, 14],
    axes: PLANES.sagittal,
    patch: 9,
    channels: 12,
    stride: 4,
    sliceStride: 5,
  },
  "backwards, C = 1": {
    size: [12, 5, 16],
    axes: backwards,
    patch: 12,
    channels: 1,
    stride: 1,
    sliceStride: 1,
  },
  "smaller than a patch along one axis": {
    size: [5, 9, 20],
    axes: PLANES.coronal,
    patch: 10,
    channels: 3,
    stride: 4,
    sliceStride: 2,
  },
  "smaller than a patch along all axes, by odd numbers": {
    size: [5, 3, 8],
    axes: PLANES.coronal,
    patch: 12,
    channels: 4,
    stride: 4,
    sliceStride: 2,
  },
  "a single voxel": {
    size: [1, 1, 1],
    axes: PLANES.axial,
    patch: 3,
    channels: 3,
    stride: 1,
    sliceStride: 1,
  },
  "no overlap": {
    size: [16, 6, 8],
    axes: PLANES.coronal,
    patch: 8,
    channels: 3,
    stride: 8,
    sliceStride: 3,
  },
  "wider than a workgroup": {
    size: [71, 3, 70],
    axes: PLANES.coronal,
    patch: 67,
    channels: 3,
    stride: 2,
    sliceStride: 1,
  },
};

for (const weights of ["uniform", "feather"] as const) {
  gpuTest(`patchAverage() agrees with its twin, ${weights} weights`, async (gpu, t) => {
    for (const [name, cut] of Object.entries(cuts)) {
      await t.step(name, async () => {
        const options = { ...cut, image: noise(cut.size), weights };
        const expected = patchAverageReference(options, rampReference);
        assertClose(await averageOfRamps(gpu, options), expected, 2e-6);
        assertClose(await averageOfRamps(gpu, { ...options, batch: 5 }), expected, 2e-6);
      });
    }
  });

  gpuTest(
    `patchAverage() gives the image back through an identity, ${weights} weights`,
    async (gpu) => {
      for (const cut of Object.values(cuts)) {
        const image = noise(cut.size, 3);
        const network = (patches: GpuBuffer) => patches;
        assertEquals(await patchAverage(gpu, { ...cut, image, weights, network }), image);
        const constant = image.map(() => 0.1);
        const same = await patchAverage(gpu, {
          ...cut,
          image: constant,
          weights,
          network,
          fill: 7,
        });
        assertEquals(same, constant);
      }
    },
  );
}

gpuTest("patchAverage() stays exact after thousands of patches", async (gpu) => {
  const size: Triple = [40, 20, 40];
  const image = noise(size, 5);
  const same = await patchAverage(gpu, {
    size,
    image,
    axes: PLANES.coronal,
    network: (patches: GpuBuffer) => patches,
    patch: 20,
    channels: 12,
    stride: 1,
    sliceStride: 1,
    weights: "feather",
    batch: 16,
  });
  assertEquals(same, image);
});

for (
  const { name, limit, slabs } of [
    { name: "slabs of planes", limit: 4 * 21 * 18 * 5 + 8, slabs: 3 },
    { name: "slabs of rows", limit: 4 * 21 * 3 * 10, slabs: 24 },
  ]
) {
  gpuTest(`patchAverage() gives the same bytes in ${name}`, async (gpu) => {
    const cut = cuts["coronal, C = 3"];
    const options = { ...cut, image: noise(cut.size) };
    const parts = PatchAverage.of(gpu, options);
    parts.destroy();
    assertEquals(parts.slabs.length, slabs);
    const found = await averageOfRamps(gpu, { ...options, weights: "feather" });
    assertClose(
      found,
      patchAverageReference({ ...options, weights: "feather" }, rampReference),
      2e-6,
    );
    assertEquals(found, await wholeAtOnce({ ...options, weights: "feather" }));
  }, { maxBindingBytes: limit });
}

async function wholeAtOnce(options: PatchAverageOptions): Promise<Float32Array> {
  using gpu = await Gpu.open();
  return await averageOfRamps(gpu, options);
}

gpuTest("patchAverage() gives the same bytes twice, and in batches", async (gpu) => {
  const cut = cuts["axial, C = 4, odd patch"];
  const options = { ...cut, image: noise(cut.size) };
  const once = await averageOfRamps(gpu, options);
  assertEquals(await averageOfRamps(gpu, options), once);
  assertEquals(await averageOfRamps(gpu, { ...options, batch: 3 }), once);
});

gpuTest("patchAverage() feathers away the seams of a large stride", async (gpu) => {
  // Every patch gets a level of its own: seams are where the mean of levels jumps.
  const cut: Cut = {
    size: [64, 1, 16],
    axes: PLANES.coronal,
    patch: 16,
    channels: 1,
    stride: 8,
    sliceStride: 1,
  };
  const image = new Float32Array(64 * 16);
  const jump = (weights: "uniform" | "feather") => {
    const mean = patchAverageReference(
      { ...cut, image, weights },
      (input, { index }) => input.map(() => index[0] % 2),
    );
    return mean.subarray(1, 64).reduce((max, v, i) => Math.max(max, Math.abs(v - mean[i])), 0);
  };
  assertAlmostEquals(jump("uniform"), 0.5, 1e-6);
  assertGreater(0.2, jump("feather"));
  const options = { ...cut, image, weights: "feather" } as const;
  assertClose(
    await averageOfRamps(gpu, options),
    patchAverageReference(options, rampReference),
    2e-6,
  );
});

gpuTest(
  "patchAverage() waits for a network that waits, and takes buffers of others",
  async (gpu) => {
    const cut = cuts["no overlap"];
    const image = noise(cut.size);
    const other = gpu.device.createBuffer({
      size: 4 * 8 * 8 * 3,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    const seen: string[] = [];
    const same = await patchAverage(gpu, {
      ...cut,
      image,
      network: async (input, patches) => {
        const encoder = gpu.device.createCommandEncoder();
        encoder.copyBufferToBuffer(input.handle, 0, other, 0, other.size);
        gpu.device.queue.submit([encoder.finish()]);
        await Promise.resolve();
        seen.push(patches[0].start.join());
        return other;
      },
    });
    other.destroy();
    assertEquals(same, image);
    assertEquals(seen, ["0,0,0", "8,0,0", "0,0,3", "8,0,3"]);
  },
);

gpuTest("patchAverage() reports its progress", async (gpu) => {
  const cut = cuts["coronal, C = 3"];
  const seen: number[] = [];
  await patchAverage(gpu, {
    ...cut,
    image: noise(cut.size),
    network: (patches: GpuBuffer) => patches,
    batch: 4,
    onProgress: ({ patches, total }) => {
      assertEquals(total, 6 * 5 * 6);
      seen.push(patches);
    },
  });
  assertEquals(seen[0], 4);
  assertEquals(seen.at(-1), 180);
  assertEquals(seen, [...new Set(seen)].sort((a, b) => a - b));
});

gpuTest("patchAverage() ends by its signal and frees its buffers", async (gpu) => {
  const cut = cuts["coronal, C = 3"];
  const abort = new AbortController();
  let calls = 0;
  const options = {
    ...cut,
    image: noise(cut.size),
    signal: abort.signal,
    network: (patches: GpuBuffer) => {
      if (++calls === 1) abort.abort(new Error("enough"));
      return patches;
    },
  };
  await assertRejects(() => patchAverage(gpu, options), Error, "enough");
  assertEquals(calls, 1);
  await assertRejects(() => patchAverage(gpu, options), Error, "enough");
  assertEquals(calls, 1);
});

gpuTest("patchAverage() frees its buffers when the network fails", async (gpu) => {
  const cut = cuts["no overlap"];
  const options = { ...cut, image: noise(cut.size) };
  const network = () => Promise.reject(new Error("no network"));
  await assertRejects(() => patchAverage(gpu, { ...options, network }), Error, "no network");
  const small = gpu.buffer("small", 64);
  await assertRejects(
    () => patchAverage(gpu, { ...options, network: () => small }),
    RangeError,
    '"small" has 64 bytes; 1 patches of 8 x 8 x 3 float32 values take 768',
  );
  small.destroy();
});

gpuTest("patchAverage() gives empty patches the fill without the network", async (gpu) => {
  const size: Triple = [13, 6, 11];
  const options = {
    size,
    image: noise(size),
    axes: PLANES.coronal,
    patch: 4,
    channels: 2,
    stride: 3,
    sliceStride: 1,
    fill: -0.5,
    weights: "feather",
  } as const;
  const isEmpty = ({ index: [column, row, slice] }: PatchPosition) =>
    (3 * column + row) % 4 < 2 || slice === 2;
  const wanted = patchAverageReference(
    options,
    (input, position) =>
      isEmpty(position) ? input.map(() => options.fill) : rampReference(input, position),
  );
  for (const batch of [1, 3, 64]) {
    const output = gpu.buffer("output", 4 * batch * 32);
    const run = ramp(gpu, output, 32);
    let busy = 0;
    const found = await patchAverage(gpu, {
      ...options,
      batch,
      isEmpty,
      network: (input, patches) => {
        assertEquals(patches.some(isEmpty), false);
        busy += patches.length;
        return run(input, patches);
      },
    });
    assertGreater(busy, 10);
    found.forEach((value, i) => assertAlmostEquals(value, wanted[i], 1e-5));
    output.destroy();
  }
});
