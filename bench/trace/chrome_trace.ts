/**
 * A trace of a command as a file for Perfetto and chrome://tracing, and as tables.
 *
 * @module
 */

import type { TimedWork } from "../../host/timeline.ts";
import type { RawTrace } from "./traced_command.ts";

/** A trace of a command and the times at which another process started it and saw its end. */
export interface CommandTrace {
  /** The times that the command measured, in ms since the begin of its runtime. */
  readonly raw: RawTrace;
  /** The start of the process, ms since 1970. */
  readonly spawned: number;
  /** The end of the process, ms since 1970. */
  readonly exited: number;
}

/** An event of the format of Chrome's traces; times in microseconds. */
export interface ChromeEvent {
  /** The name of the event or of the kind of metadata. */
  readonly name: string;
  /** "X" is an event with a duration, "M" is metadata. */
  readonly ph: "X" | "M";
  /** The kind of work. */
  readonly cat?: string | undefined;
  /** The begin. */
  readonly ts?: number | undefined;
  /** The duration. */
  readonly dur?: number | undefined;
  /** The process: 1 is the host, 2 the GPU. */
  readonly pid: number;
  /** The row in the process. */
  readonly tid: number;
  /** More values. */
  readonly args?: Readonly<Record<string, string | number>> | undefined;
}

/** Work that is not inside other work, with its parts. */
export interface Phase extends TimedWork {
  /** Work inside it. */
  readonly parts: readonly TimedWork[];
}

/** Rows of the host. Work that overlaps without being nested gets rows of its own from `work` on. */
const ROWS = { compile: 1, upload: 2, submit: 3, wait: 4, work: 5 } as const;

/** Rounding of times that began or ended together, ms. */
const ROUNDING = 1e-3;

function isInside(inner: TimedWork, outer: TimedWork): boolean {
  return inner.start >= outer.start - ROUNDING && inner.end <= outer.end + ROUNDING;
}

/** All work of a command, with the start and the end of its process: in the order of the starts, outer work first. */
export function allWork({ raw, spawned, exited }: CommandTrace): TimedWork[] {
  const { origin, began, ended, left, work } = raw;
  return [
    { name: "start of the runtime", start: spawned - origin, end: began },
    ...work,
    { name: "reading and writing the trace", start: ended, end: left },
    { name: "exit", start: left, end: exited - origin },
  ].sort((a, b) => a.start - b.start || b.end - a.end);
}

/**
 * The work that is not inside other work, and the times between them as "other": together from the start of the process
 * to its end.
 */
export function phasesOf(trace: CommandTrace): Phase[] {
  const work = allWork(trace);
  const phases: Phase[] = [];
  let at = trace.spawned - trace.raw.origin;
  const fill = (to: number) => {
    if (to > at + ROUNDING) phases.push({ name: "other", start: at, end: to, parts: [] });
  };
  for (const one of work) {
    const last = phases.at(-1);
    if (last !== undefined && last.name !== "other" && isInside(one, last)) {
      (last.parts as TimedWork[]).push(one);
      continue;
    }
    // The part before it belongs to work that it overlaps.
    const start = Math.max(one.start, at);
    if (one.end <= start) continue;
    fill(start);
    phases.push({ ...one, start, parts: [] });
    at = one.end;
  }
  fill(trace.exited - trace.raw.origin);
  return phases;
}

