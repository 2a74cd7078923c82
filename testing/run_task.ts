/** Tasks as a user runs them. */

const required = Deno.env.get("REQUIRE_GPU") === "1";
const adapter = await navigator.gpu?.requestAdapter();

/** Whether tests of tasks that need an adapter are left out: there is none, and none is demanded. */
export const SKIPS_GPU_TASKS = !adapter && !required;

/** The project's folder. */
export const ROOT = new URL("../", import.meta.url);

/** Runs `deno task name ...args` to its end; `text` is all that it printed. */
export async function task(
  name: string,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const command = new Deno.Command("deno", {
    args: ["task", "--quiet", name, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
