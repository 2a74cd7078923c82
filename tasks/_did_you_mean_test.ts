import { assertEquals } from "@std/assert";
import { didYouMean } from "./_did_you_mean.ts";

const KNOWN = ["register", "reproduce", "n4", "synthesise"];

Deno.test("didYouMean() names the nearest word within two edits", () => {
  assertEquals(didYouMean("registre", KNOWN), "; did you mean register?");
  assertEquals(didYouMean("synthesize", KNOWN), "; did you mean synthesise?");
  assertEquals(didYouMean("n5", KNOWN), "; did you mean n4?");
  assertEquals(didYouMean("fixd", ["fixed"], "--"), "; did you mean --fixed?");
});

Deno.test("didYouMean() names the only word with this beginning", () => {
  assertEquals(didYouMean("synth", KNOWN), "; did you mean synthesise?");
  assertEquals(didYouMean("re", KNOWN), "");
});

Deno.test("didYouMean() names nothing for a word of which no letter is right", () => {
  for (const name of ["q", "qq", "transmogrify", ""]) assertEquals(didYouMean(name, KNOWN), "");
});
