/** Reading and writing of NRRD, MetaImage and Analyze, on files made byte by byte after the formats' documents. */

import { deflateSync, gzipSync } from "node:zlib";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileAccessError } from "../../host/errors.ts";
import { inFolder } from "../../testing/in_folder.ts";
import type { Matrix4 } from "../affine.ts";
import { Grid } from "../grid.ts";
import { ImageFileError, ImageGeometryError, ImageShapeError } from "../nifti_errors.ts";
import { orientationOf } from "../orientation.ts";
import { readDisplacementField } from "../read_displacement_field.ts";
import { readLabelVolume, readNifti, readVolume } from "../read_nifti.ts";
import { writeDisplacementField, writeLabelVolume, writeVolume } from "../write_nifti.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** 2 x 3 x 2 voxels, 0 to 11, as 16-bit numbers. */
function shorts(littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(24);
  for (let i = 0; i < 12; i++) new DataView(bytes.buffer).setInt16(2 * i, i - 4, littleEndian);
  return bytes;
}

const VALUES = Array.from({ length: 12 }, (_, i) => i - 4);

/** Voxel axes to posterior, left and superior in LPS: by hand the matrix in RAS. */
const LPS_FIELDS = `type: short
dimension: 3
space: left-posterior-superior
sizes: 2 3 2
space directions: (0,2,0) (3,0,0) (0,0,4)
kinds: domain domain domain
space origin: (10,-20,30)
`;
// deno-fmt-ignore
const IN_RAS: Matrix4 = [
  0, -3, 0, -10,
  -2, 0, 0, 20,
  0, 0, 4, 30,
  0, 0, 0, 1,
];

async function quietly(bytes: Uint8Array, name: string) {
  const notices: string[] = [];
  const volume = await readNifti(bytes, name, { onNotice: (notice) => notices.push(notice) });
  return { ...volume, notices };
}

const nrrd = (rest: string) => utf8(`NRRD0004\n# a comment\n${LPS_FIELDS}${rest}key:=value: x\n\n`);

for (
  const [what, bytes] of [
    ["raw, little-endian", joined(nrrd("endian: little\nencoding: raw\n"), shorts(true))],
    ["raw, big-endian", joined(nrrd("endian: big\nencoding: raw\n"), shorts(false))],
    [
      "compressed",
      joined(nrrd("endian: little\nencoding: gzip\n"), gzipSync(shorts(true))),
    ],
    [
      "compressed, after three bytes",
      joined(
        nrrd("endian: big\nencoding: gz\nbyte skip: 3\n"),
        gzipSync(joined(utf8("xyz"), shorts(false))),
      ),
    ],
    ["text", joined(nrrd("encoding: ascii\n"), utf8(VALUES.join("\n") + "\n"))],
    [
      "with lines before the voxels",
      joined(nrrd("endian: little\nencoding: raw\nline skip: 2\n"), utf8("a\nb\n"), shorts(true)),
    ],
    [
      "the last bytes",
      joined(nrrd("endian: little\nencoding: raw\nbyte skip: -1\n"), utf8("junk"), shorts(true)),
    ],
    [
      "Windows line ends",
      joined(
        utf8(
          new TextDecoder().decode(nrrd("endian: little\nencoding: raw\n")).replaceAll(
            "\n",
            "\r\n",
          ),
        ),
        shorts(true),
      ),
    ],
  ] as const
) {
  Deno.test(`readNifti() reads an NRRD file: ${what}`, async () => {
    const { grid, data, notices } = await quietly(bytes, "a.nrrd");
    assertEquals(grid.size, [2, 3, 2]);
    assertEquals(grid.affine, IN_RAS);
    assertEquals([...data], VALUES);
    assertEquals(notices, []);
  });
}

const metaImage = (rest: string) =>
  utf8(`ObjectType = Image
NDims = 3
TransformMatrix = 0 1 0 1 0 0 0 0 1
Offset = 10 -20 30
ElementSpacing = 2 3 4
DimSize = 2 3 2
ElementType = MET_SHORT
${rest}ElementDataFile = LOCAL
`);

