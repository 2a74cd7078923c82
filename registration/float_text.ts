/**
 * Float arrays as text, without loss.
 *
 * @module
 */

/** The floats as base64 of little-endian 32-bit values. */
export function encodeFloats(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  const bytes = new Uint8Array(view.buffer);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 0x8000) {
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  }
  return btoa(parts.join(""));
}

/**
 * The floats of a text from {@link encodeFloats}.
 *
 * @throws {RangeError} when the value is not a text.
 */
export function decodeFloats(text: unknown): Float32Array {
  if (typeof text !== "string") throw new RangeError("the displacements are missing");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}
