/** The integers 0, 1, ... `count` - 1, over which the shaders' code is unrolled. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