for (
  const [what, bytes] of [
    ["raw", joined(metaImage("BinaryData = True\n"), shorts(true))],
    ["big-endian", joined(metaImage("BinaryDataByteOrderMSB = True\n"), shorts(false))],
    ["compressed", joined(metaImage("CompressedData = True\n"), deflateSync(shorts(true)))],
    ["text", joined(metaImage("BinaryData = False\n"), utf8(VALUES.join(" ")))],
    ["the last bytes", joined(metaImage("HeaderSize = -1\n"), utf8("junk"), shorts(true))],
  ] as const
) {
  Deno.test(`readNifti() reads a MetaImage file: ${what}`, async () => {
    const { grid, data, notices } = await quietly(bytes, "a.mha");
    assertEquals(grid.size, [2, 3, 2]);
    assertEquals(grid.affine, IN_RAS);
    assertEquals([...data], VALUES);
    assertEquals(notices, []);
  });
}

Deno.test("readNifti() reads a MetaImage file with Windows line ends", async () => {
  const header = `ObjectType = Image
NDims = 3
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 0 0 0
DimSize = 2 2 1
ElementType = MET_SHORT
ElementDataFile = LOCAL
`;
  const voxels = Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0);
  const bytes = joined(utf8(header.replaceAll("\n", "\r\n")), voxels);
  assertEquals([...(await quietly(bytes, "a.mha")).data], [1, 2, 3, 4]);
});

Deno.test("readVolume() finds the voxels of .nhdr and .mhd files next to them", async () => {
  await inFolder(async (folder) => {
    const write = (name: string, bytes: Uint8Array) => Deno.writeFile(`${folder}/${name}`, bytes);
    await write("a.raw", shorts(true));
    await write("a.raw.gz", gzipSync(shorts(true)));
    const header = "NRRD0005\n" + LPS_FIELDS + "endian: little\n";
    await write("raw.nhdr", utf8(`${header}encoding: raw\ndata file: a.raw\n`));
    await write("gzip.nhdr", utf8(`${header}encoding: gzip\ndata file: ./a.raw.gz\n`));
    const meta = new TextDecoder().decode(metaImage("")).replace("LOCAL", "a.raw");
    await write("a.mhd", utf8(meta));
    for (const name of ["raw.nhdr", "gzip.nhdr", "a.mhd"]) {
      const { grid, data } = await readVolume(`${folder}/${name}`);
      assertEquals(grid.affine, IN_RAS);
      assertEquals([...data], VALUES);
    }
    await write("lost.mhd", utf8(meta.replace("a.raw", "b.raw")));
    await assertRejects(
      () => readVolume(`${folder}/lost.mhd`),
      FileAccessError,
      `${folder}/b.raw: there is no such file`,
    );
    const bytes = await Deno.readFile(`${folder}/a.mhd`);
    await assertRejects(
      () => readNifti(bytes, "a.mhd"),
      ImageFileError,
      "its voxels are in the file a.raw. Give the path of the header.",
    );
  });
});

for (
  const [space, expected] of [
    ["right-anterior-superior", [0, 3, 0, 10, 2, 0, 0, -20, 0, 0, 4, 30]],
    ["LAS", [0, -3, 0, -10, 2, 0, 0, -20, 0, 0, 4, 30]],
  ] as const
) {
  Deno.test(`readNifti() turns the NRRD space ${space} into RAS`, async () => {
    const text = new TextDecoder().decode(nrrd("endian: little\nencoding: raw\n"))
      .replace("left-posterior-superior", space);
    const { grid } = await quietly(joined(utf8(text), shorts(true)), "a.nrrd");
    assertEquals(grid.affine.slice(0, 12), [...expected]);
  });
}

