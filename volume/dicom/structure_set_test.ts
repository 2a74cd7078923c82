/** Reading of RT Structure Sets, deriving others from them, and their labels. */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dicomFile, madeSequence } from "../../testing/dicom_file.ts";
import { inFolder } from "../../testing/in_folder.ts";
import {
  circle,
  type MadeStructureSet,
  structureSetFile,
} from "../../testing/structure_set_file.ts";
import type { Triple } from "../affine.ts";
import { Grid } from "../grid.ts";
import { decodeText } from "./character_sets.ts";
import { encodeDerivedStructureSet, type FixedContour } from "./derived_structure_set.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { loadParser } from "./dicom_file.ts";
import { readSeriesTemplate } from "./series_template.ts";
import { labelIds, structureLabels } from "./structure_labels.ts";
import { readStructureSet } from "./structure_set.ts";

const EXPLICIT = "1.2.840.10008.1.2.1";
const IMPLICIT = "1.2.840.10008.1.2";
const BIG_ENDIAN = "1.2.840.10008.1.2.2";

const TRIANGLE: readonly Triple[] = [[1, 2, 3], [11, 2, 3], [1, 12, 3]];

const PLAN: MadeStructureSet = {
  rois: [
    { name: "Liver", colour: "0\\128\\255", contours: [{ points: TRIANGLE }] },
    { name: "Isocentre", number: 9, contours: [{ kind: "POINT", points: [[4, 5, 6]] }] },
    { name: "Nothing", number: 4, contours: [] },
  ],
};

for (const transferSyntax of [EXPLICIT, IMPLICIT, BIG_ENDIAN]) {
  Deno.test(`readStructureSet() reads ROIs as RAS, ${transferSyntax}`, async () => {
    const set = await readStructureSet(structureSetFile({ ...PLAN, transferSyntax }));
    assertEquals(set.rois.map(({ name, number }) => [name, number]), [
      ["Liver", 1],
      ["Isocentre", 9],
      ["Nothing", 4],
    ]);
    const [liver, point, nothing] = set.rois;
    assertEquals(liver.contours, [{
      kind: "CLOSED_PLANAR",
      points: [[-1, -2, 3], [-11, -2, 3], [-1, -12, 3]],
    }]);
    assertEquals(point.contours[0].points, [[-4, -5, 6]]);
    assertEquals(nothing.contours, []);
    assertEquals(set.frameOfReference, "1.2.3.88");
    assertEquals(set.series, ["1.2.3.2"]);
    assertEquals(set.patient, "P17");
  });
}

Deno.test("readStructureSet() refuses what it cannot map, and says why", async () => {
  const roi = (change: object) => ({ rois: [{ name: "Liver", contours: [], ...change }] });
  const contour = (change: object) => roi({ contours: [{ points: TRIANGLE, ...change }] });
  const cases: readonly [MadeStructureSet, string][] = [
    [{ rois: [] }, "it has no region of interest (ROI)"],
    [{ ...PLAN, kind: "1.2.840.10008.5.1.4.1.1.481.5" }, "is no RT Structure Set"],
    [contour({ kind: "SPLINE" }), 'ROI "Liver": a contour has the unknown geometric type "SPLINE"'],
    [contour({ more: [[0x30060045, "DS", "0\\0\\2"]] }), "has a Contour Offset Vector"],
    [contour({ points: [[1, 2, NaN]] }), "3 coordinates that are not triples of numbers"],
    [contour({ points: [[1, 2, 3e9]] }), "has the coordinate 3000000000 mm"],
    [
      { rois: [{ name: "A", number: 2, contours: [] }, { name: "B", number: 2, contours: [] }] },
      'the ROIs "A" and "B" have one number',
    ],
    [
      {
        ...PLAN,
        more: [madeSequence(0x30060039, [[[0x30060084, "IS", "77"]]], EXPLICIT)],
      },
      "it has contours of the ROI number 77, which it does not define",
    ],
    [
      {
        rois: ["1.2.3.88", "1.2.3.89"].map((frameOfReference) => ({
          name: `in ${frameOfReference}`,
          contours: [{ points: TRIANGLE }],
          frameOfReference,
        })),
      },
      "its ROIs are in 2 frames of reference",
    ],
  ];
  for (const [made, message] of cases) {
    await assertRejects(() => readStructureSet(structureSetFile(made)), DicomSeriesError, message);
  }
  const bytes = structureSetFile(PLAN);
  const others: readonly [Uint8Array, string][] = [
    [bytes.slice(0, 700), "is damaged"],
    [new TextEncoder().encode("no DICOM"), "is no DICOM file"],
    [dicomFile({}), "is no RT Structure Set, but CT (SOP Class 1.2.840.10008.5.1.4.1.1.2)"],
  ];
  for (const [file, message] of others) {
    await assertRejects(() => readStructureSet(file), DicomSeriesError, message);
  }
});

const TEXTS = [
  [0x00100010, "PN", "Doe^Jane"],
  [0x00100020, "LO", "P18"],
  [0x00200052, "UI", "1.2.3.77"],
] as const;

