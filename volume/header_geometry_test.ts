/** Headers that contradict themselves are refused or named, and `trust` chooses. */

import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { counting, type MadeHeader, niftiFile, OBLIQUE } from "../testing/nifti_file.ts";
import type { Matrix4 } from "./affine.ts";
import { ImageGeometryError } from "./nifti_errors.ts";
import { readNifti, readNiftiLabels } from "./read_nifti.ts";
import type { ReadOptions } from "./read_options.ts";
import { qformOf } from "./qform.ts";
import { Grid } from "./grid.ts";

const put = counting((view, at, i) => view.setFloat32(at, i, true));
const file = (change: Partial<MadeHeader>) => niftiFile({ dims: [3, 20, 20, 10], ...change }, put);

/** The grid of a file, and the notices about it. */
async function read(change: Partial<MadeHeader>, options: ReadOptions = {}) {
  const notices: string[] = [];
  const { grid } = await readNifti(file(change), "a/mr.nii", {
    ...options,
    onNotice: (text) => notices.push(text),
  });
  return { grid, notices };
}

/** The qform of a matrix, as `niftiFile` takes it. */
function qformFor(matrix: Matrix4): MadeHeader["qform"] {
  const { quaternion: [b, c, d], offset, factor } = qformOf(
    matrix,
    new Grid([1, 1, 1], matrix).spacing,
  );
  return { code: 1, b, c, d, offset: [...offset], qfac: factor };
}

/** An axis-aligned matrix. */
const box = (sizes: number[], origin = [0, 0, 0]): Matrix4 => {
  const [x, y, z] = sizes;
  // deno-fmt-ignore
  return [
    x, 0, 0, origin[0],
    0, y, 0, origin[1],
    0, 0, z, origin[2],
    0, 0, 0, 1,
  ];
};

function assertMatrix(found: Matrix4, expected: Matrix4): void {
  found.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-5, `element ${i}`));
}

/** OBLIQUE with another size of its third voxel axis. */
const stretched = OBLIQUE.map((value, i) => i < 12 && i % 4 === 2 ? value * 1.5 : value);
const unit = OBLIQUE.map((value, i) => i < 12 && i % 4 < 3 ? value / [2, 2, 4][i % 4] : value);

Deno.test("readNifti() notices in one line that a header has no voxel size", async () => {
  const words = "a/mr.nii has no voxel size: its header has a pixdim of 0. 1 mm is taken";
  const bare = await read({ sform: null, pixdims: [2, 0, 4] });
  assertEquals(bare.grid.spacing, [2, 1, 4]);
  assertEquals(bare.notices.length, 1);
  assertStringIncludes(bare.notices[0], words);
  assertStringIncludes(bare.notices[0], "a/mr.nii has no position");
  const qform = { code: 1, b: 0, c: 0, d: 0, offset: [0, 0, 0], qfac: 1 };
  const placed = await read({ sform: null, qform, pixdims: [0, 0, 0] });
  assertEquals(placed.grid.spacing, [1, 1, 1]);
  assertEquals(placed.notices.length, 1);
  assertStringIncludes(placed.notices[0], words);
  // An sform states the sizes itself.
  assertEquals((await read({ pixdims: [0, 0, 0] })).notices, []);
});

Deno.test("readNifti() has no notice about a header that agrees with itself", async () => {
  for (const second of [false, true]) {
    for (
      const change of [{}, { qform: qformFor(OBLIQUE) }, { sform: null, qform: qformFor(OBLIQUE) }]
    ) {
      assertEquals((await read({ second, ...change })).notices, []);
    }
  }
  // Voxel sizes within 1 %, an unset voxel size, and one of an axis of one voxel.
  assertEquals((await read({ pixdims: [2.015, 1.985, 4.03] })).notices, []);
  assertEquals((await read({ pixdims: [0, 0, 0] })).notices, []);
  assertEquals((await read({ dims: [3, 20, 20, 1], pixdims: [2, 2, 1] })).notices, []);
  assertEquals((await read({ dims: [2, 20, 20], pixdims: [2, 2, 0] })).notices, []);
});

