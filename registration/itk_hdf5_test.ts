/** Transforms in HDF5 as ITK and ANTs write them. */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as h5wasm from "h5wasm";
import { random } from "../testing/random.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { decodeItkHdf5, encodeItkHdf5, isHdf5 } from "./itk_hdf5.ts";
import { mapPoint, type Transform } from "./transform.ts";
import { TransformFileError } from "./transform_file.ts";

const GRID = Grid.axisAligned([20, 18, 9], [2, 2, 4], [-20, -18, -16]);

/** A motion with random displacements at 12 x 12 x 12 control points: more numbers than are stored in one piece. */
function example(): Transform {
  const next = random(4);
  return {
    rigid: [0.96, -0.28, 0, 4, 0.28, 0.96, 0, -3, 0, 0, 1, 6, 0, 0, 0, 1],
    fixedGrid: GRID,
    movingGrid: GRID,
    controlGrid: {
      size: [12, 12, 12],
      affine: [4, 0, 0, -22, 0, 4, 0, -22, 0, 0, 4, -22, 0, 0, 0, 1],
      displacements: Float32Array.from({ length: 3 * 12 ** 3 }, () => 3 * (next() - 0.5)),
    },
  };
}

/** A value of a data set: a text, or numbers of a type. */
type Value = string | Float64Array | Float32Array;

/** A file with data sets. */
async function fileWith(values: Readonly<Record<string, Value>>): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  const file = new h5wasm.File("/made.h5", "w");
  for (const [name, value] of Object.entries(values)) {
    const parts = name.split("/").slice(0, -1);
    parts.forEach((_, i) => {
      const group = parts.slice(0, i + 1).join("/");
      if (file.get(group) === null) file.create_group(group);
    });
    file.create_dataset({ name, data: typeof value === "string" ? [value] : value });
  }
  file.close();
  const bytes = new Uint8Array(FS.readFile("/made.h5") as Uint8Array);
  FS.unlink("/made.h5");
  return bytes;
}

Deno.test("encodeItkHdf5() writes the map of the transform, and the same bytes again", async () => {
  const transform = example();
  const bytes = await encodeItkHdf5(transform);
  assert(isHdf5(bytes));
  const { forward, inverse } = await decodeItkHdf5(bytes, "t.h5");
  const next = random(8);
  for (let i = 0; i < 100; i++) {
    const point = GRID.world(GRID.size.map((n) => (n - 1) * next()) as unknown as Triple);
    const expected = mapPoint(transform, point);
    forward(point).forEach((v, axis) => assertAlmostEquals(v, expected[axis], 1e-5));
    inverse(expected).point.forEach((v, axis) => assertAlmostEquals(v, point[axis], 1e-3));
  }
  // At another time.
  const now = Date.now;
  try {
    Date.now = () => now() + 1e8;
    assertEquals(await encodeItkHdf5(transform), bytes);
  } finally {
    Date.now = now;
  }
  // ITK reads ASCII texts of variable length only.
  const { FS } = await h5wasm.ready;
  FS.writeFile("/written.h5", bytes);
  const file = new h5wasm.File("/written.h5", "r");
  const type = file.get("TransformGroup/0/TransformType") as h5wasm.Dataset;
  assertEquals(type.value, ["CompositeTransform_double_3_3"]);
  assertEquals([type.metadata.cset, type.metadata.vlen], [0, true]);
  file.close();
  FS.unlink("/written.h5");
  const { rigid } = transform;
  const onlyRigid = await encodeItkHdf5({ rigid, fixedGrid: GRID, movingGrid: GRID });
  assertEquals((await decodeItkHdf5(onlyRigid, "r.h5")).forward([1, 2, 3]), [
    0.96 - 0.56 + 4,
    0.28 + 1.92 - 3,
    9,
  ]);
});

Deno.test("decodeItkHdf5() reads the names and the numbers of older files, in the order of the groups", async () => {
  const affine = Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0);
  const bytes = await fileWith({
    "TransformGroup/0/TransformType": "CompositeTransform_float_3_3",
    // 1 mm to the left in LPS. The tenth group comes after the second one.
    "TransformGroup/10/TransformType": "TranslationTransform_float_3_3",
    "TransformGroup/10/TranformParameters": Float32Array.of(1, 0, 0),
    "TransformGroup/2/TransformType": "AffineTransform_double_3_3",
    "TransformGroup/2/TranformParameters": affine,
    "TransformGroup/2/TranformFixedParameters": new Float64Array(3),
  });
  // The last one comes first: (4 - 1, 5, 6), and then twice that.
  assertEquals((await decodeItkHdf5(bytes, "a.h5")).forward([4, 5, 6]), [6, 10, 12]);
});

Deno.test("decodeItkHdf5() refuses other files, and leaves nothing in the memory of the library", async () => {
  const type = (kind: string) => ({ "TransformGroup/0/TransformType": kind });
  const parameters = "TransformGroup/0/TransformParameters";
  const whole = await encodeItkHdf5(example());
  const cases: readonly [Uint8Array, string][] = [
    [new TextEncoder().encode("#Insight"), "is no HDF5 file"],
    [await fileWith({ "a/b": "c" }), "is an HDF5 file without transforms of ITK"],
    [await fileWith(type("CompositeTransform_double_3_3")), "has no transform"],
    [await fileWith(type("BSplineTransform_double_3_3")), "which is not read"],
    [await fileWith(type("AffineTransform_double_3_3")), "lacks parameters"],
    [
      await fileWith({
        ...type("TranslationTransform_double_3_3"),
        [parameters]: Float64Array.of(1, NaN, 3),
      }),
      "its parameters are no numbers",
    ],
    [whole.slice(0, 200), "is a damaged HDF5 file"],
    [whole.slice(0, whole.length / 2), "is a damaged HDF5 file"],
  ];
  for (const [bytes, message] of cases) {
    await assertRejects(() => decodeItkHdf5(bytes, "a.h5"), TransformFileError, message);
  }
  const { FS } = await h5wasm.ready;
  const names = FS.readdir("/") as string[];
  assertEquals(names.filter((name) => name.endsWith(".h5")), []);
});
