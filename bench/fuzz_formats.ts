/**
 * Small valid files of other formats than those of this program: images, DICOM, points and transforms.
 *
 * @module
 */

import {
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
} from "@zip.js/zip.js/lib/zip-core-native.js";
import { deflateSync, gzipSync } from "node:zlib";
import { decodePoints } from "../points/read_points.ts";
import { decodeAntsAffine } from "../registration/ants_affine.ts";
import { decodeItkHdf5, encodeItkHdf5 } from "../registration/itk_hdf5.ts";
import { decodeItkTransform } from "../registration/itk_transform.ts";
import { dicomFile } from "../testing/dicom_file.ts";
import { circle, structureSetFile } from "../testing/structure_set_file.ts";
import type { Triple } from "../volume/affine.ts";
import { labelIds, structureLabels } from "../volume/dicom/structure_labels.ts";
import { readStructureSet } from "../volume/dicom/structure_set.ts";
import { Grid } from "../volume/grid.ts";
import { readNifti, readVolume } from "../volume/read_nifti.ts";
import type { FuzzSeed } from "./fuzz.ts";

const NRRD = `NRRD0004
type: short
dimension: 3
space: left-posterior-superior
sizes: 2 2 2
space directions: (0,2,0) (3,0,0) (0,0,4)
kinds: domain domain domain
endian: little
space origin: (10,-20,30)
`;

const META_IMAGE = `ObjectType = Image
NDims = 3
BinaryData = True
TransformMatrix = 0 1 0 1 0 0 0 0 1
Offset = 10 -20 30
ElementSpacing = 2 3 4
DimSize = 2 2 2
ElementType = MET_SHORT
`;

const GIFTI = `<?xml version="1.0"?><GIFTI Version="1.0" NumberOfDataArrays="1">
<DataArray Intent="NIFTI_INTENT_POINTSET" DataType="NIFTI_TYPE_FLOAT32" Dimensionality="2" Dim0="2" Dim1="3"
 Encoding="ASCII" Endian="LittleEndian" ArrayIndexingOrder="RowMajorOrder"><Data>1 2 3 4 5 6</Data></DataArray></GIFTI>`;

const MARKUPS = JSON.stringify({
  markups: [{
    type: "Fiducial",
    coordinateSystem: "LPS",
    controlPoints: [{ label: "a", position: [1, 2, 3] }],
  }],
});

const ITK = `#Insight Transform File V1.0
#Transform 0
Transform: CompositeTransform_double_3_3
#Transform 1
Transform: AffineTransform_double_3_3
Parameters: 1 0 0 0 1 0 0 0 1 2 3 4
FixedParameters: 0 0 0
#Transform 2
Transform: DisplacementFieldTransform_double_3_3
Parameters: 1 2 3 4 5 6
FixedParameters: 2 1 1 0 0 0 1 1 1 1 0 0 0 1 0 0 0 1
`;

/** Frames of 8 x 6 pixels that dcmtk and GDCM compressed; see `volume/dicom/compressed_test.ts`. */
const RLE =
  "AgAAAEAAAAB2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcAI0drj7PW+gc7b6LWCT1wpAd3uv1AhMcKTQezBlir/lGj9gfvUbQWeNs9nwcrnQ+B82XXSQcA1ap/VCn+0wfXTcM5ryWbEQeuxdzzCiE4TweFPfWtZR3VjQdctQ5nwBlyywczLSchGxUPCQ==";
const JPEG_LOSSLESS =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALEAAGAAgBAREA/8QAGgABAQEAAwEAAAAAAAAAAAAACgkIBgcMEP/aAAgBAQABAAD7nut6Y2rRKp9jNPe2tqVOuQkJXjNqe977xrXeVL62Wp090pQ6xCAk+L28bfT3WNK7SofUz4xJxtPdnVIuEjxW3jL3Vf//2Q==";
const JPEG_2000 =
  "/0//UQApAAAAAAAIAAAABgAAAAAAAAAAAAAACAAAAAYAAAAAAAAAAAABjwEB/1IADAAAAAEAAQQEAAH/XAAHQICIiJD/ZAAqAAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAAEgAAf+TwP5EwA4yzgXH25nHTbUkQaopF5SX2HTAP2DoA/MHgAB8IQAcLfUFJVW095dR0jP/fw4/IsqXdX8hdf/Z";

/** A DICOM file with a compressed frame. */
function compressed(syntax: string, frame: string): Uint8Array {
  return dicomFile({
    instance: 2,
    position: [0, 0, 8],
    modality: "MR",
    columns: 8,
    rows: 6,
    transferSyntax: `1.2.840.10008.1.2.${syntax}`,
    encoded: [[Uint8Array.fromBase64(frame)]],
  });
}

/** A zip file with one file. */
async function zipped(bytes: Uint8Array): Promise<Uint8Array> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  await zip.add("series/1.dcm", new Uint8ArrayReader(bytes));
  return await zip.close();
}