/** The trace as events. */
export function chromeEvents(trace: CommandTrace): ChromeEvent[] {
  const { raw, spawned } = trace;
  const zero = spawned - raw.origin;
  const event = (
    cat: string,
    pid: number,
    tid: number,
    { name, start, end }: TimedWork,
    bytes?: number,
  ): ChromeEvent => ({
    name,
    ph: "X",
    cat,
    ts: 1000 * (start - zero),
    dur: 1000 * Math.max(0, end - start),
    pid,
    tid,
    args: bytes === undefined ? undefined : { bytes },
  });
  const events: ChromeEvent[] = [];
  const rows = new Map<string, readonly [pid: number, tid: number]>();
  const lanes: TimedWork[][] = [];
  for (const work of allWork(trace)) {
    const lane = laneOf(lanes, work);
    rows.set(`work ${lane + 1}`, [1, ROWS.work + lane]);
    events.push(event("work", 1, ROWS.work + lane, work));
  }
  for (const work of raw.host) {
    const { kind, bytes } = work;
    rows.set(kind, [1, ROWS[kind]]);
    events.push(event(kind, 1, ROWS[kind], work, bytes));
  }
  for (const dispatch of raw.dispatches ?? []) {
    rows.set("dispatches", [2, 1]);
    events.push(event("dispatch", 2, 1, dispatch));
  }
  const names = (pid: number, name: string): ChromeEvent => ({
    name: "process_name",
    ph: "M",
    pid,
    tid: 0,
    args: { name },
  });
  return [
    names(1, "host"),
    names(2, "GPU"),
    ...[...rows].map(([name, [pid, tid]]): ChromeEvent => ({
      name: "thread_name",
      ph: "M",
      pid,
      tid,
      args: { name },
    })),
    ...events,
  ];
}

/** The first lane in which work is nested or alone; the work is added to it. */
function laneOf(lanes: TimedWork[][], work: TimedWork): number {
  for (const [i, lane] of lanes.entries()) {
    while (lane.length > 0 && lane.at(-1)!.end <= work.start + ROUNDING) lane.pop();
    if (lane.length > 0 && !isInside(work, lane.at(-1)!)) continue;
    lane.push(work);
    return i;
  }
  lanes.push([work]);
  return lanes.length - 1;
}

/** Equal work together. */
interface Item {
  readonly kind: string;
  readonly name: string;
  count: number;
  milliseconds: number;
}

/** Sums work of the same kind and name; the longest first. */
export function itemsOf({ raw }: CommandTrace): readonly Item[] {
  const items = new Map<string, Item>();
  const add = (kind: string, { name, start, end }: TimedWork) => {
    const key = `${kind}\0${name}`;
    const item = items.get(key) ?? { kind, name, count: 0, milliseconds: 0 };
    items.set(key, item);
    item.count++;
    item.milliseconds += end - start;
  };
  for (const work of raw.host) add(work.kind, work);
  for (const dispatch of raw.dispatches ?? []) add("dispatch", dispatch);
  return [...items.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** The tables: seconds per phase with its parts, seconds per kind of work, and the longest items. */
export function traceTables(trace: CommandTrace, longest: number): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(3).padStart(8);
  const lines = ["seconds  phase"];
  let total = 0;
  for (const phase of phasesOf(trace)) {
    total += phase.end - phase.start;
    if (phase.name === "other" && phase.end - phase.start < 1) continue;
    lines.push(`${seconds(phase.end - phase.start)}  ${phase.name}`);
    for (const part of phase.parts) {
      lines.push(`${seconds(part.end - part.start)}    ${part.name}`);
    }
  }
  lines.push(`${seconds(total)}  in all`, "", "seconds  times  kind");
  const items = itemsOf(trace);
  const kinds = Map.groupBy(items, ({ kind }) => kind);
  const line = ({ name, count, milliseconds }: Omit<Item, "kind">) =>
    `${seconds(milliseconds)}${String(count).padStart(7)}  ${name}`;
  for (const [kind, own] of kinds) {
    const sum = (value: (item: Item) => number) => own.reduce((all, item) => all + value(item), 0);
    lines.push(
      line({ name: kind, count: sum((i) => i.count), milliseconds: sum((i) => i.milliseconds) }),
    );
  }
  lines.push("", "seconds  times  the longest items");
  for (const { kind, name, ...rest } of items.slice(0, longest)) {
    lines.push(line({ name: `${kind}: ${name}`, ...rest }));
  }
  return lines.join("\n");
}
