/** The examples as a user runs them, on phantoms. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { ROOT } from "../testing/run_task.ts";

const SAYS: Readonly<Record<string, string>> = {
  "register_two_files": "field.nii.gz",
  "train_and_synthesise": "synthesised_mr.nii.gz",
  "score_a_cohort": "signed-rank test of 15 structures: p = ",
};

for (const [name, says] of Object.entries(SAYS)) {
  Deno.test({
    name: `examples/${name}.ts runs on a phantom`,
    ignore: SKIPS_GPU,
    fn: async () => {
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        // Everything but the network, which an example does not need.
        args: [
          "run",
          "-q",
          "--preload=tasks/_environment.ts",
          "--allow-read",
          "--allow-write",
          "--allow-env",
          "--allow-sys",
          `examples/${name}.ts`,
        ],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assertEquals(code, 0, text + new TextDecoder().decode(stderr));
      assertStringIncludes(text, says);
    },
  });
}