const sizes: [string, Partial<MadeHeader>, string[]][] = [
  [
    "another slice distance in sform and qform",
    { sform: stretched, qform: qformFor(OBLIQUE) },
    ["2 x 2 x 6 mm by the sform", "2 x 2 x 4 mm by pixdim and the qform", "set_qform", "set_sform"],
  ],
  [
    "another slice distance in sform and pixdim",
    { sform: stretched },
    ["2 x 2 x 6 mm by the sform", "2 x 2 x 4 mm by pixdim."],
  ],
  [
    "an sform without voxel sizes",
    { sform: unit, qform: qformFor(OBLIQUE) },
    ["1 x 1 x 1 mm by the sform", "2 x 2 x 4 mm by pixdim and the qform"],
  ],
  ["a size that differs by 1.1 %", { pixdims: [2, 2, 4.045] }, ["2 x 2 x 4.045 mm by pixdim"]],
];

for (const [name, change, words] of sizes) {
  Deno.test(`readNifti() refuses ${name}, unless one is trusted`, async () => {
    for (const second of [false, true]) {
      for (const reader of [readNifti, readNiftiLabels]) {
        const error = await assertRejects(
          () => reader(file({ second, ...change }), "a/mr.nii"),
          ImageGeometryError,
          "a/mr.nii",
        );
        assertEquals(error.message.includes("\n"), false);
        for (const word of [...words, "--trust sform", "--trust qform"]) {
          assertStringIncludes(error.message, word);
        }
      }
      const bySform = await read({ second, ...change }, { trust: "sform" });
      assertMatrix(bySform.grid.affine, change.sform ?? OBLIQUE);
      const byQform = await read({ second, ...change }, { trust: "qform" });
      byQform.grid.spacing.forEach((size, axis) =>
        assertAlmostEquals(size, change.pixdims?.[axis] ?? [2, 2, 4][axis], 1e-5)
      );
      // Without a qform the axes and the position are those of the sform, as ITK takes them.
      assertEquals(byQform.grid.affine[3], 30);
      assertEquals(Math.sign(byQform.grid.affine[4]), 1);
      for (const [{ notices }, chosen] of [[bySform, "sform"], [byQform, "qform"]] as const) {
        assertEquals(notices.length, 1);
        const used = chosen === "qform" && change.qform === undefined
          ? "The sform is used with the voxel sizes of pixdim"
          : `The ${chosen} is used`;
        for (const word of ["a/mr.nii", ...words.slice(0, 1), used]) {
          assertStringIncludes(notices[0], word);
        }
      }
    }
  });
}

Deno.test("readNifti() names an sform and a qform in different places, and takes the trusted one", async () => {
  const moved = OBLIQUE.map((value, i) => i === 7 ? value + 12 : value);
  for (const second of [false, true]) {
    const change = { second, qform: qformFor(moved) };
    const standard = await read(change);
    assertMatrix(standard.grid.affine, OBLIQUE);
    assertEquals(standard.notices.length, 1);
    for (
      const word of ["a/mr.nii", "12.0 mm", "0.0 degrees", "The sform is used", "--trust qform"]
    ) {
      assertStringIncludes(standard.notices[0], word);
    }
    const chosen = await read(change, { trust: "qform" });
    assertMatrix(chosen.grid.affine, moved);
    assertStringIncludes(chosen.notices[0], "The qform is used");
    assertMatrix((await read(change, { trust: "sform" })).grid.affine, OBLIQUE);
  }
});

