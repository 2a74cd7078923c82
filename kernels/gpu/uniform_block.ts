/**
 * Uniform blocks by field name: the WGSL struct is the source of the layout.
 *
 * Offsets follow the address-space layout rules of WGSL (section "Memory Layout"): a vec3 is aligned to 16
 * bytes, a struct and an array element in a uniform block too, so that no padding field is written by hand.
 *
 * @module
 */

/** A value of a field: a number, a boolean (1 or 0), the components of a vector, matrix or array, or a struct. */
export type UniformValue = number | boolean | ArrayLike<number> | UniformValues;

/** The values of a uniform block by the names of the WGSL struct's fields. */
export interface UniformValues {
  readonly [field: string]: UniformValue;
}

type Scalar = "f32" | "u32" | "i32";

/** A type of the shader's that a uniform block can hold. */
interface UniformType {
  /** The type's name in errors. */
  readonly name: string;
  /** Alignment in bytes. */
  readonly align: number;
  /** Size in bytes. */
  readonly size: number;
  /** Type of the components; a struct has none. */
  readonly scalar?: Scalar | undefined;
  /** Byte offset of each component, in the order of the values. */
  readonly offsets?: readonly number[] | undefined;
  /** The fields of a struct. */
  readonly fields?: readonly UniformField[] | undefined;
}

/** A field of a struct. */
interface UniformField {
  readonly name: string;
  readonly offset: number;
  readonly type: UniformType;
}

/** The layout of the fields of a uniform block. */
export interface UniformLayout {
  /** The name of the WGSL struct. */
  readonly name: string;
  /** Bytes of the block. */
  readonly bytes: number;
  /** The fields in order. */
  readonly fields: readonly UniformField[];
}

const layouts = new Map<string, UniformLayout | undefined>();

/**
 * The layout of a shader's uniform block at binding 0, read from its WGSL; none when it has no such block.
 *
 * @throws {TypeError} when the block is not a struct, or a field has a type that is not understood.
 */
export function uniformLayout(code: string): UniformLayout | undefined {
  if (!layouts.has(code)) layouts.set(code, readLayout(code));
  return layouts.get(code);
}

/**
 * The bytes of a uniform block.
 *
 * @throws {TypeError} when a field is missing or unknown, or has another number of components.
 * @throws {RangeError} when a whole-number field is given another number.
 *
 * @example Usage
 * ```ts
 * import { packUniforms, uniformLayout } from "./uniform_block.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const layout = uniformLayout(`
 *   struct Parameters { size: vec3u, weight: f32 }
 *   @group(0) @binding(0) var<uniform> parameters: Parameters;
 * `)!;
 * const bytes = packUniforms(layout, { size: [7, 8, 9], weight: 0.5 });
 * assertEquals([...new Uint32Array(bytes, 0, 3)], [7, 8, 9]);
 * assertEquals(new Float32Array(bytes)[3], 0.5);
 * ```
 */
export function packUniforms(layout: UniformLayout, values: UniformValues): ArrayBuffer {
  const bytes = new ArrayBuffer(layout.bytes);
  packStruct(new DataView(bytes), 0, layout.name, layout.fields, values);
  return bytes;
}

function packStruct(
  view: DataView,
  base: number,
  path: string,
  fields: readonly UniformField[],
  values: UniformValues,
): void {
  for (const name of Object.keys(values)) {
    if (!fields.some((field) => field.name === name)) {
      const known = fields.map((field) => field.name).join(", ");
      throw new TypeError(`${path} has no field \`${name}\`; its fields are ${known}`);
    }
  }
  for (const { name, offset, type } of fields) {
    const value = values[name];
    const at = `${path}.${name}`;
    if (value === undefined) throw new TypeError(`${at} is missing`);
    if (type.fields !== undefined) {
      packStruct(view, base + offset, at, type.fields, value as UniformValues);
      continue;
    }
    const components = typeof value === "number" || typeof value === "boolean"
      ? [Number(value)]
      : value as ArrayLike<number>;
    if (components.length !== type.offsets!.length) {
      throw new TypeError(
        `${at} is a ${type.name} of ${type.offsets!.length} values, got ${components.length}`,
      );
    }
    for (let i = 0; i < components.length; i++) {
      write(view, base + offset + type.offsets![i], at, type.scalar!, components[i]);
    }
  }
}

