import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deflateSync } from "node:zlib";
import type { Triple } from "../volume/affine.ts";
import { PointFileError } from "./point_file.ts";
import { decodePoints } from "./read_points.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Every point 1 mm further to the right, 2 mm further anterior and 3 mm further superior. */
const moved = (points: readonly Triple[]): Triple[] =>
  points.map(([x, y, z]) => [x + 1, y + 2, z + 3]);

Deno.test("decodePoints() reads a CSV file by its columns and writes only the coordinates", async () => {
  const text =
    '# by hand\r\nName,Z,Y,X,note\r\napex,3,-2,1.5,"a, b"\r\n\r\n"base, left",6,5,-4,\r\n';
  const file = await decodePoints(utf8(text), "a.csv", { space: "lps" });
  assertEquals(file.points, [[-1.5, 2, 3], [4, -5, 6]]);
  assertEquals(file.labels, ["apex", "base, left"]);
  assertEquals(file.space, "lps");
  assertEquals(
    textOf(await file.encode(moved(file.points))),
    '# by hand\r\nName,Z,Y,X,note\r\napex,6,-4,0.5,"a, b"\r\n\r\n"base, left",9,3,-5,\r\n',
  );
});

Deno.test("decodePoints() reads a CSV file without names, and one whose names state the axes", async () => {
  const plain = await decodePoints(utf8("1;2;3\n-4;5e1;0.25"), "a.csv", { space: "ras" });
  assertEquals(plain.points, [[1, 2, 3], [-4, 50, 0.25]]);
  assertEquals(textOf(await plain.encode(moved(plain.points))), "2;4;6\n-3;52;3.25");
  const lps = await decodePoints(utf8("l\tp\ts\n1\t2\t3\n"), "a.csv");
  assertEquals(lps.points, [[-1, -2, 3]]);
});

Deno.test("decodePoints() reads a .fcsv file of 3D Slicer", async () => {
  const text = `# Markups fiducial file version = 4.11
# CoordinateSystem = LPS
# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID
1,10,-20,30,0,0,0,1,1,1,0,F-1,,vtkMRMLScalarVolumeNode1
`;
  const file = await decodePoints(utf8(text), "F.fcsv");
  assertEquals(file.points, [[-10, 20, 30]]);
  assertEquals(file.labels, ["F-1"]);
  assertEquals(
    textOf(await file.encode(moved(file.points))),
    text.replace("1,10,-20,30,", "1,9,-22,33,"),
  );
  const ras = text.replace("= LPS", "= 0");
  assertEquals((await decodePoints(utf8(ras), "F.fcsv")).points, [[10, -20, 30]]);
});

Deno.test("decodePoints() reads a .mrk.json file of 3D Slicer; undefined points stay", async () => {
  const file = {
    "@schema": "https://example.org/markups",
    markups: [{
      type: "Curve",
      coordinateSystem: "LPS",
      coordinateUnits: "mm",
      controlPoints: [
        { id: "1", label: "a", position: [1, 2, 3], positionStatus: "defined" },
        { id: "2", label: "b", positionStatus: "undefined" },
        { id: "3", label: "c", position: [-7, 8, 9] },
        { id: "4", label: "d", position: "", positionStatus: "undefined" },
        { id: "5", label: "e", position: [0, 0, 0], positionStatus: "undefined" },
        null,
      ],
      measurements: [{ name: "length", value: 12 }],
    }],
  };
  const found = await decodePoints(utf8(JSON.stringify(file)), "C.mrk.json");
  assertEquals(found.points, [[-1, -2, 3], [7, -8, 9]]);
  assertEquals(found.labels, ["a", "c"]);
  const out = JSON.parse(textOf(await found.encode(moved(found.points))));
  assertEquals(out["@schema"], file["@schema"]);
  assertEquals(out.markups[0].measurements, []);
  assertEquals(out.markups[0].controlPoints, [
    { id: "1", label: "a", position: [0, 0, 6], positionStatus: "defined" },
    { id: "2", label: "b", positionStatus: "undefined" },
    { id: "3", label: "c", position: [-8, 6, 12] },
    ...file.markups[0].controlPoints.slice(3),
  ]);
});

const TAIL = "POLYGONS 1 4\n3 0 1 2\nPOINT_DATA 3\nNORMALS n float\n0 0 1 0 0 1 0 0 1\n";

