import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { crosswarp } from "../../testing/run_task.ts";
import { COMMANDS } from "../_commands.ts";
import { kebabCase, type TaskSpec } from "../_flags.ts";
import { completedFlags } from "./completed_flags.ts";
import { completionScript, type Shell, SHELLS } from "./completions.ts";

/** A declaration with every kind of value, and texts that the shells must not read as their own syntax. */
const SPEC = {
  name: "try",
  summary: "Tries.",
  flags: {
    input: {
      type: "string",
      valueName: "FILE",
      help: "The image, e. g. a 'CT' [HU]: $HOME. More.",
    },
    out: { type: "string", valueName: "FOLDER", help: "The folder." },
    regulariser: { type: "choice", choices: ["tv", "l2"], help: "The regulariser." },
    scaling: { type: "string", valueName: "gradient|change|N", help: "The factor." },
    region: {
      type: "list",
      choices: ["thorax", "abdomen"],
      help: `The ${"long ".repeat(30)}text.`,
    },
    levels: { type: "integer", help: "The levels." },
    noRigid: { type: "boolean", help: "No rigid step." },
  },
} as const satisfies TaskSpec;

const COMMANDS_OF_TEST = [
  { name: "try", summary: "Try the user's words: `all` [of them]", spec: SPEC },
  { name: "trust", summary: "Trust", spec: SPEC },
  { name: "completions", summary: "Print a script", spec: undefined },
  { name: "help", summary: "Show the flags", spec: undefined },
];

Deno.test("completedFlags() takes the words and the kinds of values from the declaration", () => {
  const flags = completedFlags(SPEC);
  assertEquals(flags.map(({ name, value, words }) => [name, value, words.join(" ")].join(":")), [
    "input:file:",
    "out:folder:",
    "regulariser:word:tv l2",
    "scaling:word:gradient change",
    "region:list:thorax abdomen",
    "levels:text:",
    "no-rigid:none:",
    "help:none:",
  ]);
  assertEquals(flags[0].summary, "The image, e. g. a 'CT' [HU]: $HOME");
  assertEquals(flags[4].summary, `The ${"long ".repeat(13)}long...`);
  assertEquals(flags.filter(({ canRepeat }) => canRepeat).map(({ name }) => name), ["region"]);
});

for (const shell of SHELLS) {
  Deno.test(`crosswarp completions ${shell} prints every command, flag and choice`, async () => {
    const { code, text } = await crosswarp("completions", shell);
    assertEquals(code, 0, text);
    const before = shell === "fish" ? "-l " : "--";
    for (const [name, command] of COMMANDS) {
      assertStringIncludes(text, name);
      for (const [key, flag] of Object.entries((await command.spec()).flags)) {
        assertStringIncludes(text, before + kebabCase(key));
        if ("choices" in flag) assertStringIncludes(text, (flag.choices ?? []).join(" "));
      }
    }
  });
}

async function run(shell: Shell, script: string, cwd = "."): Promise<string> {
  const args = shell === "bash" ? ["--norc", "-c", script] : ["-c", script];
  const child = new Deno.Command(shell, {
    args,
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [0, ""]);
  return text.decode(stdout);
}

async function isMissing(shell: Shell): Promise<boolean> {
  return await run(shell, "true").then(() => false, () => true);
}

/** A folder with the script, an image and two folders. */
async function inFolder(shell: Shell, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/script`, completionScript(shell, COMMANDS_OF_TEST));
    await Deno.mkdir(`${folder}/images/of ct`, { recursive: true });
    await Deno.writeTextFile(`${folder}/images/one.nii`, "");
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Command lines with the words that complete them. The shell splits at the spaces, and bash also at the sign. */
const CASES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["crosswarp tr", ["trust", "try"]],
  ["crosswarp --v", ["--version"]],
  ["crosswarp try --r", ["--region", "--regulariser"]],
  ["crosswarp try --no-rigid --l", ["--levels"]],
  ["crosswarp try --regulariser ", ["l2", "tv"]],
  ["crosswarp trust --scaling g", ["gradient"]],
  ["crosswarp try --region thorax,a", ["thorax,abdomen"]],
  ["crosswarp try --levels ", []],
  ["crosswarp help tru", ["trust"]],
  ["crosswarp completions f", ["fish"]],
  ["crosswarp unknown --r", []],
];

Deno.test({
  name: "bash completes by the script",
  ignore: await isMissing("bash"),
  fn: () =>
    inFolder("bash", async (folder) => {
      const complete = async (line: string) => {
        const words = line.split(/(=)| /).filter((word) => word !== undefined);
        const quoted = words.map((word) => `'${word}'`).join(" ");
        const script = `source ./script; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
          _crosswarp; for word in "\${COMPREPLY[@]}"; do echo "$word"; done`;
        return (await run("bash", script, folder)).trim().split("\n").sort();
      };
      for (const [line, words] of CASES) {
        assertEquals(await complete(line), words.length === 0 ? [""] : words, line);
      }
      assertEquals(await complete("crosswarp try --regulariser=t"), ["tv"]);
      assertEquals(await complete("crosswarp try --input images/"), [
        "images/of ct",
        "images/one.nii",
      ]);
      assertEquals(await complete("crosswarp try --out images/"), ["images/of ct"]);
      assertStringIncludes(
        await run("bash", "source ./script; complete -p crosswarp", folder),
        "-F",
      );
    }),
});

Deno.test({
  name: "fish completes by the script",
  ignore: await isMissing("fish"),
  fn: () =>
    inFolder("fish", async (folder) => {
      const complete = async (line: string) => {
        const text = await run("fish", `source ./script; complete -C '${line}'`, folder);
        return text.trim().split("\n").map((found) => found.split("\t")[0]).sort();
      };
      for (const [line, words] of CASES) {
        // Fish offers files where a script has nothing for an unknown command.
        if (words.length > 0) assertEquals(await complete(line), words, line);
      }
      assertEquals(await complete("crosswarp try --region=thorax,a"), ["--region=thorax,abdomen"]);
      assertEquals(await complete("crosswarp try --input images/o"), [
        "images/of ct/",
        "images/one.nii",
      ]);
      assertEquals(await complete("crosswarp try --out images/o"), ["images/of ct/"]);
    }),
});

Deno.test({
  name: "zsh accepts the script",
  ignore: await isMissing("zsh"),
  fn: () =>
    inFolder("zsh", async (folder) => {
      assertEquals(await run("zsh", "zsh -n ./script", folder), "");
      const functions = await run(
        "zsh",
        "autoload -Uz compinit; compinit -D -u; source ./script; whence -w _crosswarp; echo $_comps[crosswarp]",
        folder,
      );
      assert(functions.endsWith("_crosswarp: function\n_crosswarp\n"), functions);
    }),
});