function write(view: DataView, at: number, path: string, scalar: Scalar, value: number): void {
  if (scalar === "f32") {
    if (typeof value !== "number") throw new TypeError(`${path} must be a number, got ${value}`);
    view.setFloat32(at, value, true);
    return;
  }
  const [low, high] = scalar === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  if (!(Number.isInteger(value) && value >= low && value <= high)) {
    throw new RangeError(`${path} is a ${scalar} and cannot be ${value}`);
  }
  if (scalar === "u32") view.setUint32(at, value, true);
  else view.setInt32(at, value, true);
}

function readLayout(code: string): UniformLayout | undefined {
  const text = code.replace(/\/\/.*$/gm, "").replace(/\/\*[\s\S]*?\*\//g, "");
  const block = /@group\(0\)\s*@binding\(0\)\s*var<uniform>\s*\w+\s*:\s*([^;]+);/.exec(text);
  if (block === null) return undefined;
  const name = block[1].trim();
  const { fields, size } = typeOf(text, name);
  if (fields === undefined) {
    throw new TypeError(`The uniform block at binding 0 is a ${name}; it must be a struct`);
  }
  return { name, bytes: size, fields };
}

const SHORT = { f: "f32", u: "u32", i: "i32" } as const;
const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** The type's size, alignment and components by the rules of WGSL for uniform blocks. */
function typeOf(code: string, name: string): UniformType {
  if (name === "f32" || name === "u32" || name === "i32") {
    return { name, align: 4, size: 4, scalar: name, offsets: [0] };
  }
  const vector = /^vec([234])(?:([fui])|<\s*(f32|u32|i32)\s*>)$/.exec(name);
  if (vector !== null) {
    const count = Number(vector[1]);
    return {
      name,
      align: count === 2 ? 8 : 16,
      size: 4 * count,
      scalar: (vector[3] ?? SHORT[vector[2] as keyof typeof SHORT]) as Scalar,
      offsets: Array.from({ length: count }, (_, i) => 4 * i),
    };
  }
  const matrix = /^mat([234])x([234])(?:f|<\s*f32\s*>)$/.exec(name);
  if (matrix !== null) {
    const column = typeOf(code, `vec${matrix[2]}f`);
    const stride = roundUp(column.size, column.align);
    return repeated(name, column, Number(matrix[1]), stride);
  }
  const array = /^array<\s*(.+?)\s*,\s*(\d+)u?\s*>$/.exec(name);
  if (array !== null) {
    const element = typeOf(code, array[1]);
    const stride = roundUp(element.size, element.align);
    if (stride % 16 !== 0) {
      throw new TypeError(`${name} in a uniform block: elements must be multiples of 16 bytes`);
    }
    return repeated(name, element, Number(array[2]), stride);
  }
  const struct = /^\w+$/.test(name)
    ? new RegExp(`\\bstruct\\s+${name}\\s*\\{([^}]*)\\}`).exec(code)
    : null;
  if (struct === null) throw new TypeError(`\`${name}\` in a uniform block is not understood`);
  return structOf(code, name, struct[1]);
}

function repeated(name: string, element: UniformType, count: number, stride: number): UniformType {
  if (element.offsets === undefined) {
    throw new TypeError(`${name} in a uniform block: arrays of structs are not understood`);
  }
  return {
    name,
    align: element.align,
    size: count * stride,
    scalar: element.scalar,
    offsets: Array.from(
      { length: count },
      (_, i) => element.offsets!.map((offset) => i * stride + offset),
    ).flat(),
  };
}

function structOf(code: string, name: string, body: string): UniformType {
  const fields: UniformField[] = [];
  let end = 0;
  let align = 4;
  // Commas within a type's angle brackets do not separate fields.
  for (const part of body.split(/,(?![^<]*>)/)) {
    const field = /^\s*(\w+)\s*:\s*([\s\S]+?)\s*$/.exec(part);
    if (field === null) {
      if (part.trim() === "") continue;
      throw new TypeError(`\`${part.trim()}\` in the struct ${name} is not understood`);
    }
    const type = typeOf(code, field[2]);
    const isNested = type.fields !== undefined;
    const offset = roundUp(end, isNested ? roundUp(type.align, 16) : type.align);
    fields.push({ name: field[1], offset, type });
    // After a struct within a uniform block the next field begins 16 bytes aligned.
    end = offset + (isNested ? roundUp(type.size, 16) : type.size);
    align = Math.max(align, type.align);
  }
  return { name, align, size: roundUp(end, align), fields };
}
