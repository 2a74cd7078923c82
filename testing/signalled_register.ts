/**
 * `register` that sends itself a signal when it prints a text: `SIGNAL TEXT ...args`. A test that reads the output and
 * sends the signal from outside may be too late on a busy machine.
 *
 * @module
 */

import { callTask, runProcess } from "../tasks/_run_task.ts";
import { main, TASK } from "../tasks/register.ts";

const [name, text, ...args] = Deno.args;
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
    Deno.kill(Deno.pid, name as Deno.Signal);
  }
  return written;
};
await runProcess((signal) => callTask(TASK, main, args, signal));
