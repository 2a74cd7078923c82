import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { crosswarp, ROOT } from "../testing/run_task.ts";
import { COMMANDS } from "./_commands.ts";
import { helpText } from "./_flags.ts";

const NAMES = [...COMMANDS.keys()];

Deno.test("crosswarp --help lists every command in one line", async () => {
  const { code, text } = await crosswarp("--help");
  assertEquals(code, 0);
  const lines = text.split("\n");
  for (const name of [...NAMES, "help", "completions"]) {
    const found = lines.filter((line) => line.startsWith(`  ${name} `));
    assertEquals(found.length, 1, name);
  }
  assertEquals(lines.filter((line) => line.length > 100), []);
  for (const args of [["-h"], ["help"], ["--help", "register"]]) {
    assertEquals(await crosswarp(...args), { code: 0, text });
  }
  assertEquals(await crosswarp(), { code: 2, text });
});

Deno.test("crosswarp --version prints the version of deno.json", async () => {
  assertEquals(await crosswarp("--version"), { code: 0, text: `crosswarp ${config.version}\n` });
});

for (const [name, command] of COMMANDS) {
  Deno.test(`crosswarp ${name} is the task ${name}, under its own name`, async () => {
    const task = Object.entries(config.tasks).find(([other]) => other === name);
    assertEquals(task?.[1].description, command.summary, "the description in deno.json");
    const spec = await command.spec();
    assertEquals(spec.name, name);
    const text = helpText(spec, "crosswarp");
    assertStringIncludes(text, `Usage: crosswarp ${name} [flags]`);
    assert(!text.includes("deno task"), text);
    assertEquals(await crosswarp(name, "--help"), { code: 0, text });
    assertEquals(await crosswarp("help", name), { code: 0, text });
    const wrong = await crosswarp(name, "--no-such-flag");
    assertEquals(wrong.code, 2, wrong.text);
    assertStringIncludes(wrong.text, `Run \`crosswarp ${name} --help\` to see the flags.`);
  });
}

for (
  const [args, message] of [
    ["registre", 'Unknown command "registre"; did you mean register?\n'],
    ["synth", "did you mean synthesise?"],
    ["qq", 'Unknown command "qq"\n'],
    ["constructor", 'Unknown command "constructor"\n'],
    ["setup", 'Unknown command "setup"\n'],
    ["--versoin", "Unknown flag --versoin; did you mean --version?"],
    ["help phantoms", "did you mean phantom?"],
    ["help register apply", 'Unexpected argument "apply"'],
    ["--version now", 'Unexpected argument "now"'],
    ["completions", "Name a shell: bash, zsh or fish"],
    ["completions csh", 'Unknown shell "csh"'],
    ["completions bash zsh", 'Unexpected argument "zsh"'],
  ]
) {
  Deno.test(`crosswarp refuses "${args}"`, async () => {
    const { code, text } = await crosswarp(...args.split(" "));
    assertEquals(code, 2, text);
    assertStringIncludes(text, message);
    assertStringIncludes(text, "Run `crosswarp --help` to see the commands.");
  });
}

Deno.test("crosswarp completions --help says where the text belongs", async () => {
  const { code, text } = await crosswarp("completions", "--help");
  assertEquals(code, 0);
  for (const shell of ["bash", "zsh", "fish"]) {
    assertStringIncludes(text, `crosswarp completions ${shell} >`);
  }
  assertEquals(await crosswarp("help", "completions"), { code: 0, text });
});

Deno.test("cli.ts sets the environment first, and its documentation names its permissions", async () => {
  const code = await Deno.readTextFile(new URL("cli.ts", ROOT));
  assertEquals(/^import .*/m.exec(code)?.[0], 'import "./tasks/_environment.ts";');
  const { env, sys } = config.permissions.cli;
  for (
    const flag of [
      "--allow-read",
      "--allow-write",
      `--allow-env=${env.join(",")}`,
      `--allow-sys=${sys.join(",")}`,
    ]
  ) assertStringIncludes(code, ` ${flag}`);
  assert(!("run" in config.permissions.cli));
});

Deno.test("deno run cli.ts needs no --preload and no more than its permissions", async () => {
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=cli", new URL("cli.ts", ROOT).href, "doctor"],
    cwd: folder,
    env: { DENO_WEBGPU_BACKEND: "", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  await Deno.remove(folder, { recursive: true });
  // Without an adapter it is 1; an error of the command line or of the permissions would not be this text.
  assert(code === 0 || /^- A WebGPU adapter/m.test(text), text);
  assertStringIncludes(text, `crosswarp                           ${config.version}`);
  if (Deno.build.os === "linux") assertStringIncludes(text, "vulkan (DENO_WEBGPU_BACKEND)");
  assert(!text.includes("deno task"), text);
});
