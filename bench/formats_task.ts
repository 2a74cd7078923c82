/**
 * `deno task bench:formats`: compares the reading and writing of images, DICOM, transforms, meshes and structure sets with
 * ITK, dcm2niix, dcmtk, GDCM, nibabel, meshio, plastimatch and dicom3tools.
 *
 * @module
 */

import { mapThrough } from "../registration/map_points.ts";
import { encodeItkHdf5 } from "../registration/itk_hdf5.ts";
import { encodeItkTransform } from "../registration/itk_transform.ts";
import { mapPoint, type Transform } from "../registration/transform.ts";
import { decodePoints } from "../points/read_points.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { dicomFile } from "../testing/dicom_file.ts";
import { random } from "../testing/random.ts";
import type { Matrix4, Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { reorient } from "../volume/orientation.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { writeDisplacementField, writeVolume } from "../volume/write_nifti.ts";
import { readTransforms } from "../workflows/transform_files.ts";
import { hasCommand } from "./command.ts";
import { compareCodes } from "./compressed_dicom.ts";
import { compareStructures } from "./structure_sets.ts";

/** The path of the program that is built with ITK. deno.json permits the task to run it. */
const PEER_FOLDER = new URL("../results/itk_formats", import.meta.url).pathname;

/** The declaration of `deno task bench:formats`. */
export const TASK = {
  name: "bench:formats",
  summary:
    "Compares images, DICOM, transforms, meshes and structure sets with ITK, dcm2niix, plastimatch and others.",
  details: `
The programs are those of Debian: libinsighttoolkit5-dev with cmake and g++, dcm2niix, dcmtk, libgdcm-tools,
python3-nibabel, python3-meshio, plastimatch and dicom3tools. Comparisons whose program is missing are left out with a message.`,
  flags: {
    images: {
      type: "list",
      default: [],
      help: "Files of images, in addition to an oblique one that the task makes.",
    },
    dicom: {
      type: "list",
      default: [],
      help: "Folders with one DICOM series each, in addition to those that the task makes.",
    },
  },
} as const satisfies TaskSpec;

/** One comparison: what, with which program, how many files, and the largest difference. */
type Row = readonly [what: string, peer: string, files: number, difference: string];

/** The work of `deno task bench:formats`. */
export async function main(flags: FlagsOf<typeof TASK>): Promise<number> {
  const folder = await Deno.makeTempDir();
  const rows: Row[] = [];
  let isRight = true;
  const report = (
    what: string,
    peer: string,
    files: number,
    differences: readonly [number, number, string][],
  ) => {
    isRight &&= differences.every(([value, allowed]) => value <= allowed);
    const text = differences.map(([value, , unit]) => `${value.toPrecision(2)} ${unit}`).join(", ");
    rows.push([what, peer, files, text]);
  };
  try {
    const itk = await buildItk();
    if (itk !== undefined) {
      await compareImages(itk, folder, flags.images, report);
      await compareTransforms(itk, folder, report);
    }
    if (
      await hasCommand("dcm2niix", ["--version"]).catch(() => false) ||
      await exists("/usr/bin/dcm2niix")
    ) {
      await compareDicom(folder, flags.dicom, report);
    } else console.error("Without dcm2niix");
    const hasCodes = await exists("/usr/bin/dcmcjpeg") && await exists("/usr/bin/gdcmconv");
    if (hasCodes) {
      for (const [what, peer, files, value] of await compareCodes(folder, run)) {
        report(what, peer, files, [[value, 0, "in value"]]);
      }
    } else console.error("Without dcmtk and libgdcm-tools");
    await compareMeshes(folder, report);
    if (await exists("/usr/bin/plastimatch") && await exists("/usr/bin/dciodvfy")) {
      for (const [what, peer, files, value] of await compareStructures(folder, runVerbose)) {
        report(what, peer, files, [[...value]]);
      }
    } else console.error("Without plastimatch and dicom3tools");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(
    alignedTable([
      ["what", "against", "files", "largest difference"],
      ...rows.map((row) => row.map(String)),
    ]),
  );
  return isRight ? 0 : 1;
}

type Report = (
  what: string,
  peer: string,
  files: number,
  differences: readonly [value: number, allowed: number, unit: string][],
) => void;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Builds ITK's program, unless it is newer than its source; undefined where ITK or a compiler is missing. */
async function buildItk(): Promise<string | undefined> {
  const source = new URL("itk_formats", import.meta.url).pathname;
  const modified = (path: string) =>
    Deno.stat(path).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0);
  if (await modified(`${PEER_FOLDER}/itk_formats`) > await modified(`${source}/itk_formats.cxx`)) {
    return `${PEER_FOLDER}/itk_formats`;
  }
  try {
    await run("cmake", ["-S", source, "-B", PEER_FOLDER]);
    await run("cmake", ["--build", PEER_FOLDER]);
    return `${PEER_FOLDER}/itk_formats`;
  } catch (error) {
    console.error(`Without ITK (Debian: libinsighttoolkit5-dev, cmake, g++): ${error}`);
    return undefined;
  }
}

/** Runs a program and returns its standard output. */
async function run(program: string, args: readonly string[], input?: string): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr).slice(-2000)}`);
  return new TextDecoder().decode(stdout);
}

/** Runs a program that writes its findings to standard error, and returns both outputs. */
async function runVerbose(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await command.output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  // dciodvfy fails when it finds errors, which it lists.
  if (!success && !/^Error/m.test(text)) throw new Error(`${program}: ${text.slice(-2000)}`);
  return text;
}

/** An oblique image of an odd size. */
function obliqueImage(): Volume {
  const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
  // deno-fmt-ignore
  const affine: Matrix4 = [
    -1.5 * c, 2 * s, 0, 33.25,
    -1.5 * s, -2 * c, 0, -17.5,
    0, 0, 3.25, 101.125,
    0, 0, 0, 1,
  ];
  const grid = new Grid([13, 11, 7], affine);
  const next = random(3);
  return { grid, data: Float32Array.from({ length: grid.voxels }, () => Math.round(200 * next())) };
}

/** ITK's reading of an image, in RAS. */
async function readByItk(itk: string, path: string, folder: string): Promise<Volume> {
  const values = (await run(itk, ["image", path, `${folder}/values`])).trim().split(" ").map(
    Number,
  );
  const m = values.slice(3);
  const affine = [...m.slice(0, 8).map((v) => -v), ...m.slice(8), 0, 0, 0, 1];
  const bytes = await Deno.readFile(`${folder}/values`);
  return {
    grid: new Grid([values[0], values[1], values[2]], affine),
    data: Float32Array.from(new Float64Array(bytes.buffer)),
  };
}

/** The largest distance of two images' corners in mm, and of their voxels. */
function difference(a: Volume, b: Volume): [corner: number, value: number] {
  if (a.grid.size.join() !== b.grid.size.join()) return [Infinity, Infinity];
  let corner = 0;
  for (let k = 0; k < 8; k++) {
    const index = a.grid.size.map((n, axis) => k >> axis & 1 ? n - 1 : 0) as unknown as Triple;
    const [p, q] = [a.grid.world(index), b.grid.world(index)];
    corner = Math.max(corner, Math.hypot(...p.map((v, axis) => v - q[axis])));
  }
  const value = a.data.reduce((max, v, i) => Math.max(max, Math.abs(v - b.data[i])), 0);
  return [corner, value];
}

async function compareImages(
  itk: string,
  folder: string,
  images: readonly string[],
  report: Report,
): Promise<void> {
  const made = `${folder}/made.nii.gz`;
  await writeVolume(made, obliqueImage());
  const worst = new Map<string, [number, number, number]>();
  const note = (what: string, [corner, value]: readonly [number, number]) => {
    const [files, a, b] = worst.get(what) ?? [0, 0, 0];
    worst.set(what, [files + 1, Math.max(a, corner), Math.max(b, value)]);
  };
  for (const path of [made, ...images]) {
    for (const suffix of ["nrrd", "nhdr", "mha", "mhd"]) {
      for (const type of ["uint8", "int16", "uint16", "int32", "float32", "float64"]) {
        const file = `${folder}/itk.${suffix}`;
        await run(itk, ["convert", path, file, type]);
        const ours = await readVolume(file);
        note(`.${suffix} written by ITK`, difference(ours, await readByItk(itk, file, folder)));
      }
    }
    const image = await readVolume(path);
    for (const suffix of ["nrrd", "mha", "nii.gz"]) {
      const file = `${folder}/ours.${suffix}`;
      await writeVolume(file, image);
      note(`.${suffix} written here`, difference(image, await readByItk(itk, file, folder)));
    }
  }
  for (const [what, [files, corner, value]] of worst) {
    report(what, "ITK 5.2.1", files, [[corner, 1e-3, "mm"], [value, 0, "in value"]]);
  }
}

/** A rigid motion with displacements at control points, oblique and anisotropic. */
function exampleTransform(): Transform {
  const { grid } = obliqueImage();
  const next = random(5);
  const affine = grid.affine.map((v, i) => i % 4 < 3 && i < 12 ? 3 * v : v);
  return {
    rigid: [0.96, -0.28, 0, 4, 0.28, 0.96, 0, -3, 0, 0, 1, 6, 0, 0, 0, 1],
    controlGrid: {
      size: [5, 5, 3],
      affine,
      displacements: Float32Array.from({ length: 225 }, () => 3 * (next() - 0.5)),
    },
    fixedGrid: grid,
    movingGrid: grid,
  };
}

async function compareTransforms(itk: string, folder: string, report: Report): Promise<void> {
  const transform = exampleTransform();
  const { fixedGrid } = transform;
  const next = random(9);
  const points = Array.from(
    { length: 500 },
    () => fixedGrid.world(fixedGrid.size.map((n) => (n - 1) * next()) as unknown as Triple),
  );
  const lps = points.map(([x, y, z]) => `${-x} ${-y} ${z}`).join("\n");
  const byItk = async (...paths: string[]) =>
    (await run(itk, ["points", ...paths], lps)).trim().split("\n")
      .map((line) => line.split(" ").map(Number)).map(([x, y, z]): Triple => [-x, -y, z]);
  const furthest = (a: readonly Triple[], b: readonly Triple[]) =>
    a.reduce((max, p, i) => Math.max(max, Math.hypot(...p.map((v, k) => v - b[i][k]))), 0);
  const compare = async (what: string, paths: string[], expected?: readonly Triple[]) => {
    const ours = expected ?? mapThrough((await readTransforms(paths)).map, points).points;
    // ITK applies the last transform of a list first.
    const theirs = await byItk(...paths.toReversed());
    report(what, "ITK 5.2.1", paths.length, [[furthest(ours, theirs), 1e-3, "mm"]]);
  };
  const tfm = `${folder}/ours.tfm`;
  await Deno.writeTextFile(tfm, encodeItkTransform(transform));
  const direct = points.map((point) => mapPoint(transform, point));
  await compare("points: transform.json as .tfm (export)", [tfm], direct);
  await compare("points: that .tfm read here", [tfm]);
  const hdf5 = `${folder}/ours.h5`;
  await Deno.writeFile(hdf5, await encodeItkHdf5(transform));
  await compare("points: transform.json as .h5 (export)", [hdf5], direct);
  await compare("points: that .h5 read here", [hdf5]);
  await run(itk, ["transform", tfm, `${folder}/itk.h5`]);
  await compare("points: composite .h5 written by ITK", [`${folder}/itk.h5`]);
  const [affine, mat] = [`${folder}/affine.tfm`, `${folder}/affine.mat`];
  await run(itk, ["affine", affine]);
  await run(itk, ["affine", mat]);
  const affineHdf5 = `${folder}/affine.h5`;
  await run(itk, ["affine", affineHdf5]);
  await compare("points: affine .h5 written by ITK", [affineHdf5]);
  await compare("points: affine .tfm written by ITK", [affine]);
  await compare("points: affine .mat written by ITK", [mat]);
  const components = [0, 1, 2].map(() => new Float32Array(fixedGrid.voxels));
  for (let i = 0; i < fixedGrid.voxels; i++) {
    for (const component of components) component[i] = 4 * (next() - 0.5);
  }
  const [x, y, z] = components;
  for (const suffix of ["nii.gz", "nrrd", "mha"]) {
    const field = `${folder}/field.${suffix}`;
    await writeDisplacementField(field, { grid: fixedGrid, components: [x, y, z] });
    await compare(`points: field .${suffix} written here`, [field]);
    const again = `${folder}/itk_field.${suffix === "nii.gz" ? "mha" : suffix}`;
    await run(itk, ["field", field, again]);
    await compare(`points: field ${again.replace(/^.*\./, ".")} written by ITK`, [again]);
    await compare(`points: chain of field .${suffix} and affine`, [field, mat]);
  }
}

async function compareDicom(
  folder: string,
  folders: readonly string[],
  report: Report,
): Promise<void> {
  const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
  const cases = {
    "axial": { orientation: [1, 0, 0, 0, 1, 0], step: [0, 0, 4] },
    "axial, big-endian": {
      orientation: [1, 0, 0, 0, 1, 0],
      step: [0, 0, 4],
      transferSyntax: "1.2.840.10008.1.2.2",
    },
    "coronal": { orientation: [1, 0, 0, 0, 0, -1], step: [0, 4, 0], modality: "MR", intercept: 0 },
    "oblique": { orientation: [1, 0, 0, 0, c, s], step: [0, -4 * s, 4 * c] },
    // dcm2niix takes the thickness of these files as the distance of their slices.
    "enhanced": {
      orientation: [1, 0, 0, 0, 1, 0],
      step: [0, 0, 4],
      thickness: 4,
      isEnhanced: true,
    },
  };
  const next = random(11);
  const [columns, rows, slices] = [24, 20, 6];
  for (const [name, { step, ...change }] of Object.entries(cases)) {
    const series = `${folder}/dicom ${name}`;
    await Deno.mkdir(series);
    const position = (k: number) =>
      step.map((v, axis) => [10, -20, 30][axis] + k * v) as unknown as Triple;
    const pixels = () => Array.from({ length: columns * rows }, () => Math.floor(4000 * next()));
    if ("isEnhanced" in change) {
      const frames = Array.from({ length: slices }, (_, k) => position(k));
      const all = frames.flatMap(pixels);
      await Deno.writeFile(
        `${series}/one.dcm`,
        dicomFile({ ...change, columns, rows, frames, pixels: all, modality: "CT" }),
      );
    } else {
      for (let k = 0; k < slices; k++) {
        const made = dicomFile({
          ...change,
          columns,
          rows,
          instance: k + 1,
          position: position(k),
          pixels: pixels(),
        });
        await Deno.writeFile(`${series}/${k}.dcm`, made);
      }
    }
    await compareSeries(series, name, folder, report);
  }
  for (const path of folders) await compareSeries(path, path.replace(/^.*\//, ""), folder, report);
}

async function compareSeries(
  series: string,
  name: string,
  folder: string,
  report: Report,
): Promise<void> {
  const out = await Deno.makeTempDir({ dir: folder });
  await run("dcm2niix", ["-z", "n", "-b", "n", "-o", out, "-f", "peer", series]);
  const written = (await Array.fromAsync(Deno.readDir(out))).map((entry) => entry.name);
  const began = performance.now();
  const ours = await readVolume(series);
  const seconds = (performance.now() - began) / 1000;
  const theirs = await readVolume(`${out}/${written[0]}`);
  // dcm2niix turns the rows over.
  const [corner, value] = difference(reorient(ours), reorient(theirs));
  const { size } = ours.grid;
  report(`DICOM ${name}, ${size.join(" x ")}, ${seconds.toFixed(1)} s`, "dcm2niix", 1, [
    [corner, 1e-2, "mm"],
    [value, 1e-3, "in value"],
  ]);
}

/** Makes meshes by nibabel and meshio, and prints the vertices of those that were written here. */
const PYTHON = `
import sys, numpy as np
folder, step = sys.argv[1:]
points = np.array([[0, 0, 0], [10, 0, 1], [0, 20, 2], [3.25, -4.5, 30]], dtype=np.float32)
triangles = np.array([[0, 1, 2], [1, 2, 3]], dtype=np.int32)
import nibabel
from nibabel.gifti import GiftiImage, GiftiDataArray
encodings = ["ASCII", "B64BIN", "B64GZ"]
if step == "make":
    for encoding in encodings:
        arrays = [GiftiDataArray(points, "pointset", "NIFTI_TYPE_FLOAT32", encoding=f"GIFTI_ENCODING_{encoding}"),
                  GiftiDataArray(triangles, "triangle", "NIFTI_TYPE_INT32", encoding=f"GIFTI_ENCODING_{encoding}")]
        nibabel.save(GiftiImage(darrays=arrays), f"{folder}/{encoding}.gii")