/** A structure set that is derived in a series of three slices, as the parser shows it. */
async function derived(
  made: MadeStructureSet,
  contours: readonly (readonly FixedContour[])[],
  texts: readonly (readonly [number, string, string])[] = TEXTS,
) {
  const source = await readStructureSet(structureSetFile(made));
  const parser = await loadParser();
  let bytes = new Uint8Array();
  await inFolder(async (folder) => {
    for (const k of [0, 1, 2]) {
      const position: Triple = [0, 0, 4 * k];
      const file = dicomFile({ position, instance: k + 1, texts, modality: "MR" });
      await Deno.writeFile(`${folder}/${k}.dcm`, file);
    }
    const fixed = (await readSeriesTemplate(folder, {}))!;
    bytes = await encodeDerivedStructureSet({ source, contours, fixed, derivation: "warped" });
  });
  return { bytes, data: parser.parseDicom(bytes) };
}

Deno.test("encodeDerivedStructureSet() has the series of the fixed image, and the ROIs of the source", async () => {
  const triangle: FixedContour = {
    kind: "CLOSED_PLANAR",
    points: [[1.23456789, 0, 8], [5, 0, 8], [1, 7, 8]],
    slice: 2,
  };
  const point: FixedContour = { kind: "POINT", points: [[-4, 5, 6]], slice: undefined };
  const { bytes, data } = await derived(PLAN, [[triangle], [point], []]);
  assertEquals(data.string("x00080016"), "1.2.840.10008.5.1.4.1.1.481.3");
  assertEquals(data.string("x00100020"), "P18");
  assertEquals(data.string("x00200052"), "1.2.3.77");
  assertEquals(data.string("x30060002"), "Plan A");
  assertEquals(data.string("x300e0002"), "UNAPPROVED");
  assertStringIncludes(data.string("x30060006")!, "The structure set 1.2.3.99.1, warped to the ");
  assertNotEquals(data.string("x0020000e"), "1.2.3.99");
  const items = (tag: string) => data.elements[tag].items!.map(({ dataSet }) => dataSet!);
  const [first] = items("x30060020");
  assertEquals(first.string("x30060026"), "Liver");
  assertEquals(first.string("x30060024"), "1.2.3.77");
  assertEquals(first.string("x30060036"), "MANUAL");
  // The volume is another one now.
  assertEquals(first.string("x3006002c"), undefined);
  const [liver] = items("x30060039");
  assertEquals(liver.string("x3006002a"), "0\\128\\255");
  assertEquals(items("x30060080").map((item) => item.string("x300600a4")), Array(3).fill("ORGAN"));
  const contour = liver.elements.x30060040.items![0].dataSet!;
  assertEquals(contour.string("x30060050"), "1.2346\\0\\8\\5\\0\\8\\1\\7\\8");
  const image = contour.elements.x30060016.items![0].dataSet!;
  assertEquals(image.string("x00081155"), "1.2.3.4.3");
  const again = await readStructureSet(bytes);
  assertEquals(again.rois.map(({ name, number }) => `${number} ${name}`), [
    "1 Liver",
    "9 Isocentre",
    "4 Nothing",
  ]);
  assertEquals(again.rois[1].contours, [{ kind: "POINT", points: [[4, -5, 6]] }]);
  assertEquals(again.series, ["1.2.3.4"]);
  // The same content has the same bytes; other contours are another object.
  assertEquals((await derived(PLAN, [[triangle], [point], []])).bytes, bytes);
  const other = await derived(PLAN, [[triangle], [], []]);
  assertNotEquals(other.data.string("x00080018"), data.string("x00080018"));
});

Deno.test("encodeDerivedStructureSet() gives regions without observations empty ones", async () => {
  const one = [[
    [0x30060082, "IS", "7"],
    [0x30060084, "IS", "9"],
    [0x300600a4, "CS", "ISOCENTER"],
    [0x300600a6, "PN", ""],
  ]] as const;
  const more = [madeSequence(0x30060080, one, EXPLICIT)];
  const { data } = await derived({ ...PLAN, more }, [[], [], []]);
  const found = data.elements.x30060080.items!.map(({ dataSet }) =>
    ["x30060082", "x30060084", "x300600a4"].map((tag) => dataSet!.string(tag) ?? "")
  );
  assertEquals(found, [["7", "9", "ISOCENTER"], ["8", "1", ""], ["9", "4", ""]]);
});

Deno.test("encodeDerivedStructureSet() writes contours of more than 64 kB", async () => {
  const points = circle([0, 0, 8], 150, 5000).map(([x, y, z]): Triple => [x / 3, y / 3, z]);
  const contour: FixedContour = { kind: "CLOSED_PLANAR", points, slice: 2 };
  const { bytes } = await derived(PLAN, [[contour], [], []]);
  assert(bytes.length > 80000);
  const [roi] = (await readStructureSet(bytes)).rois;
  assertEquals(roi.contours[0].points.length, 5000);
});

