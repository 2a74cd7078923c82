import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  commandLineOf,
  type Flag,
  HelpRequest,
  isGiven,
  parseFlags,
  UsageError,
  withValues,
} from "./_flags.ts";

const flags = {
  fixed: { type: "string", required: true, valueName: "FILE", help: "The fixed image." },
  movingLabels: { type: "string", valueName: "FILE", help: "Labels of the moving image." },
  regulariser: { type: "choice", choices: ["tv", "l2"], default: "tv", help: "Regulariser." },
  spacing: {
    type: "number",
    unit: "mm",
    default: 10,
    min: 1,
    max: 100,
    help: "Spacing of the knots.",
  },
  shift: { type: "number", help: "Any number." },
  levels: { type: "integer", default: 4, min: 1, help: "Levels." },
  noRigid: { type: "boolean", help: "Leave the rigid step out." },
  regions: { type: "list", choices: ["thorax", "abdomen"], help: "Regions." },
  size: { type: "integers", default: [64, 65], help: "Sizes." },
  receptiveField: { type: "integer", min: 4, aliases: ["patch", "p"], help: "Receptive field." },
} as const satisfies Record<string, Flag>;
const spec = { name: "try", summary: "Tries.", flags, examples: ["--fixed a.nii"] };

Deno.test("parseFlags() fills in defaults", () => {
  assertEquals(parseFlags(spec, ["--fixed", "a.nii"]), {
    fixed: "a.nii",
    movingLabels: undefined,
    regulariser: "tv",
    spacing: 10,
    shift: undefined,
    levels: 4,
    noRigid: false,
    regions: undefined,
    size: [64, 65],
    receptiveField: undefined,
  });
});

Deno.test("parseFlags() reads both ways of giving a value, negatives and lists", () => {
  const args = "--fixed=a=b.nii --moving-labels -x.nii --spacing=7.5 --shift -2 --no-rigid";
  const lists = "--regions thorax,abdomen --size 1 --size 2,3";
  const values = parseFlags(spec, `${args} ${lists}`.split(" "));
  assertEquals(values.fixed, "a=b.nii");
  assertEquals(values.movingLabels, "-x.nii");
  assertEquals(values.spacing, 7.5);
  assertEquals(values.shift, -2);
  assertEquals(values.noRigid, true);
  assertEquals(values.regions, ["thorax", "abdomen"]);
  assertEquals(values.size, [1, 2, 3]);
});

Deno.test("parseFlags() reads a flag by its name and by its aliases", () => {
  for (const name of ["--receptive-field", "--patch", "--p"]) {
    const values = parseFlags(spec, ["--fixed", "a", name, "70"]);
    assertEquals(values.receptiveField, 70, name);
    assertEquals(Object.keys(values), Object.keys(flags));
  }
});

Deno.test("isGiven() tells a given default from an absent flag", () => {
  const values = parseFlags(spec, ["--fixed", "a.nii", "--spacing", "10", "--patch", "34"]);
  const given = Object.keys(flags).filter((key) => isGiven(values, key));
  assertEquals(given, ["fixed", "spacing", "receptiveField"]);
});

Deno.test("parseFlags() gives its values the declared types", () => {
  const values = parseFlags(spec, ["--fixed", "a"]);
  const fixed: string = values.fixed;
  const labels: string | undefined = values.movingLabels;
  const regulariser: "tv" | "l2" = values.regulariser;
  const size: readonly number[] = values.size;
  // @ts-expect-error: not required and without a default, so it may be undefined
  const shift: number = values.shift;
  assertEquals([fixed, labels, regulariser, size, shift], [
    "a",
    undefined,
    "tv",
    [64, 65],
    undefined,
  ]);
});

