/**
 * The progress of long work: one line that is redrawn on a terminal, plain lines elsewhere.
 *
 * @module
 */

/** Options of {@link Progress}. */
export interface ProgressOptions {
  /** Total number of stages, shown as `[2/5]`; not shown when absent. */
  readonly stages?: number | undefined;
  /** True if the output is a terminal. Default: true if standard error is one. */
  readonly isTerminal?: boolean | undefined;
  /** Writes the text. Default: to standard error. */
  readonly write?: ((text: string) => void) | undefined;
  /** The clock, in milliseconds. Default `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Width of the terminal in characters. Default: read from the terminal. */
  readonly columns?: number | undefined;
}

const REDRAW_MILLISECONDS = 100;
const PLAIN_LINE_MILLISECONDS = 10_000;
const CLEAR_LINE = "\r\x1b[2K";

/**
 * The progress of a task. It writes to standard error, so that results on standard output stay clean.
 *
 * @example Usage
 * ```ts
 * import { Progress } from "./_progress.ts";
 *
 * using progress = new Progress({ stages: 2 });
 * progress.stage("Reading");
 * progress.stage("Counting", 3, "numbers");
 * for (let i = 1; i <= 3; i++) progress.update(i);
 * progress.end();
 * ```
 */
export class Progress implements Disposable {
  #options: ProgressOptions;
  #write: (text: string) => void;
  #now: () => number;
  #isTerminal: boolean;
  #stage: { name: string; total: number; unit: string; start: number } | undefined;
  #count = 0;
  #done = 0;
  #note = "";
  #leftInAll: number | undefined;
  #drawnAt = -Infinity;
  #isDrawn = false;

  /** Creates a progress display without a stage. */
  constructor(options: ProgressOptions = {}) {
    this.#options = options;
    this.#isTerminal = options.isTerminal ?? Deno.stderr.isTerminal();
    this.#write = options.write ??
      ((text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)));
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Ends the stage before and begins another.
   *
   * @param name - Name of the stage.
   * @param total - Total number of steps; 0 when unknown.
   * @param unit - Name of the steps, in the plural.
   */
  stage(name: string, total = 0, unit = "steps"): void {
    this.end();
    this.#count++;
    this.#stage = { name, total, unit, start: this.#now() };
    this.#done = 0;
    this.#note = "";
    this.#leftInAll = undefined;
    this.#drawnAt = this.#isTerminal ? -Infinity : this.#now();
    if (this.#isTerminal) this.#draw();
    else this.#write(`${this.#title()}\n`);
  }

  /**
   * Sets the number of finished steps of the stage.
   *
   * @param done - Number of finished steps of the stage.
   * @param note - A note on the current work, such as `level 2 of 4`.
   * @param total - Total number of steps, if it differs from the one of the stage's beginning.
   * @param leftInAll - Seconds left for all stages, shown instead of the seconds left for the stage.
   */
  update(
    done: number,
    note = "",
    total: number = this.#stage?.total ?? 0,
    leftInAll?: number,
  ): void {
    if (this.#stage === undefined) return;
    this.#leftInAll = leftInAll;
    this.#stage.total = total;
    this.#done = done;
    this.#note = note;
    const wait = this.#isTerminal ? REDRAW_MILLISECONDS : PLAIN_LINE_MILLISECONDS;
    if (this.#now() - this.#drawnAt >= wait) this.#draw();
  }

  /** Writes a line that stays, without disturbing the progress line. */
  log(line: string): void {
    this.#clear();
    this.#write(`${line}\n`);
    if (this.#isTerminal && this.#stage !== undefined) this.#draw();
  }

  /** Ends the stage and writes its duration. */
  end(): void {
    if (this.#stage === undefined) return;
    this.#clear();
    const seconds = (this.#now() - this.#stage.start) / 1000;
    this.#write(`${this.#title()}: done in ${formatDuration(seconds)}\n`);
    this.#stage = undefined;
  }

  /** Clears the line. It does not report the stage as finished. */
  [Symbol.dispose](): void {
    this.#clear();
    this.#stage = undefined;
  }

  #title(): string {
    const { stages } = this.#options;
    return (stages === undefined ? "" : `[${this.#count}/${stages}] `) + this.#stage!.name;
  }

  #draw(): void {
    this.#drawnAt = this.#now();
    const line = this.#line();
    if (!this.#isTerminal) {
      this.#write(`${line}\n`);
      return;
    }
    const columns = this.#options.columns ?? terminalColumns();
    this.#write(CLEAR_LINE + (line.length < columns ? line : line.slice(0, columns - 1)));
    this.#isDrawn = true;
  }

  #line(): string {
    const { total, unit, start } = this.#stage!;
    const parts = [this.#note === "" ? this.#title() : `${this.#title()}, ${this.#note}`];
    if (this.#done > 0) {
      const seconds = (this.#now() - start) / 1000;
      parts.push(total > 0 ? `${this.#done}/${total} ${unit}` : `${this.#done} ${unit}`);
      if (seconds > 0) parts.push(formatRate(this.#done / seconds));
      if (total > this.#done && seconds > 0 && this.#leftInAll === undefined) {
        parts.push(`${formatDuration((total - this.#done) * seconds / this.#done)} left`);
      }
    }
    if (this.#leftInAll !== undefined) parts.push(`${formatDuration(this.#leftInAll)} left in all`);
    return parts.join("  ");
  }

  #clear(): void {
    if (this.#isDrawn) this.#write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}

/** Seconds as `0.4 s`, `12 s`, `3:05 min` or `1:02:03 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)} h`
    : `${minutes}:${two(whole % 60)} min`;
}

/** Steps per second, or per minute if they are slow. */
function formatRate(perSecond: number): string {
  if (perSecond >= 0.5) return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
  return `${(60 * perSecond).toFixed(1)}/min`;
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80; // standard error is a terminal, but standard output is not
  }
}