/** The files, each with its reader. Files that need a path are written to `folder`. */
export async function fuzzFormats(folder: string): Promise<FuzzSeed[]> {
  const text = (value: string) => new TextEncoder().encode(value);
  const joined = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
  const voxels = new Uint8Array(16).map((_, i) => i % 2 === 0 ? i : 0);
  const options = { onNotice: () => {} };
  const image = (bytes: Uint8Array) => readNifti(bytes, "image", options);
  const points = (name: string) => async (bytes: Uint8Array) => {
    const file = await decodePoints(bytes, name, { ...options, space: "lps" });
    return file.encode(file.points);
  };
  const series = `${folder}/series`;
  await Deno.mkdir(series);
  const slice = (k: number) =>
    dicomFile({ instance: k, position: [0, 0, 4 * k] as Triple, modality: "MR" });
  await Deno.writeFile(`${series}/1.dcm`, slice(1));
  const dicom = async (bytes: Uint8Array) => {
    await Deno.writeFile(`${series}/2.dcm`, bytes);
    return await readVolume(series, options);
  };
  const folderOfOne = `${folder}/alone`;
  await Deno.mkdir(folderOfOne);
  const alone = async (bytes: Uint8Array) => {
    await Deno.writeFile(`${folderOfOne}/1.dcm`, bytes);
    return await readVolume(folderOfOne, options);
  };
  const plan = (transferSyntax: string) => {
    const contours = [0, 3, 6].map((z) => ({ points: circle([0, 0, z], 5, 12) }));
    return structureSetFile({ rois: [{ name: "Ball", contours }], transferSyntax });
  };
  const structures = async (bytes: Uint8Array) => {
    const found = await readStructureSet(bytes);
    const grid = Grid.axisAligned([9, 9, 4], [2, 2, 3], [-8, -8, 0]);
    return structureLabels({ structures: found, grid, ids: labelIds(found), ...options });
  };
  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const small = Grid.axisAligned([2, 2, 2], [1, 1, 1]);
  const hdf5 = await encodeItkHdf5({ rigid: identity, fixedGrid: small, movingGrid: small });
  const mat = new Uint8Array(2 * 20 + 27 + 6 + 8 * 15);
  const view = new DataView(mat.buffer);
  [0, 12, 1, 0, 27].forEach((v, k) => view.setInt32(4 * k, v, true));
  mat.set(text("AffineTransform_double_3_3"), 20);
  [1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4].forEach((v, k) => view.setFloat64(47 + 8 * k, v, true));
  [0, 3, 1, 0, 6].forEach((v, k) => view.setInt32(143 + 4 * k, v, true));
  mat.set(text("fixed"), 163);
  const stl = new Uint8Array(84 + 50);
  new DataView(stl.buffer).setUint32(80, 1, true);
  const vtk = "# vtk DataFile Version 3.0\nmesh\nBINARY\nDATASET POLYDATA\nPOINTS 2 float\n";
  return [
    { name: "NRRD", bytes: joined(text(`${NRRD}encoding: raw\n\n`), voxels), read: image },
    {
      name: "NRRD, gzip",
      bytes: joined(text(`${NRRD}encoding: gzip\n\n`), gzipSync(voxels)),
      read: image,
    },
    { name: "NRRD, text", bytes: text(`${NRRD}encoding: text\n\n1 2 3 4 5 6 7 8\n`), read: image },
    {
      name: "MetaImage",
      bytes: joined(text(`${META_IMAGE}ElementDataFile = LOCAL\n`), voxels),
      read: image,
    },
    {
      name: "MetaImage, compressed",
      bytes: joined(
        text(`${META_IMAGE}CompressedData = True\nElementDataFile = LOCAL\n`),
        deflateSync(voxels),
      ),
      read: image,
    },
    { name: "DICOM", bytes: slice(2), read: dicom },
    {
      name: "DICOM, implicit",
      bytes: dicomFile({
        instance: 2,
        position: [0, 0, 8],
        modality: "MR",
        transferSyntax: "1.2.840.10008.1.2",
      }),
      read: dicom,
    },
    {
      name: "DICOM, RLE",
      bytes: compressed("5", RLE),
      read: alone,
    },
    {
      name: "DICOM, lossless JPEG",
      bytes: compressed("4.70", JPEG_LOSSLESS),
      read: alone,
    },
    {
      name: "DICOM, JPEG 2000",
      bytes: compressed("4.90", JPEG_2000),
      read: alone,
    },
    { name: "DICOM, zip", bytes: await zipped(slice(2)), read: image },
    { name: "RTSTRUCT", bytes: plan("1.2.840.10008.1.2.1"), read: structures },
    { name: "RTSTRUCT, implicit", bytes: plan("1.2.840.10008.1.2"), read: structures },
    { name: "CSV", bytes: text("name,x,y,z\na,1,2,3\nb,4,5,6\n"), read: points("a.csv") },
    { name: "fcsv", bytes: text("# CoordinateSystem = LPS\n1,2,3,4\n"), read: points("a.fcsv") },
    { name: "mrk.json", bytes: text(MARKUPS), read: points("a.mrk.json") },
    { name: "VTK", bytes: joined(text(vtk), new Uint8Array(24)), read: points("a.vtk") },
    { name: "STL", bytes: stl, read: points("a.stl") },
    {
      name: "GIfTI",
      bytes: text(GIFTI),
      read: async (bytes) => await decodePoints(bytes, "a.gii", options),
    },
    {
      name: "ITK transform",
      bytes: text(ITK),
      read: (bytes) =>
        Promise.resolve().then(() => decodeItkTransform(new TextDecoder().decode(bytes), "a.tfm")),
    },
    {
      name: "ITK transform, HDF5",
      bytes: hdf5,
      read: (bytes) => decodeItkHdf5(bytes, "a.h5"),
    },
    {
      name: "ANTs affine",
      bytes: mat,
      read: (bytes) => Promise.resolve().then(() => decodeAntsAffine(bytes, "a.mat")),
    },
  ];
}
