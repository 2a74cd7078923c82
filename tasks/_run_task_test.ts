import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { errorMessage } from "./_run_task.ts";

const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);

/** A process whose task has this body; `signal` is the abort signal. */
function spawn(
  body: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Deno.ChildProcess {
  const code = `
    import { runTask } from ${module("./_run_task.ts")};
    const spec = { name: "try", summary: "Tries.", flags: {} };
    await runTask(spec, async (_flags, signal) => { ${body} });`;
  return new Deno.Command("deno", {
    args: ["eval", code, "--", ...args],
    env: { CROSSWARP_DEBUG: "", ...env },
    stdout: "piped",
    stderr: "piped",
    stdin: "null",
  }).spawn();
}

async function result(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("runTask() ends with the number that main returns", async () => {
  assertEquals(await result(spawn(`await 0; console.log("out");`)), {
    code: 0,
    stdout: "out\n",
    stderr: "",
  });
  assertEquals((await result(spawn(`await 0; return 3;`))).code, 3);
});

Deno.test("runTask() shows messages without a stack, and the stack on request", async () => {
  const body = `await 0; throw new RangeError("too wide", { cause: new Error("the belt") });`;
  const plain = await result(spawn(body));
  assertEquals(plain, { code: 1, stdout: "", stderr: "error: too wide\n  because: the belt\n" });
  const debug = await result(spawn(body, { CROSSWARP_DEBUG: "1" }));
  assertEquals(debug.code, 1);
  assertStringIncludes(debug.stderr, "    at ");
});

Deno.test("runTask() ends with 0 after --help and 2 after a wrong command line", async () => {
  const help = await result(spawn("await 0;", {}, ["--help"]));
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: deno task try");
  const wrong = await result(spawn("await 0;", {}, ["--bogus"]));
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "Unknown flag --bogus");
  assert(!wrong.stderr.includes("    at "));
});

Deno.test({
  name:
    "runTask() aborts its signal at Ctrl-C and SIGTERM, lets the task tidy up, ends with 130 or 143",
  ignore: Deno.build.os === "windows", // which cannot send SIGINT to a child
  async fn() {
    for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const child = spawn(`
      console.log("ready");
      try {
        await new Promise((_, reject) => {
          const timer = setTimeout(() => {}, 60000);
          signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
        });
      } finally {
        console.log("tidied");
      }`);
      const reader = child.stdout.getReader();
      assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");
      child.kill(name);
      assertEquals(new TextDecoder().decode((await reader.read()).value), "tidied\n");
      await reader.cancel();
      const errors = await new Response(child.stderr).text();
      assertEquals((await child.status).code, code);
      assertStringIncludes(errors, "Stopped.");
      assertEquals(errors.includes("received SIGTERM"), name === "SIGTERM");
    }
  },
});

Deno.test("errorMessage() does not repeat what the message already says", () => {
  const cause = new Error("no such file");
  assertEquals(
    errorMessage(new Error("a.nii: no such file", { cause })),
    "error: a.nii: no such file",
  );
  assertEquals(errorMessage("text"), "error: text");
});
