import { assertEquals, assertThrows } from "@std/assert";
import { JsonTextError, parseJson, printable } from "./parse_json.ts";

Deno.test("parseJson() reads JSON", () => {
  assertEquals(parseJson(' {"a": [1, "ü\\u0000"]}\n'), { a: [1, "ü\u0000"] });
});

Deno.test("parseJson() gives a reason that can be printed", () => {
  const gzip = new TextDecoder().decode(new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0xff]));
  const cases: [string, string][] = [
    ["", "it is empty"],
    [" \n", "it is empty"],
    [gzip, "it is a binary file"],
    ["\u0000\u0001", "it is a binary file"],
    ["#Insight Transform File", "is not valid JSON"],
    ['{"a": ', "JSON"],
  ];
  for (const [text, words] of cases) {
    const error = assertThrows(() => parseJson(text), JsonTextError, words);
    assertEquals(error.message, printable(error.message));
    assertEquals(error.cause, undefined, "a cause would be printed, too");
  }
});

Deno.test("printable() replaces control characters", () => {
  assertEquals(printable("a\u0000\u001b[2Jü\n\tb\u009b\ufffd"), "a??[2Jü\n\tb??");
});
