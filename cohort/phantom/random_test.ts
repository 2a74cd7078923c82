import { assertAlmostEquals } from "@std/assert";
import { RandomStream, SMOOTH_NOISE_DEVIATION, smoothNoise } from "./random.ts";

Deno.test("SMOOTH_NOISE_DEVIATION is the standard deviation of smoothNoise()", () => {
  const random = new RandomStream(8);
  let sum = 0;
  let squares = 0;
  const n = 200_000;
  for (let i = 0; i < n; i++) {
    const at = () => random.between(-500, 500);
    const value = smoothNoise(5, at(), at(), at());
    sum += value;
    squares += value * value;
  }
  assertAlmostEquals(sum / n, 0, 0.005);
  assertAlmostEquals(Math.sqrt(squares / n) / SMOOTH_NOISE_DEVIATION, 1, 0.01);
});