Deno.test("readNifti() warns of headers with an incomplete position, and takes them as ITK does", async () => {
  const plain = `NRRD0001
type: short
dimension: 3
sizes: 2 3 2
spacings: 2 3 4
endian: little
encoding: raw

`;
  const found = await quietly(joined(utf8(plain), shorts(true)), "a.nrrd");
  assertEquals(orientationOf(found.grid), "LPS");
  assertEquals(found.grid.spacing, [2, 3, 4]);
  assertStringIncludes(
    found.notices[0],
    "a.nrrd has an incomplete position: its header has no space, no space directions and no space origin. What it " +
      "states is taken as left, posterior and superior.",
  );
  // Stated axes and a stated origin count without directions, too.
  const inRas = plain.replace("spacings", "space: RAS\nspace origin: (10,-20,30)\nspacings");
  const partly = await quietly(joined(utf8(inRas), shorts(true)), "a.nrrd");
  assertEquals(partly.grid.affine.slice(0, 12), [2, 0, 0, 10, 0, 3, 0, -20, 0, 0, 4, 30]);
  assertStringIncludes(
    partly.notices[0],
    "its header has no space directions. What it states is taken as right, anterior and superior.",
  );
  const meta = new TextDecoder().decode(metaImage("")).replace(/TransformMatrix.*\n/, "");
  const { notices, grid } = await quietly(joined(utf8(meta), shorts(true)), "a.mha");
  assertEquals(grid.affine.slice(0, 12), [-2, 0, 0, -10, 0, -3, 0, 20, 0, 0, 4, 30]);
  const scaled = joined(metaImage("ElementToIntensityFunctionSlope = 2\n"), shorts(true));
  const stored = await quietly(scaled, "a.mha");
  assertEquals([...stored.data], VALUES);
  assertStringIncludes(stored.notices[0], "a.mha: its ElementToIntensityFunction is ignored");
  assertStringIncludes(
    notices[0],
    "a.mha has an incomplete position: its header has no TransformMatrix. What it states",
  );
});

Deno.test("readNifti() notices in one line that an image has no voxel size", async () => {
  const plain =
    "NRRD0001\ntype: short\ndimension: 3\nsizes: 2 3 2\nendian: little\nencoding: raw\n";
  const read = (header: string) => quietly(joined(utf8(`${header}\n`), shorts(true)), "a.nrrd");
  const bare = await read(plain);
  assertEquals(bare.grid.spacing, [1, 1, 1]);
  assertEquals(bare.notices.length, 1);
  assertStringIncludes(
    bare.notices[0],
    "a.nrrd has no voxel size: its header has no spacings. 1 mm is taken, as ITK takes it. All lengths in mm depend " +
      "on it. If the voxels have another size, write it into the header. It also has an incomplete position: its " +
      "header has no space, no space directions and no space origin.",
  );
  const partly = await read(`${plain}spacings: 2 nan 4\n`);
  assertEquals(partly.grid.spacing, [2, 1, 4]);
  assertStringIncludes(partly.notices[0], "its header has no spacing of axis 2.");
  // The size of a lone slice does not matter.
  const slice = await quietly(
    joined(
      utf8(`${plain.replace("2 3 2", "4 3 1")}spacings: 2 3 nan\n\n`),
      shorts(true),
    ),
    "a.nrrd",
  );
  assertEquals(slice.notices[0].includes("voxel size"), false);
  const meta = new TextDecoder().decode(metaImage("")).replace(/ElementSpacing.*\n/, "");
  const { grid, notices } = await quietly(joined(utf8(meta), shorts(true)), "a.mha");
  assertEquals(grid.spacing, [1, 1, 1]);
  assertEquals(notices, [
    "a.mha has no voxel size: its header has no ElementSpacing. 1 mm is taken, as ITK takes it. All lengths in mm " +
    "depend on it. If the voxels have another size, write it into the header.",
  ]);
  const size = meta.replace("DimSize", "ElementSize = 5 6 7\nDimSize");
  const sized = await quietly(joined(utf8(size), shorts(true)), "a.mha");
  assertEquals([sized.grid.spacing, sized.notices], [[5, 6, 7], []]);
});