try:
    import meshio
except ImportError:
    meshio = None
files = [f"{encoding}.gii" for encoding in encodings]
if meshio is not None:
    mesh = meshio.Mesh(points.astype(float), [("triangle", triangles)])
    for name, format, binary in [("text.vtk", "vtk42", False), ("binary.vtk", "vtk42", True), ("new.vtk", "vtk51", True),
                                 ("text.stl", "stl", False), ("binary.stl", "stl", True)]:
        files.append(name)
        if step == "make":
            meshio.write(f"{folder}/{name}", mesh, file_format=format, binary=binary)
for name in files:
    path = f"{folder}/{name}"
    if name.endswith("gii"):
        image = nibabel.load(path)
        found, cells = image.agg_data("pointset"), image.agg_data("triangle")
    else:
        mesh = meshio.read(path)
        found, cells = mesh.points, mesh.cells_dict["triangle"]
    # As triangles, because the vertices of STL have no order.
    print(name, *np.asarray(found)[np.asarray(cells)].astype(float).reshape(-1))
`;

async function compareMeshes(folder: string, report: Report): Promise<void> {
  const python = "/usr/bin/python3";
  const script = `${folder}/meshes.py`;
  await Deno.writeTextFile(script, PYTHON);
  let text: string;
  try {
    text = await run(python, [script, folder, "make"]);
  } catch (error) {
    console.error(`Without nibabel (Debian: python3-nibabel, python3-meshio): ${error}`);
    return;
  }
  const parsed = (lines: string) =>
    new Map(
      lines.trim().split("\n").map((line) => {
        const [name, ...numbers] = line.split(" ");
        return [name, numbers.map(Number)];
      }),
    );
  const before = parsed(text);
  const shift: Triple = [1.5, -2.25, 300];
  for (const name of before.keys()) {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    const space = name.endsWith("gii") ? undefined : "ras";
    const file = await decodePoints(bytes, name, { space });
    const moved = file.points.map((p) => p.map((v, k) => v + shift[k]) as unknown as Triple);
    await Deno.writeFile(`${folder}/${name}`, await file.encode(moved));
  }
  const after = parsed(await run(python, [script, folder, "read"]));
  for (const [name, values] of before) {
    const found = after.get(name)!;
    const worst = values.reduce(
      (max, v, i) => Math.max(max, Math.abs(v + shift[i % 3] - found[i])),
      values.length === found.length ? 0 : Infinity,
    );
    report(`mesh ${name}, all triangles`, name.endsWith("gii") ? "nibabel" : "meshio", 1, [
      [worst, 1e-4, "mm"],
    ]);
  }
}

if (import.meta.main) await runTask(TASK, main);
