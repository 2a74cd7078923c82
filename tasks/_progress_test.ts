import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatDuration, Progress } from "./_progress.ts";

function recorded(isTerminal: boolean, stages?: number) {
  const clock = { milliseconds: 0 };
  const written: string[] = [];
  const progress = new Progress({
    isTerminal,
    columns: 60,
    now: () => clock.milliseconds,
    write: (text) => written.push(text),
    stages,
  });
  return { clock, progress, text: () => written.join(""), written };
}

Deno.test("Progress writes plain lines, few of them, when it is not a terminal", () => {
  const { clock, progress, text } = recorded(false, 2);
  progress.stage("Reading");
  clock.milliseconds += 1500;
  progress.stage("Searching", 100, "iterations");
  for (let i = 1; i <= 25; i++) {
    clock.milliseconds += 1000;
    progress.update(i, "level 1 of 3");
  }
  progress.end();
  assertEquals(
    text(),
    "[1/2] Reading\n[1/2] Reading: done in 1.5 s\n[2/2] Searching\n" +
      "[2/2] Searching, level 1 of 3  10/100 iterations  1.0/s  1:30 min left\n" +
      "[2/2] Searching, level 1 of 3  20/100 iterations  1.0/s  1:20 min left\n" +
      "[2/2] Searching: done in 25 s\n",
  );
});

Deno.test("Progress redraws one line on a terminal and clears it", () => {
  const { clock, progress, text, written } = recorded(true);
  progress.stage("Searching", 10);
  clock.milliseconds += 50;
  progress.update(1);
  assertEquals(written.length, 1, "too soon to draw again");
  clock.milliseconds += 950;
  progress.update(5);
  assertStringIncludes(text(), "\r\x1b[2KSearching  5/10 steps  5.0/s  1.0 s left");
  progress.log("a line");
  assertStringIncludes(text(), "\r\x1b[2Ka line\n");
  progress[Symbol.dispose]();
  assertEquals(text().endsWith("\r\x1b[2K"), true);
  assertEquals(text().includes("done"), false, "it was not said to have ended well");
});

Deno.test("Progress never draws a line longer than the terminal", () => {
  const { progress, written } = recorded(true);
  progress.stage("x".repeat(200));
  assertEquals(written[0], "\r\x1b[2K" + "x".repeat(59));
});

Deno.test("formatDuration() chooses its unit", () => {
  assertEquals(
    [0, 0.44, 9.94, 9.96, 59.4, 59.6, 3599, 3723].map(formatDuration),
    ["0.0 s", "0.4 s", "9.9 s", "10 s", "59 s", "1:00 min", "59:59 min", "1:02:03 h"],
  );
});
