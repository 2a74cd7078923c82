import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { random } from "../testing/random.ts";
import type { Matrix4, Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { decodeAntsAffine } from "./ants_affine.ts";
import { decodeItkTransform, encodeItkTransform } from "./itk_transform.ts";
import { mapThrough } from "./map_points.ts";
import { chainOf, ofField, ofMatrix } from "./point_transform.ts";
import { mapPoint, type Transform } from "./transform.ts";
import { TransformFileError } from "./transform_file.ts";

const head = "#Insight Transform File V1.0\n";

/** The text of one transform. */
function one(kind: string, parameters: string, fixed: string): string {
  return `${head}#Transform 0\nTransform: ${kind}\nParameters: ${parameters}\nFixedParameters: ${fixed}\n`;
}

function near(found: Triple, expected: readonly number[], tolerance = 1e-9): void {
  found.forEach((v, i) => assertAlmostEquals(v, expected[i], tolerance));
}

Deno.test("decodeItkTransform() reads linear transforms: values by hand", () => {
  // In LPS a quarter turn about z around (10, 0, 0), then (1, 2, 3): (x, y, z) to (10 - y + 1, x - 10 + 2, z + 3).
  const texts = [
    one("AffineTransform_double_3_3", "0 -1 0 1 0 0 0 0 1 1 2 3", "10 0 0"),
    one("MatrixOffsetTransformBase_float_3_3", "0 -1 0 1 0 0 0 0 1 1 2 3", "10 0 0"),
    one("Euler3DTransform_double_3_3", `0 0 ${Math.PI / 2} 1 2 3`, "10 0 0 0"),
    one("VersorRigid3DTransform_double_3_3", `0 0 ${Math.SQRT1_2} 1 2 3`, "10 0 0"),
    one("Similarity3DTransform_double_3_3", `0 0 ${Math.SQRT1_2} 1 2 3 1`, "10 0 0"),
  ];
  for (const text of texts) {
    const map = decodeItkTransform(text, "a.tfm");
    // (4, 5, 6) in RAS is (-4, -5, 6) in LPS, which becomes (16, -12, 9), and that is (-16, 12, 9) in RAS.
    near(map.forward([4, 5, 6]), [-16, 12, 9]);
    near(map.inverse([-16, 12, 9]).point, [4, 5, 6]);
  }
  const moved = decodeItkTransform(one("TranslationTransform_double_3_3", "1 2 3", ""), "a.tfm");
  near(moved.forward([4, 5, 6]), [3, 3, 9]);
});

Deno.test("decodeItkTransform() reads a composite, whose last transform comes first", () => {
  const text = head +
    "#Transform 0\r\nTransform: CompositeTransform_double_3_3\r\n" +
    "#Transform 1\r\nTransform: AffineTransform_double_3_3\r\nParameters: 2 0 0 0 2 0 0 0 2 0 0 0\r\n" +
    "FixedParameters: 0 0 0\r\n" +
    "#Transform 2\r\nTransform: TranslationTransform_double_3_3\r\nParameters: 1 0 0\r\nFixedParameters: \r\n";
  // First 1 mm to the left, then twice as far from the origin.
  near(decodeItkTransform(text, "a.tfm").forward([4, 5, 6]), [6, 10, 12]);
});

Deno.test("ofField() is linear between its points and the identity beyond them, as in ITK", () => {
  const affine: Matrix4 = [10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1];
  const displacements = new Float32Array(24);
  for (let k = 1; k < 8; k += 2) displacements[3 * k + 1] = 4;
  const map = ofField({ size: [2, 2, 2], affine, displacements });
  near(map.forward([5, 1, 2]), [5, 3, 2]);
  // Half a voxel around the field has the displacement of its border.
  near(map.forward([14.9, 1, 2]), [14.9, 5, 2]);
  near(map.forward([15.1, 1, 2]), [15.1, 1, 2]);
  near(map.inverse([5, 3, 2]).point, [5, 1, 2], 1e-3);
});

Deno.test("chainOf() applies the first map first, and the inverse in the other order", () => {
  const twice = ofMatrix([2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
  const right = ofMatrix([1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const chain = chainOf([right, twice]);
  near(chain.forward([4, 5, 6]), [10, 10, 12]);
  near(chain.inverse([10, 10, 12]).point, [4, 5, 6]);
});

Deno.test("encodeItkTransform() is the same map inside the fixed image", () => {
  const next = random(7);
  const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
  const oblique: Matrix4 = [
    -12 * c,
    0,
    12 * s,
    30,
    0,
    11,
    0,
    -40,
    12 * s,
    0,
    12 * c,
    -20,
    0,
    0,
    0,
    1,
  ];
  const fixedGrid = new Grid(
    [30, 25, 20],
    [-2 * c, 0, 2 * s, 30, 0, 2, 0, -40, 2 * s, 0, 2 * c, -20, 0, 0, 0, 1],
  );
  const transform: Transform = {
    rigid: [0.96, -0.28, 0, 4, 0.28, 0.96, 0, -3, 0, 0, 1, 6, 0, 0, 0, 1],
    // The control points end inside the image: beyond them, the displacement is constant.
    controlGrid: {
      size: [4, 4, 3],
      affine: oblique,
      displacements: Float32Array.from({ length: 144 }, () => 6 * (next() - 0.5)),
    },
    fixedGrid,
    movingGrid: fixedGrid,
  };
  const text = encodeItkTransform(transform);
  assertStringIncludes(
    text,
    "Transform: CompositeTransform_double_3_3\n#Transform 1\nTransform: AffineTransform",
  );
  const map = decodeItkTransform(text, "a.tfm");
  for (let k = 0; k < 300; k++) {
    const index = fixedGrid.size.map((n) => n * next() - 0.5) as unknown as Triple;
    const point = fixedGrid.world(index);
    near(map.forward(point), mapPoint(transform, point), 1e-5);
  }
  const rigid = decodeItkTransform(
    encodeItkTransform({ ...transform, controlGrid: undefined }),
    "a",
  );
  near(rigid.forward([1, 2, 3]), [0.96 - 0.56 + 4, 0.28 + 1.92 - 3, 9]);
});

for (
  const [text, message] of [
    ["1 0 0", "is not a transform file of ITK"],
    [head, "has no transform"],
    [one("BSplineTransform_double_3_3", "1", "1"), "of the kind BSplineTransform_double_3_3"],
    [one("AffineTransform_double_2_2", "1", "1"), "of the kind AffineTransform_double_2_2"],
    [one("AffineTransform_double_3_3", "1 2", "0 0 0"), "lacks parameters"],
    [one("AffineTransform_double_3_3", "0 0 0 0 0 0 0 0 0 0 0 0", "0 0 0"), "singular"],
    [one("AffineTransform_double_3_3", "1 x", ""), '"1 x" are no numbers'],
    [one("DisplacementFieldTransform_double_3_3", "1 2", "1 1 1"), "where 3 are needed"],
  ] as const
) {
  Deno.test(`decodeItkTransform() refuses a file: ${message}`, () => {
    const error = assertThrows(
      () => decodeItkTransform(text, "a.tfm"),
      TransformFileError,
      message,
    );
    assert(error.message.startsWith("a.tfm"), error.message);
  });
}

/** A MATLAB file of level 4 with little-endian doubles. */
function matlab(variables: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const parts = Object.entries(variables).map(([name, values]) => {
    const bytes = new Uint8Array(20 + name.length + 1 + 8 * values.length);
    const view = new DataView(bytes.buffer);
    [0, values.length, 1, 0, name.length + 1].forEach((v, k) => view.setInt32(4 * k, v, true));
    bytes.set(new TextEncoder().encode(name), 20);
    values.forEach((v, k) => view.setFloat64(20 + name.length + 1 + 8 * k, v, true));
    return bytes;
  });
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("decodeAntsAffine() reads the matrix of 0GenericAffine.mat", () => {
  const parameters = [0, -1, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3];
  const bytes = matlab({ AffineTransform_double_3_3: parameters, fixed: [10, 0, 0] });
  const { points } = mapThrough(ofMatrix(decodeAntsAffine(bytes, "a.mat")), [[4, 5, 6]]);
  near(points[0], [-16, 12, 9]);
  const refused = [
    [matlab({ fixed: [1, 2, 3] }), "has fixed, not an affine transform"],
    [bytes.subarray(0, 50), "is not a MATLAB file of level 4"],
    [new TextEncoder().encode("1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"), "is not a MATLAB file"],
  ] as const;
  for (const [file, message] of refused) {
    assertThrows(() => decodeAntsAffine(file, "a.mat"), TransformFileError, message);
  }
  assertEquals(decodeAntsAffine(bytes, "a.mat").length, 16);
});
