/**
 * `register` that sends itself a signal when it prints a text. A test that reads the output and sends the signal from
 * outside may be too late on a busy machine.
 *
 * @module
 */

import { callTask, runProcess } from "../tasks/_run_task.ts";
import { main, TASK } from "../tasks/register.ts";
import { spawnDeno } from "./run_task.ts";

/**
 * Starts `register`, which sends itself a signal as soon as it has printed a text.
 *
 * @param options - The signal, and the text on standard error that it follows.
 * @param args - The command line of the task.
 */
export function startRegister(
  options: { readonly signal: Deno.Signal; readonly after: string },
  ...args: string[]
): Deno.ChildProcess {
  const script = ["--preload=tasks/_environment.ts", "testing/signalled_register.ts"];
  return spawnDeno(["run", "-q", "-A", ...script, options.signal, options.after, ...args]);
}

/** Sends a signal to this process when a text has been written to standard error. */
function signalAfter(text: string, signal: Deno.Signal): void {
  const { stderr } = Deno;
  const write = stderr.writeSync;
  const decoder = new TextDecoder();
  let printed = "";
  let isSent = false;
  stderr.writeSync = (bytes) => {
    const written = write.call(stderr, bytes);
    printed += decoder.decode(bytes, { stream: true });
    if (!isSent && printed.includes(text)) {
      isSent = true;
      Deno.kill(Deno.pid, signal);
    }
    return written;
  };
}

if (import.meta.main) {
  const [signal, text, ...args] = Deno.args;
  signalAfter(text, signal as Deno.Signal);
  await runProcess((aborted) => callTask(TASK, main, args, aborted));
}
