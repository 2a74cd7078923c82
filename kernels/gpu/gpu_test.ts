import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { Gpu, type Kernel } from "./gpu.ts";
import { GpuLostError, GpuMemoryError, GpuValidationError } from "./errors.ts";
import { downloadImage, uploadImage } from "./image.ts";

const SCALE: Kernel = {
  label: "scale",
  code: /* wgsl */ `
struct Parameters { count: u32, factor: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < parameters.count) { destination[id.x] = parameters.factor * source[id.x]; }
}`,
};

gpuTest("Gpu runs a kernel and counts live bytes", async (gpu) => {
  const source = gpu.upload("source", new Float32Array([1, 2, 3]));
  const destination = gpu.buffer("destination", 12);
  gpu.record("scale").dispatch(SCALE, {
    parameters: { count: 3, factor: 2 },
    buffers: [source, destination],
    workgroups: [1],
  }).submit();
  const result = new Float32Array(await gpu.download(destination, 0, 12));
  assertEquals([...result], [2, 4, 6]);
  source.destroy();
  destination.destroy();
  destination.destroy();
});

gpuTest("Gpu raises an uncaptured error at the next check", async (gpu) => {
  gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
  await assertRejects(() => gpu.finish(), GpuValidationError);
});

gpuTest(
  "Gpu.buffer() refuses what exceeds the memory budget",
  (gpu) => {
    assertThrows(() => gpu.buffer("large", 1 << 20), GpuMemoryError, "coarser");
    assertEquals(gpu.liveBytes, 0);
  },
  { memoryBytes: 1000 },
);

gpuTest("Gpu takes a device that is open, and leaves it open", async (gpu) => {
  const sum = async () => {
    using other = await Gpu.open({ device: gpu.device });
    assertEquals(other.isSoftware, gpu.isSoftware);
    const buffer = other.upload("of the other", new Float32Array([1, 2]));
    const [a, b] = new Float32Array(await other.download(buffer, 0, 8));
    buffer.destroy();
    assertEquals([gpu.liveBytes, other.liveBytes], [0, 0]);
    return a + b;
  };
  assertEquals(await sum(), 3);
  assertEquals(await sum(), 3);
  // Each reports the errors of its time; one that is closed takes none.
  gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
  await assertRejects(() => gpu.finish(), GpuValidationError);
});

gpuTest("Gpu takes an adapter", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const given = {
    info: { ...adapter.info, description: "the given adapter" },
    limits: adapter.limits,
    features: adapter.features,
    requestDevice: adapter.requestDevice.bind(adapter),
  } as unknown as GPUAdapter;
  using gpu = await Gpu.open({ adapter: given });
  assertEquals(gpu.description, "the given adapter");
  assertEquals(gpu.device.label, "crosswarp");
});

gpuTest("uploadImage() and downloadImage() keep every voxel of odd sizes", async (gpu) => {
  for (const nx of [1, 3, 4, 5, 63, 64, 65]) {
    const data = Float32Array.from({ length: nx * 3 * 2 }, (_, i) => i);
    const image = uploadImage(gpu, "image", [nx, 3, 2], data);
    assertEquals(await downloadImage(gpu, image), data);
    image.destroy();
  }
});

Deno.test({
  name: "Gpu says that the device was lost",
  ignore: !(await navigator.gpu?.requestAdapter()) && Deno.env.get("REQUIRE_GPU") !== "1",
  fn: async () => {
    using gpu = await Gpu.open();
    const buffer = gpu.buffer("kept", 16);
    gpu.device.destroy();
    await gpu.device.lost;
    await assertRejects(() => gpu.download(buffer), GpuLostError, "start again");
    assertThrows(() => gpu.buffer("more", 16), GpuLostError);
    assertThrows(() => gpu.check(), GpuLostError);
    buffer.destroy();
    assertEquals(gpu.liveBytes, 0);
  },
});
