import { assertEquals, assertRejects } from "@std/assert";
import { FileAccessError } from "../../host/errors.ts";
import { ModelFileError } from "./model_error.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const tensors = [
  { name: "a/filter", shape: [2, 3], data: () => new Float32Array([1, -2, 3.5, 0, 5, NaN]) },
  { name: "empty", shape: [0], data: () => new Float32Array() },
  { name: "ä", shape: [], data: () => Promise.resolve(new Float32Array([7])) },
];

const filesOf = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name);

Deno.test("safetensors: what is written is read, whole or in part", async () => {
  const path = `${folder}/all.safetensors`;
  await writeSafetensors(path, tensors, { step: "3" });
  const read = await readSafetensors(path);
  assertEquals([...read.keys()], ["a/filter", "empty", "ä"]);
  for (const { name, shape, data } of tensors) {
    assertEquals(read.get(name), { shape, data: await data() as Float32Array<ArrayBuffer> });
  }
  assertEquals([...(await readSafetensors(path, (name) => name === "ä")).keys()], ["ä"]);
  assertEquals(filesOf(folder), ["all.safetensors"]);
});

Deno.test("safetensors: the layout is the format's", async () => {
  const path = `${folder}/layout.safetensors`;
  await writeSafetensors(path, [tensors[0]]);
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  assertEquals(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  assertEquals(header["a/filter"], { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
  assertEquals(view.getFloat32(8 + length + 8, true), 3.5);
  assertEquals(bytes.length, 8 + length + 24);
});

Deno.test("safetensors: damaged, foreign and missing files are refused", async () => {
  const path = `${folder}/damaged.safetensors`;
  await writeSafetensors(path, tensors);
  const whole = await Deno.readFile(path);
  for (const count of [0, 7, 20, whole.length - 1]) {
    await Deno.writeFile(path, whole.subarray(0, count));
    await assertRejects(() => readSafetensors(path), ModelFileError, "not a whole safetensors");
  }
  await Deno.writeFile(path, new Uint8Array(100).fill(255));
  await assertRejects(() => readSafetensors(path), ModelFileError, "not a whole safetensors");
  await assertRejects(() => readSafetensors(`${folder}/none`), FileAccessError, "no such file");
});

Deno.test("safetensors: headers of another form are refused", async () => {
  const path = `${folder}/form.safetensors`;
  const entries = [
    null,
    "F32",
    { dtype: "F32", data_offsets: [0, 4] },
    { dtype: "F32", shape: "1", data_offsets: [0, 4] },
    { dtype: "F32", shape: [-1, -1], data_offsets: [0, 4] },
    { dtype: "F32", shape: [0.5, 2], data_offsets: [0, 4] },
    { dtype: "F32", shape: [1], data_offsets: [0] },
    { dtype: "F32", shape: [1], data_offsets: null },
  ];
  for (const header of [null, ...entries.map((scale) => ({ scale }))]) {
    const text = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length + 8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    await Deno.writeFile(path, bytes);
    await assertRejects(() => readSafetensors(path), ModelFileError, "is not a whole");
  }
});

Deno.test("safetensors: a failed write leaves the old file and nothing else", async () => {
  const path = `${folder}/kept.safetensors`;
  await writeSafetensors(path, [tensors[0]]);
  const before = filesOf(folder).length;
  const failing = { ...tensors[0], data: () => Promise.reject(new RangeError("no GPU")) };
  await assertRejects(() => writeSafetensors(path, [failing]), RangeError, "no GPU");
  const short = { ...tensors[0], data: () => new Float32Array(5) };
  await assertRejects(() => writeSafetensors(path, [short]), ModelFileError, "5 values");
  assertEquals((await readSafetensors(path)).size, 1);
  assertEquals(filesOf(folder).length, before);
});