Deno.test("readNifti() converts the units of spacings and of a MetaImage, and says so", async () => {
  const spacings = `NRRD0001
type: short
dimension: 3
sizes: 2 3 2
space: LPS
space origin: (1,2,3)
spacings: 2 3 4
endian: little
encoding: raw
`;
  const read = (more: string) =>
    quietly(joined(utf8(`${spacings}${more}\n`), shorts(true)), "a.nrrd");
  const own = await read('units: "cm" "mm" "mm"\n');
  assertEquals(own.grid.affine.slice(0, 12), [-20, 0, 0, -1, 0, -3, 0, -2, 0, 0, 4, 3]);
  assertEquals(own.notices.length, 2);
  assertEquals(
    own.notices[0],
    'a.nrrd has lengths in cm, by its "units". They are converted to mm; ITK ignores "units" and takes the numbers ' +
      'as mm. If they are mm, correct "units".',
  );
  const ofSpace = await read("space units: cm cm cm\n");
  assertEquals(ofSpace.grid.affine.slice(0, 12), [-20, 0, 0, -10, 0, -30, 0, -20, 0, 0, 40, 30]);
  assertEquals(ofSpace.notices.length, 2);
  assertStringIncludes(ofSpace.notices[0], 'lengths in cm, by its "space units"');
  const both = await read('space units: "cm" "cm" "cm"\nunits: "mm" "mm" "mm"\n');
  assertEquals(both.grid.affine.slice(0, 12), [-2, 0, 0, -10, 0, -3, 0, -20, 0, 0, 4, 30]);
  const millimetres = await read('space units: "mm" "mm" "mm"\nunits: "mm" "mm" "mm"\n');
  assertEquals(millimetres.notices.length, 1);
  const meta = await quietly(joined(metaImage("DistanceUnits = cm\n"), shorts(true)), "a.mha");
  assertEquals(meta.grid.affine, IN_RAS.map((value, i) => i < 12 ? 10 * value : value));
  assertEquals(meta.notices.length, 1);
  assertStringIncludes(meta.notices[0], "a.mha has lengths in cm, by its DistanceUnits.");
  for (const unit of ["mm", "?"]) {
    const file = joined(metaImage(`DistanceUnits = ${unit}\n`), shorts(true));
    assertEquals((await quietly(file, "a.mha")).notices, []);
  }
});

const gradient = joined(nrrd("endian: little\nencoding: raw\n"), shorts(true));
const edited = (from: string | RegExp, to: string, of = gradient) =>
  joined(
    utf8(new TextDecoder("latin1").decode(of.subarray(0, -24)).replace(from, to)),
    of.subarray(-24),
  );
const meta = joined(metaImage(""), shorts(true));

