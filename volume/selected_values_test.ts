import { assertEquals } from "@std/assert";
import { selectedValues } from "./selected_values.ts";

Deno.test("selectedValues() is filter() of a typed array", () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => i % 7 === 0 ? NaN : Math.sin(i));
  for (
    const isSelected of [
      Number.isFinite,
      (value: number) => value > 0.5,
      (_: number, i: number) => i % 3 === 0,
      () => false,
    ]
  ) {
    assertEquals(selectedValues(values, isSelected), values.filter(isSelected));
  }
});