Deno.test("encodeDerivedStructureSet() writes names of another character set in UTF-8", async () => {
  const made: MadeStructureSet = {
    rois: [{ name: "Prüfung", contours: [{ points: TRIANGLE }] }],
    more: [[0x00080005, "CS", "ISO_IR 192"]],
  };
  const { bytes, data } = await derived(made, [[]], [
    ...TEXTS.slice(1),
    [0x00080005, "CS", "ISO_IR 100"],
    [0x00100010, "PN", "Doe"],
  ]);
  assertEquals(data.string("x00080005"), "ISO_IR 192");
  assertEquals((await readStructureSet(bytes)).rois[0].name, "Prüfung");
  const latin = Uint8Array.of(0x50, 0x72, 0xfc, 0x66, 0x20);
  assertEquals(decodeText(latin, "ISO_IR 100"), "Prüf");
  assertEquals(decodeText(Uint8Array.of(0xd0, 0x94), "ISO_IR 192"), "Д");
  assertEquals(decodeText(Uint8Array.of(0xb4), "ISO_IR 144"), "Д");
  assertEquals(decodeText(Uint8Array.of(0x1b, 0x24, 0x42), ""), "\ufffd$B");
});

Deno.test("readStructureSet() copies nested elements of observations, and leaves private ones out", async () => {
  for (const transferSyntax of [EXPLICIT, IMPLICIT]) {
    const related = madeSequence(0x30060030, [[[0x30060084, "IS", "7"]]], transferSyntax);
    // It takes the place of the other sequence of observations, which comes first.
    const more = madeSequence(0x30060080, [[
      related,
      [0x30060082, "IS", "1"],
      [0x30060084, "IS", "1"],
      [0x30060085, "SH", "Label"],
      [0x300b0010, "LO", "PRIVATE"],
    ]], transferSyntax);
    const rois = [{ name: "Liver", contours: [] }];
    const set = await readStructureSet(structureSetFile({ rois, transferSyntax, more: [more] }));
    const [item] = set.rois[0].observations;
    assertEquals(item.map(({ tag }) => tag), [0x30060030, 0x30060082, 0x30060084, 0x30060085]);
    // An item with the number, as an element without its type.
    const expected = [0xfe, 0xff, 0x00, 0xe0, 10, 0, 0, 0, 0x06, 0x30, 0x84, 0x00, 2, 0, 0, 0];
    assertEquals([...item[0].value as Uint8Array], [...expected, 0x37, 0x20]);
  }
});

Deno.test("structureLabels() gives the overlap to the smaller ROI, and leaves points out", async () => {
  const disc = (z: number, radius: number) => ({ points: circle([0, 0, z], radius, 120) });
  const structures = await readStructureSet(structureSetFile({
    rois: [
      { name: "Lesion", number: 0, contours: [0, 2, 4].map((z) => disc(z, 4)) },
      { name: "Body", number: 5, contours: [0, 2, 4].map((z) => disc(z, 10)) },
      { name: "Mark", contours: [{ kind: "POINT", points: [[0, 0, 0]] }] },
    ],
  }));
  const grid = Grid.axisAligned([31, 31, 7], [1, 1, 2], [-15, -15, -4]);
  const notices: string[] = [];
  const ids = labelIds(structures);
  assertEquals([...ids], [["Lesion", 1], ["Body", 5], ["Mark", 3]]);
  const onNotice = (notice: string) => notices.push(notice);
  const { data } = structureLabels({ structures, grid, ids, onNotice });
  const at = (x: number, y: number, z: number) => data[x + 15 + 31 * (y + 15 + 31 * (z + 2))];
  assertEquals([at(0, 0, 0), at(3, 2, 2), at(5, 0, 1), at(11, 0, 1)], [1, 1, 5, 0]);
  // The planes at 0, 2 and 4 mm are the slices 0, 1 and 2.
  assertEquals([at(0, 0, -1), at(0, 0, 3)], [0, 0]);
  const count = (id: number) => data.reduce((sum, v) => sum + Number(v === id), 0);
  const centres = Array.from({ length: 31 * 31 }, (_, i) => [i % 31 - 15, Math.floor(i / 31) - 15]);
  const within = (r: number) => centres.filter(([x, y]) => Math.hypot(x, y) < r).length;
  assertEquals([count(1), count(1) + count(5)], [3 * within(4), 3 * within(10)]);
  assertEquals(notices.map((line) => line.replace(/^the structure set[:,] /, "")), [
    'ROI "Mark": 1 points and lines are no labels.',
    `its ROIs overlap in ${count(1)} voxels, which have the label of the smaller one.`,
    'its ROIs are the labels 1 "Lesion", 5 "Body", 3 "Mark".',
  ]);
  const far = Grid.axisAligned([5, 5, 5], [1, 1, 2], [500, 0, 0]);
  assertThrows(
    () => structureLabels({ structures, grid: far, ids, onNotice }),
    DicomSeriesError,
    "no ROI has a voxel in the image",
  );
  const moving = await readStructureSet(structureSetFile({
    rois: [{ name: "body ", number: 1, contours: [] }, { name: "Heart", number: 5, contours: [] }],
  }));
  assertEquals([...labelIds(moving, ids)], [["body", 5], ["Heart", 6]]);
});