for (
  const [what, bytes, kind, message] of [
    ["bzip2", edited("encoding: raw", "encoding: bzip2"), ImageFileError, '"bzip2"'],
    ["no endian", edited("endian: little\n", ""), ImageFileError, 'has no "endian"'],
    ["blocks", edited("type: short", "type: block"), ImageFileError, 'type "block"'],
    [
      "fractions in a text of whole numbers",
      joined(nrrd("encoding: text\n"), utf8("1 2 1.5 " + "0 ".repeat(9))),
      ImageFileError,
      'has "1.5" among its voxels, whose type is int16',
    ],
    [
      "numbers beyond their type in a text",
      joined(nrrd("encoding: text\n"), utf8("1 2 70000 " + "0 ".repeat(9))),
      ImageFileError,
      'has "70000" among its voxels, whose type is int16',
    ],
    [
      "a negative number in a text of unsigned 64-bit numbers",
      edited("short", "uint64", joined(nrrd("encoding: text\n"), utf8("-1 " + "0 ".repeat(11)))),
      ImageFileError,
      'has "-1" among its voxels, whose type is uint64',
    ],
    [
      "limits of axes in place of a position",
      edited(
        /space: left[^]*kinds: domain domain domain\nspace origin.*/,
        "sizes: 2 3 2\nspacings: 2 3 4\naxis mins: nan 5 nan",
      ),
      ImageGeometryError,
      'states its position by "axis mins"',
    ],
    ["a list", edited("endian", "data file: LIST\nendian"), ImageFileError, "in several files"],
    [
      "two volumes",
      joined(
        utf8(
          "NRRD0004\ntype: short\ndimension: 4\nspace: LPS\nsizes: 2 3 1 2\nspace directions: (2,0,0) (0,3,0) " +
            "(0,0,4) none\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\n",
        ),
        shorts(true),
      ),
      ImageShapeError,
      "holds 2 volumes (2 x 3 x 1 x 2)",
    ],
    ["too few voxels", gradient.subarray(0, -1), ImageFileError, "ends before its voxels do"],
    [
      "another space",
      edited("left-posterior-superior", "right-anterior-superior-time"),
      ImageGeometryError,
      'the space "right-anterior-superior-time"',
    ],
    ["sheared axes", edited("(3,0,0)", "(3,0.1,0)"), ImageGeometryError, "not at right angles"],
    ["a singular matrix", edited("(3,0,0)", "(0,3,0)"), ImageGeometryError, "singular"],
    ["voxels of 0.2 m", edited("(3,0,0)", "(200,0,0)"), ImageGeometryError, "voxels measure"],
    [
      "inches",
      edited("kinds", 'space units: "in" "in" "in"\nkinds'),
      ImageGeometryError,
      "mm, cm, m and um",
    ],
    [
      "different units of a space",
      edited("kinds", 'space units: "mm" "cm" "mm"\nkinds'),
      ImageGeometryError,
      'different "space units"',
    ],
    [
      "inches of a MetaImage",
      edited("ElementType", "DistanceUnits = in\nElementType", meta),
      ImageGeometryError,
      'has the DistanceUnits "in"; mm, cm, m and um are read',
    ],
    [
      "too few units",
      edited(/space directions.*/, 'spacings: 2 3 4\nunits: "mm" "mm"'),
      ImageFileError,
      "has 2 units for its axes",
    ],
    ["two dimensions", edited("DimSize = 2 3 2", "DimSize = 2 3", meta), ImageShapeError, "2 axes"],
    [
      "three channels",
      edited("ElementType", "ElementNumberOfChannels = 3\nElementType", meta),
      ImageShapeError,
      "3 values per voxel",
    ],
    [
      "an axis of 0",
      edited("DimSize = 2 3 2", "DimSize = 2 0 2", meta),
      ImageShapeError,
      "2 x 0 x 2",
    ],
    [
      "damaged compression",
      edited("ElementType", "CompressedData = True\nElementType", meta),
      ImageFileError,
      "zlib compression is damaged",
    ],
    [
      "too few voxels of a MetaImage",
      meta.subarray(0, -1),
      ImageFileError,
      "ends before its voxels",
    ],
    [
      "a header that does not end",
      utf8("NRRD0004\n" + "#\n".repeat(1e6)),
      ImageFileError,
      "does not end",
    ],
  ] as const
) {
  Deno.test(`readNifti() refuses ${what}`, async () => {
    const error = await assertRejects(() => readNifti(bytes, "scans/a"), kind, message);
    assertStringIncludes(error.message, "scans/a");
  });
}

Deno.test("readNifti() turns metres into mm, and reads unsigned 64-bit numbers of a text", async () => {
  const text = new TextDecoder().decode(nrrd("encoding: text\n"))
    .replace("short", "uint64").replaceAll(/(?<=[(,-])(\d+)(?=[,)])/g, "0.0$1")
    .replace("kinds", 'space units: "m" "m" "m"\nkinds');
  const { grid, data } = await quietly(
    utf8(text + Array(12).fill("4294967297").join("\t")),
    "a.nrrd",
  );
  assertEquals(grid.spacing.map((v) => Math.round(1e6 * v) / 1e6), [20, 30, 40]);
  assertEquals(data[11], 4294967296);
  const signed = nrrd("encoding: text\n");
  const numbers = "-32768 32767 1e3 -1.0 +5 " + "0 ".repeat(7);
  const small = await quietly(joined(signed, utf8(numbers)), "a.nrrd");
  assertEquals([...small.data.subarray(0, 5)], [-32768, 32767, 1000, -1, 5]);
  const long = new TextDecoder().decode(signed).replace("short", "int64");
  assertEquals((await quietly(utf8(long + numbers), "a.nrrd")).data, small.data);
});

