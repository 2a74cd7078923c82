/**
 * The state of an optimiser that lives on the GPU: its fields are named once, for the shaders that change it
 * and for the host that reads it.
 *
 * @module
 */

/** A field of a state: its scalar type, and the number of elements when it is an array. */
export type StateField = readonly ["f32" | "u32"] | readonly ["f32" | "u32", number];

/** The values of a state's fields: a number, or an array of numbers. */
export type StateValues<Fields extends Readonly<Record<string, StateField>>> = {
  readonly [Name in keyof Fields]: Fields[Name] extends readonly [unknown, number] ? number[]
    : number;
};

/** A state in a storage buffer. */
export interface StateStruct<Fields extends Readonly<Record<string, StateField>>> {
  /** The declaration of the struct, to be put into the code of shaders. */
  readonly wgsl: string;
  /** Size of the state, bytes. */
  readonly bytes: number;
  /** Position of the first element of each field, bytes. */
  readonly offsets: { readonly [Name in keyof Fields]: number };
  /** The values of all fields. */
  read(bytes: ArrayBuffer): StateValues<Fields>;
}

/**
 * Defines a state.
 *
 * @param name - Name of the WGSL struct.
 * @param fields - Types of the fields in order.
 *
 * @example Usage
 * ```ts
 * import { stateStruct } from "./state_struct.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const STATE = stateStruct("State", { cost: ["f32"], steps: ["u32"], point: ["f32", 2] });
 * assertEquals(STATE.wgsl, "struct State { cost: f32, steps: u32, point: array<f32, 2> }");
 * assertEquals(STATE.offsets.point, 8);
 * const bytes = new Float32Array([1.5, 0, 3, 4]).buffer;
 * assertEquals(STATE.read(bytes), { cost: 1.5, steps: 0, point: [3, 4] });
 * ```
 */
export function stateStruct<const Fields extends Readonly<Record<string, StateField>>>(
  name: string,
  fields: Fields,
): StateStruct<Fields> {
  const declarations: string[] = [];
  const offsets: Record<string, number> = {};
  let end = 0;
  // Scalars and arrays of scalars in a storage buffer lie one after the other, 4 bytes per element.
  for (const [field, [scalar, count]] of Object.entries<StateField>(fields)) {
    declarations.push(`${field}: ${count === undefined ? scalar : `array<${scalar}, ${count}>`}`);
    offsets[field] = end;
    end += 4 * (count ?? 1);
  }
  const read = (bytes: ArrayBuffer) => {
    const values = Object.entries<StateField>(fields).map(([field, [scalar, count]]) => {
      const View = scalar === "f32" ? Float32Array : Uint32Array;
      const elements = [...new View(bytes, offsets[field], count ?? 1)];
      return [field, count === undefined ? elements[0] : elements];
    });
    return Object.fromEntries(values) as StateValues<Fields>;
  };
  return {
    wgsl: `struct ${name} { ${declarations.join(", ")} }`,
    bytes: end,
    offsets: offsets as StateStruct<Fields>["offsets"],
    read,
  };
}
