/**
 * The command `crosswarp`: registers, applies transforms, corrects bias fields, trains, synthesises and reproduces
 * the study. Each command is the task of the same name; `crosswarp --help` lists them.
 *
 * ```sh
 * deno x jsr:@crosswarp/crosswarp/cli register --fixed mr.nii.gz --moving ct.nii.gz --out result
 * ```
 *
 * `deno x` permits everything unless it gets permissions. The command needs only these: it reads and writes the files
 * that its flags name, reads the variables that select a driver and sets two of them, and asks for the free memory
 * and the user's id (for advice on a driver).
 *
 * ```sh
 * deno install -g -n crosswarp --allow-read --allow-write \
 *   --allow-env=DENO_WEBGPU_BACKEND,XDG_RUNTIME_DIR,CROSSWARP_DEBUG,VK_DRIVER_FILES,VK_ICD_FILENAMES,VK_LOADER_DRIVERS_DISABLE \
 *   --allow-sys=systemMemoryInfo,uid jsr:@crosswarp/crosswarp/cli
 * crosswarp register --help
 * ```
 *
 * In a clone, `deno run -q -P=cli cli.ts` has the same permissions. The module needs no `--preload`. It exports nothing.
 *
 * @module
 */

import "./tasks/_environment.ts";
import { callCommand } from "./tasks/_cli.ts";
import { runProcess } from "./tasks/_run_task.ts";

if (import.meta.main) await runProcess((signal) => callCommand(Deno.args, signal));