Deno.test("readNifti() measures the angle between sform and qform", async () => {
  const sform = box([2, 2, 4]);
  const [s, c] = [Math.sin(Math.PI / 18), Math.cos(Math.PI / 18)];
  const turned = [2 * c, -2 * s, 0, 0, 2 * s, 2 * c, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1];
  const { notices: [turn] } = await read({ sform, qform: qformFor(turned) });
  assertStringIncludes(turn, "10.0 degrees");
  // The x axis mirrored: no rotation turns one into the other.
  const { notices: [mirror] } = await read({ sform, qform: qformFor(box([-2, 2, 4])) });
  assertStringIncludes(mirror, "180.0 degrees");
  assertStringIncludes(mirror, "76.0 mm");
});

Deno.test("readNifti() takes the rounding of a quaternion near a half turn for no difference", async () => {
  const angle = Math.PI - 2e-4;
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  const sform = [c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const { notices } = await read({
    dims: [3, 400, 300, 2],
    pixdims: [1, 1, 1],
    sform,
    qform: qformFor(sform),
  });
  assertEquals(notices, []);
});

Deno.test("readNifti() names a header without a position", async () => {
  for (const second of [false, true]) {
    const { grid, notices } = await read({ second, sform: null });
    assertEquals(grid.affine, [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]);
    assertEquals(notices.length, 1);
    for (const word of ["a/mr.nii", "codes are 0", "right, anterior and superior", "nibabel"]) {
      assertStringIncludes(notices[0], word);
    }
    assertEquals((await read({ second, sform: null }, { trust: "qform" })).notices.length, 1);
  }
});

Deno.test("readNifti() names a damaged qform and takes the sform", async () => {
  const qform = { code: 1, b: NaN, c: 0, d: 0, offset: [0, 0, 0], qfac: 1 };
  const { grid, notices } = await read({ qform });
  assertMatrix(grid.affine, OBLIQUE);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], "its qform is damaged");
  await assertRejects(() => read({ qform }, { trust: "qform" }), ImageGeometryError, "not finite");
});

Deno.test("readNifti() reads a file with a damaged sform if the qform is trusted", async () => {
  const change = { sform: new Array(16).fill(0), qform: qformFor(OBLIQUE) };
  await assertRejects(() => read(change), ImageGeometryError, "--trust qform");
  assertMatrix((await read(change, { trust: "qform" })).grid.affine, OBLIQUE);
});

const units: [number, number[], string][] = [
  [1, [2, 2, 6], "2000 x 2000 x 6000 mm, by the units code 1 (metres)"],
  [3, [2, 2, 6], "0.002 x 0.002 x 0.006 mm, by the units code 3 (micrometres)"],
  [2, [900, 900, 3000], "900 x 900 x 3000 mm, by the units code 2 (millimetres)"],
  [0, [0.0005, 0.0005, 0.001], "by the units code 0 (unknown, taken as millimetres)"],
  [1, [0.002, 0.002, 0.06], "2 x 2 x 60 mm, by the units code 1 (metres)"],
];

for (const [code, pixdims, words] of units) {
  Deno.test(`readNifti() refuses voxels of ${pixdims.join(" x ")} with the units code ${code}`, async () => {
    for (const second of [false, true]) {
      for (const sform of [null, box(pixdims)]) {
        for (const trust of [undefined, "sform", "qform"] as const) {
          const change = { second, units: code, pixdims, sform };
          const error = await assertRejects(
            () => read(change, { trust }),
            ImageGeometryError,
            words,
          );
          assertStringIncludes(error.message, "a/mr.nii");
          assertStringIncludes(error.message, "0.01 to 50 mm");
        }
      }
    }
  });
}

Deno.test("readNifti() prints a notice once if nobody takes it", async () => {
  const printed: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => printed.push(text);
  try {
    const name = `${crypto.randomUUID()}.nii`;
    await readNifti(file({ sform: null }), name);
    await readNifti(file({ sform: null }), name);
    assertEquals(printed.length, 1);
    assertStringIncludes(printed[0], name);
  } finally {
    console.warn = warn;
  }
});