Deno.test("decodePoints() reads legacy VTK meshes, text and binary, and copies all else", async () => {
  const head = "# vtk DataFile Version 4.2\n3D Slicer output. SPACE=LPS\n";
  const text = `${head}ASCII\nDATASET POLYDATA\nPOINTS 3 float\n0 0 0 1 0 0\n0 1 0.5\n${TAIL}`;
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const file = await decodePoints(utf8(text), "m.vtk", { onNotice });
  assertEquals(file.points, [[0, 0, 0], [-1, 0, 0], [0, -1, 0.5]]);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], "m.vtk: its normals, vectors or tensors do not change");
  assertEquals(
    textOf(await file.encode(moved(file.points))),
    `${head}ASCII\nDATASET POLYDATA\nPOINTS 3 float\n-1 -2 3\n0 -2 3\n-1 -1 3.5\n${TAIL}`,
  );

  const start = utf8(`${head}BINARY\nDATASET POLYDATA\nPOINTS 2 double\n`);
  const bytes = new Uint8Array(start.length + 48 + 6);
  bytes.set(start);
  const view = new DataView(bytes.buffer);
  [1, 2, 3, 4, 5, 6].forEach((v, i) => view.setFloat64(start.length + 8 * i, v, false));
  bytes.set(utf8("\nLINES"), start.length + 48);
  const binary = await decodePoints(bytes, "m.vtk");
  assertEquals(binary.points, [[-1, -2, 3], [-4, -5, 6]]);
  const out = await binary.encode(moved(binary.points));
  const again = await decodePoints(out, "m.vtk");
  assertEquals(again.points, [[0, 0, 6], [-3, -3, 9]]);
  assertEquals(out.subarray(-6), bytes.subarray(-6));
});

Deno.test("decodePoints() reads STL meshes, and computes normals again", async () => {
  const text = `solid part
 facet normal 0 0 1
  outer loop
   vertex 0 0 0
   vertex 2 0 0
   vertex 0 2 0
  endloop
 endfacet
endsolid part
`;
  const file = await decodePoints(utf8(text), "m.stl", { space: "ras" });
  assertEquals(file.points, [[0, 0, 0], [2, 0, 0], [0, 2, 0]]);
  // The triangle is turned into the plane x = 0: its normal is +x.
  const turned = textOf(await file.encode([[0, 0, 0], [0, 2, 0], [0, 0, 2]]));
  assertStringIncludes(turned, "facet normal 1 0 0\n");
  assertStringIncludes(turned, "   vertex 0 0 2\n");

  const bytes = new Uint8Array(84 + 50);
  bytes.set(utf8("solid but binary SPACE=RAS"));
  const view = new DataView(bytes.buffer);
  view.setUint32(80, 1, true);
  [0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0].forEach((v, i) => view.setFloat32(84 + 4 * i, v, true));
  view.setUint16(84 + 48, 777, true);
  const binary = await decodePoints(bytes, "m.stl");
  assertEquals(binary.points, [[0, 0, 0], [2, 0, 0], [0, 2, 0]]);
  const out = new DataView((await binary.encode([[0, 0, 0], [0, 2, 0], [0, 0, 2]])).buffer);
  assertEquals([0, 4, 8, 44].map((k) => out.getFloat32(84 + k, true)), [1, 0, 0, 2]);
  assertEquals(out.getUint16(84 + 48, true), 777);
});

