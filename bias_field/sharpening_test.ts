import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { seededValues } from "../testing/float_values.ts";
import { Complex, fourier, sharpen } from "./sharpening.ts";

Deno.test("fourier() agrees with the sum that defines it, and its inverse takes it back", () => {
  const n = 16;
  const signal = new Complex(n);
  signal.real.set(seededValues(n, 1));
  signal.imaginary.set(seededValues(n, 2));
  const re = signal.real.slice();
  const im = signal.imaginary.slice();
  fourier(signal, false);
  for (let k = 0; k < n; k++) {
    let a = 0;
    let b = 0;
    for (let i = 0; i < n; i++) {
      const turn = -2 * Math.PI * i * k / n;
      a += re[i] * Math.cos(turn) - im[i] * Math.sin(turn);
      b += re[i] * Math.sin(turn) + im[i] * Math.cos(turn);
    }
    assertAlmostEquals(signal.real[k], a, 1e-12);
    assertAlmostEquals(signal.imaginary[k], b, 1e-12);
  }
  fourier(signal, true);
  signal.real.forEach((value, i) => assertAlmostEquals(value, re[i], 1e-12));
});

Deno.test("sharpen() expects values near the tissue that they come from", () => {
  const bins = 200;
  const minimum = 4;
  const maximum = 6;
  const tissues = [4.6, 5.2];
  const histogram = Float64Array.from({ length: bins }, (_, i) => {
    const u = minimum + (maximum - minimum) * i / (bins - 1);
    return tissues.reduce((sum, t) => sum + 1000 * Math.exp(-(((u - t) / 0.08) ** 2)), 0);
  });
  const expected = sharpen({ histogram, minimum, maximum, fwhm: 0.15, noise: 0.01 });
  for (const tissue of tissues) {
    for (const error of [-0.08, 0, 0.08]) {
      const at = Math.round((tissue + error - minimum) / (maximum - minimum) * (bins - 1));
      assertLess(Math.abs(expected[at] - tissue), 0.03);
    }
  }
});

Deno.test("sharpen() leaves a single value as it is", () => {
  const expected = sharpen({
    histogram: [5, 0, 0],
    minimum: 3,
    maximum: 3,
    fwhm: 0.15,
    noise: 0.01,
  });
  assertEquals([...expected], [3, 3, 3]);
});