// deno-fmt-ignore
const OBLIQUE = new Grid([3, 4, 2], [
  1.5 * Math.cos(0.3), -2 * Math.sin(0.3), 0, -12.5,
  1.5 * Math.sin(0.3), 2 * Math.cos(0.3), 0, 7.25,
  0, 0, -3, 40,
  0, 0, 0, 1,
]);

for (const suffix of ["nrrd", "mha"]) {
  Deno.test(`writeVolume(), writeLabelVolume() and writeDisplacementField() write .${suffix}`, async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/a.${suffix}`;
      const data = Float32Array.from({ length: 24 }, (_, i) => i - 7.5);
      await writeVolume(path, { grid: OBLIQUE, data });
      const image = await readVolume(path);
      assertEquals(image.data, data);
      assertEquals(image.grid.equals(OBLIQUE, 1e-9), true);
      await writeVolume(path, { grid: OBLIQUE, data }, { type: "int16" });
      assertEquals((await readVolume(path)).data[0], -7);
      const labels = { grid: OBLIQUE, data: Int32Array.from(data, (_, i) => 20 * i) };
      await writeLabelVolume(path, labels);
      assertEquals((await readLabelVolume(path)).data, labels.data);
      const components = [data, data.map((v) => 2 * v), data.map((v) => 3 * v)] as const;
      await writeDisplacementField(path, { grid: OBLIQUE, components });
      const field = await readDisplacementField(path);
      assertEquals(field.components, components);
      await assertRejects(() => readVolume(path), ImageShapeError, "3 values per voxel");
      await assertRejects(
        async () => {
          await writeVolume(path, { grid: OBLIQUE, data });
          await readDisplacementField(path);
        },
        ImageShapeError,
        "1 values per voxel",
      );
    });
  });
}

/** An Analyze 7.5 header of 2 x 3 x 2 shorts of 2 x 3 x 4 mm. */
function analyze(orient = 0, scale = 0): Uint8Array {
  const bytes = new Uint8Array(348);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  [4, 2, 3, 2, 1].forEach((v, i) => view.setInt16(40 + 2 * i, v, true));
  view.setInt16(70, 4, true);
  view.setInt16(72, 16, true);
  [2, 3, 4].forEach((v, i) => view.setFloat32(80 + 4 * i, v, true));
  view.setFloat32(112, scale, true);
  bytes[252] = orient;
  return bytes;
}

Deno.test("readVolume() reads Analyze pairs as LAS with a warning, compressed or not", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a.hdr`, analyze());
    await Deno.writeFile(`${folder}/a.img`, shorts(true));
    await Deno.writeFile(`${folder}/b.hdr.gz`, gzipSync(analyze(0, 0.5)));
    await Deno.writeFile(`${folder}/b.img.gz`, gzipSync(shorts(true)));
    await Deno.writeFile(`${folder}/c.hdr`, analyze(3));
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    const { grid, data } = await readVolume(`${folder}/a.hdr`, { onNotice });
    assertEquals(grid.affine.slice(0, 12), [-2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0]);
    assertEquals([...data], VALUES);
    assertEquals(notices.length, 1);
    assertStringIncludes(notices[0], "does not say which side is left");
    const scaled = await readVolume(`${folder}/b.hdr.gz`, { onNotice });
    assertEquals([...scaled.data], VALUES.map((v) => v / 2));
    assertStringIncludes(notices[2], "its values are multiplied by 0.5");
    await assertRejects(
      () => readVolume(`${folder}/c.hdr`),
      ImageGeometryError,
      "the orientation code 3",
    );
  });
});