/** A GIfTI surface of three vertices and one triangle, one point set per encoding. */
function gifti(data: string, attributes: string, extra = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/frs/download.php/115/gifti.dtd">
<GIFTI Version="1.0" NumberOfDataArrays="2"><MetaData/>
<DataArray Intent="NIFTI_INTENT_POINTSET" DataType="NIFTI_TYPE_FLOAT32" Dimensionality="2"
 Dim0="2" Dim1="3" ExternalFileName="" ExternalFileOffset="" ${attributes}>
<MetaData>${extra}</MetaData><Data>${data}</Data></DataArray>
<DataArray Intent="NIFTI_INTENT_TRIANGLE" DataType="NIFTI_TYPE_INT32" Dimensionality="2" Dim0="1"
 Dim1="3" Encoding="ASCII" Endian="LittleEndian" ArrayIndexingOrder="RowMajorOrder"><Data>0 1 0</Data>
</DataArray></GIFTI>
`;
}

/** The numbers 1 to 6 as singles, in base64. */
function base64(littleEndian: boolean, pack = (bytes: Uint8Array) => bytes): string {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  [1, 2, 3, 4, 5, 6].forEach((v, i) => view.setFloat32(4 * i, v, littleEndian));
  return btoa(String.fromCharCode(...pack(bytes)));
}

for (
  const [what, data, attributes, expected] of [
    ["text", "1 2 3\n4 5 6", 'Encoding="ASCII" ArrayIndexingOrder="RowMajorOrder"', [4, 5, 6]],
    [
      "text by columns",
      "1 2 3\n4 5 6",
      'Encoding="ASCII" ArrayIndexingOrder="ColumnMajorOrder"',
      [2, 4, 6],
    ],
    [
      "big-endian",
      base64(false),
      'Encoding="Base64Binary" Endian="BigEndian" ArrayIndexingOrder="RowMajorOrder"',
      [4, 5, 6],
    ],
    [
      "compressed",
      base64(true, (bytes) => deflateSync(bytes)),
      'Encoding="GZipBase64Binary" Endian="LittleEndian" ArrayIndexingOrder="RowMajorOrder"',
      [4, 5, 6],
    ],
  ] as const
) {
  Deno.test(`decodePoints() reads GIfTI: ${what}`, async () => {
    const text = gifti(data, attributes);
    const file = await decodePoints(utf8(text), "s.surf.gii");
    assertEquals(file.space, "ras");
    assertEquals(file.points[1], [...expected] as unknown as Triple);
    const written = await file.encode(moved(file.points));
    const again = await decodePoints(written, "s.surf.gii");
    assertEquals(again.points, moved(file.points));
    const outside = (whole: string) => whole.replace(/<Data>[^<]*<\/Data>/, "");
    assertEquals(outside(textOf(written)), outside(text));
  });
}

const FREE_SURFER = "<MD><Name><![CDATA[VolGeomC_R]]></Name><Value><![CDATA[5.4]]></Value></MD>";

Deno.test("decodePoints() reads a surface that FreeSurfer wrote in the scanner's coordinates", async () => {
  const inSpace = (space: string) =>
    gifti("1 2 3 4 5 6", 'Encoding="ASCII"', FREE_SURFER).replace(
      "</MetaData><Data>",
      `</MetaData><CoordinateSystemTransformMatrix><DataSpace><![CDATA[${space}]]></DataSpace>` +
        "<TransformedSpace>NIFTI_XFORM_SCANNER_ANAT</TransformedSpace><MatrixData>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1" +
        "</MatrixData></CoordinateSystemTransformMatrix><Data>",
    );
  const file = await decodePoints(utf8(inSpace("NIFTI_XFORM_SCANNER_ANAT")), "s.gii");
  assertEquals(file.points, [[1, 2, 3], [4, 5, 6]]);
  await assertRejects(
    () => decodePoints(utf8(inSpace("NIFTI_XFORM_UNKNOWN")), "s.gii"),
    PointFileError,
    "relative to the middle of FreeSurfer's volume",
  );
});

Deno.test("decodePoints() refuses texts that are not UTF-8", async () => {
  // "Schädel" in Latin-1, and a binary file.
  const latin1 = Uint8Array.from("n,r,a,s\nSch\u00e4del,1,2,3\n", (c) => c.charCodeAt(0));
  const binary = Uint8Array.of(0x1f, 0x8b, 8, 0);
  for (const [bytes, name] of [[latin1, "p.csv"], [binary, "p.mrk.json"]] as const) {
    await assertRejects(
      () => decodePoints(bytes, name),
      PointFileError,
      `${name} is no text in UTF-8. Save it as UTF-8.`,
    );
  }
});

for (
  const [name, text, space, message] of [
    ["p.txt", "1,2,3", "ras", "must end in .csv, .fcsv, .mrk.json, .vtk, .stl, .gii"],
    ["p.csv", "x,y,z\n1,2,3\n", undefined, "--point-space ras (3D Slicer's display"],
    ["p.csv", "r,a,s\n1,2,3\n", "lps", "p.csv states that its coordinates are RAS"],
    ["p.csv", "x,y,z\n", "ras", "p.csv has no points"],
    ["p.csv", "a,b\n1,2\n", "ras", "p.csv has the columns a, b"],
    ["p.csv", "1,2,3,4\n", "ras", "p.csv has 4 columns without names"],
    ["p.csv", "x;y;z\n1,5;2;3\n", "ras", 'p.csv, line 2: the coordinates "1,5, 2, 3"'],
    ["p.csv", "x,y,z\n1,2,\n", "ras", "line 2"],
    ["p.fcsv", "# CoordinateSystem = IJK\n1,2,3,4\n", undefined, "the system IJK"],
    ["p.mrk.json", "{}", undefined, "p.mrk.json has no markups"],
    ["p.mrk.json", "{", undefined, "p.mrk.json is not JSON"],
    ["p.mrk.json", '{"markups": [null]}', undefined, "p.mrk.json has the markup null. Save it"],
    [
      "p.mrk.json",
      '{"markups": [{"type": "ROI", "coordinateSystem": "LPS"}]}',
      undefined,
      "a markup of the type ROI",
    ],
    [
      "p.mrk.json",
      '{"markups": [{"type": "Fiducial", "controlPoints": [{"position": [1, null, 2]}]}]}',
      undefined,
      "point 1: the position [1,null,2]",
    ],
    ["m.vtk", "<VTKFile>", "ras", "m.vtk is not a legacy VTK file"],
    [
      "m.vtk",
      "# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\n",
      "ras",
      '"DATASET STRUCTURED_POINTS"',
    ],
    [
      "m.vtk",
      "# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS 2 float\n1 2 3\n",
      "ras",
      "ends before its 2 points do",
    ],
    ["m.stl", "not a mesh", "ras", "m.stl is not an STL mesh"],
    ["m.gii", "<GIFTI>", undefined, "m.gii is not XML"],
    ["m.gii", gifti("1 2 3", 'Encoding="ASCII"'), undefined, "3 coordinates, where its header"],
    ["m.gii", gifti("", 'Encoding="ExternalFileBinary"'), undefined, "ExternalFileBinary"],
    [
      "m.gii",
      gifti("1 2 3 4 5 6", 'Encoding="ASCII"', FREE_SURFER),
      undefined,
      "mris_convert --to-scanner",
    ],
  ] as const
) {
  Deno.test(`decodePoints() refuses ${name}: ${message}`, async () => {
    const error = await assertRejects(
      () => decodePoints(utf8(text), name, { space }),
      PointFileError,
    );
    assert(error.message.startsWith(name), error.message);
    assertStringIncludes(error.message, message);
  });
}
