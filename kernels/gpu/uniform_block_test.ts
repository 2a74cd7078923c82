import { assertEquals, assertThrows } from "@std/assert";
import { packUniforms, uniformLayout } from "./uniform_block.ts";

const CODE = /* wgsl */ `
struct Geometry {
  image: vec3u,      // voxels, not { these }
  firstPlane: u32,
  stride: vec3<u32>,
}
/* struct Parameters { wrong: u32 } */
struct Parameters {
  shift: i32, half: f32,
  pair: vec2f,
  geometry: Geometry,
  rows: mat4x3f,
  scale: vec3f,
  weights: array<vec4f, 2>, last: u32,
}
@group(0) @binding(0) var<uniform> p: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
`;

Deno.test("uniformLayout() places fields by WGSL's rules", () => {
  const { bytes, fields } = uniformLayout(CODE)!;
  // By hand from the specification: the struct begins at 16, is 32 bytes; mat4x3f has columns of 16 bytes.
  assertEquals(fields.map(({ name, offset }) => [name, offset]), [
    ["shift", 0],
    ["half", 4],
    ["pair", 8],
    ["geometry", 16],
    ["rows", 48],
    ["scale", 112],
    ["weights", 128],
    ["last", 160],
  ]);
  assertEquals(bytes, 176);
  assertEquals(uniformLayout("@group(0) @binding(1) var<storage> a: array<f32>;"), undefined);
});

Deno.test("packUniforms() writes every component where the shader reads it", () => {
  const buffer = packUniforms(uniformLayout(CODE)!, {
    shift: -3,
    half: 0.5,
    pair: [1.5, 2.5],
    geometry: { image: [7, 8, 9], firstPlane: 4, stride: Uint32Array.of(1, 2, 3) },
    rows: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    scale: [-1, -2, -3],
    weights: [21, 22, 23, 24, 25, 26, 27, 28],
    last: true,
  });
  const f32 = new Float32Array(buffer);
  const u32 = new Uint32Array(buffer);
  assertEquals(new Int32Array(buffer)[0], -3);
  assertEquals([...f32.subarray(1, 4)], [0.5, 1.5, 2.5]);
  assertEquals([...u32.subarray(4, 12)], [7, 8, 9, 4, 1, 2, 3, 0]);
  // deno-fmt-ignore
  assertEquals([...f32.subarray(12, 31)], [
    1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0,
    -1, -2, -3,
  ]);
  assertEquals([...f32.subarray(32, 40)], [21, 22, 23, 24, 25, 26, 27, 28]);
  assertEquals(u32[40], 1);
});

Deno.test("packUniforms() refuses what does not fit the struct", () => {
  const layout = uniformLayout(`
    struct P { size: vec3u, weight: f32 }
    @group(0) @binding(0) var<uniform> p: P;
  `)!;
  const pack = (values: Parameters<typeof packUniforms>[1]) => () => packUniforms(layout, values);
  assertThrows(pack({ size: [1, 2, 3] }), TypeError, "P.weight is missing");
  assertThrows(pack({ size: [1, 2, 3], weight: 1, sizes: 1 }), TypeError, "no field `sizes`");
  assertThrows(pack({ size: [1, 2], weight: 1 }), TypeError, "3 values, got 2");
  assertThrows(pack({ size: [1, 2, 0.5], weight: 1 }), RangeError, "P.size is a u32");
  assertThrows(pack({ size: [1, 2, -1], weight: 1 }), RangeError, "cannot be -1");
  assertThrows(
    () => uniformLayout("struct P { a: array<f32, 4> } @group(0) @binding(0) var<uniform> p: P;"),
    TypeError,
    "multiples of 16",
  );
  assertThrows(
    () => uniformLayout("struct P { a: vec3h } @group(0) @binding(0) var<uniform> p: P;"),
    TypeError,
    "`vec3h`",
  );
});