for (
  const [args, message] of [
    ["--bogus", "Unknown flag --bogus"],
    ["--fixd a", "did you mean --fixed?"],
    ["--fixed a -x", "Unknown flag -x"],
    ["-fixed a", "Unknown flag -fixed; did you mean --fixed?"],
    ["--fixed a -- --levels 3", 'Unexpected argument "--levels"'],
    ["--fixed a -", 'Unexpected argument "-"'],
    ["--no-fixed", "Unknown flag --no-fixed"],
    ["--rigid --fixed a", "Unknown flag --rigid"],
    ["a.nii", 'Unexpected argument "a.nii"'],
    ["--fixed a -- b", 'Unexpected argument "b"'],
    ["", "--fixed is required"],
    ["--fixed", "--fixed needs a value"],
    ["--fixed=", "--fixed needs a value"],
    ["--fixed --levels 3", "--fixed needs a value"],
    ["--fixed a --fixed b", "--fixed is given twice"],
    ["--fixed a --no-rigid=yes", "--no-rigid takes no value"],
    ["--fixed a --regulariser tgv", 'must be one of tv, l2, not "tgv"'],
    ["--fixed a --spacing wide", 'must be a number, not "wide"'],
    ["--fixed a --spacing NaN", 'must be a number, not "NaN"'],
    ["--fixed a --spacing 0.5", "must be at least 1, not 0.5"],
    ["--fixed a --spacing 1e3", "must be at most 100, not 1000"],
    ["--fixed a --levels 2.5", 'must be a whole number, not "2.5"'],
    ["--fixed a --regions neck", "must be one of thorax, abdomen"],
    ["--fixed a --size 1,,2", "has an empty value in its list"],
    ["--fixed a --patch 7 --receptive-field 7", "--receptive-field and --patch are the same flag"],
    ["--fixed a --patch 7 --p 7", "--patch and --p are the same flag"],
    ["--fixed a --patch 7 --patch 7", "--patch is given twice"],
    ["--fixed a --patch 3", "--patch must be at least 4"],
    ["--fixed a --size 1,x", 'must be a whole number, not "x"'],
  ]
) {
  Deno.test(`parseFlags() refuses "${args}"`, () => {
    const list = args.split(" ").filter((arg) => arg !== "");
    const error = assertThrows(() => parseFlags(spec, list), UsageError, message);
    assertStringIncludes(error.message, "deno task try --help");
  });
}

Deno.test("parseFlags() answers --help before it looks at anything else", () => {
  const { message } = assertThrows(() => parseFlags(spec, ["--bogus", "--help"]), HelpRequest);
  for (
    const part of [
      "Usage: deno task try [flags]",
      "--fixed FILE",
      "--regulariser tv|l2",
      "--spacing MM",
      "(in mm; minimum 1; maximum 100; default 10)",
      "--no-rigid",
      "default 64,65",
      "alias: --patch, --p",
      "deno task try --fixed a.nii",
      "--help",
    ]
  ) assertStringIncludes(message, part);
  assertEquals(message.split("\n").filter((line) => line.length > 100), []);
});

Deno.test("commandLineOf() repeats what was given, and withValues() changes what counts as given", () => {
  const args = ["--spacing=10", "--fixed", "a b.nii", "--no-rigid", "--size", "3,4"];
  const values = parseFlags(spec, args);
  const repeated = ["--fixed", "a b.nii", "--spacing", "10", "--no-rigid", "--size", "3,4"];
  assertEquals(commandLineOf(spec, values), repeated);
  assertEquals(parseFlags(spec, commandLineOf(spec, values)), values);
  const changed = withValues(values, { fixed: "c.nii", spacing: undefined, levels: 2 });
  assertEquals([isGiven(changed, "spacing"), isGiven(changed, "levels")], [false, true]);
  assertEquals(
    commandLineOf(spec, changed),
    ["--fixed", "c.nii", "--levels", "2", "--no-rigid", "--size", "3,4"],
  );
  // Masks of structures have no place on a command line.
  assertEquals(commandLineOf(spec, withValues(values, { movingLabels: { "1": "a" } })), repeated);
});
