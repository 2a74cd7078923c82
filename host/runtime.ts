/**
 * The JavaScript runtime that runs this code: Deno, Node, Bun or a browser. This is the one file of the library that
 * looks for one of them; no module imports a module of Node, because a browser has none.
 *
 * @module
 */

/** A JavaScript runtime; a browser is every runtime that is none of the others. */
export type Runtime = "deno" | "node" | "bun" | "browser";

/** The modules of Node that the library uses. Deno and Bun have them, too. */
interface NodeModules {
  readonly "node:fs/promises": typeof import("node:fs/promises");
  readonly "node:stream": typeof import("node:stream");
  readonly "node:timers": typeof import("node:timers");
  readonly "node:zlib": typeof import("node:zlib");
}

/** The part of `globalThis` that tells the runtimes apart. */
interface Scope {
  readonly process?: {
    readonly versions?: Readonly<Record<string, string | undefined>> | undefined;
    getBuiltinModule?(name: string): unknown;
  } | undefined;
}

/** The runtime of this process or page. */
export const RUNTIME: Runtime = runtimeOf(globalThis as Scope);

/** The runtime that has these global variables. */
export function runtimeOf({ process }: Scope): Runtime {
  const versions = process?.versions;
  if (process?.getBuiltinModule === undefined || versions === undefined) return "browser";
  if (versions.deno !== undefined) return "deno";
  return versions.bun !== undefined ? "bun" : "node";
}

/**
 * A module of Node; undefined in a browser. Unlike an import, the call loads everywhere, and a bundler does not follow
 * it.
 */
export function nodeModule<Name extends keyof NodeModules>(
  name: Name,
): NodeModules[Name] | undefined {
  return (globalThis as Scope).process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** The names of the runtimes for readers. */
const NAMES: Readonly<Record<Runtime, string>> = {
  deno: "Deno",
  node: "Node",
  bun: "Bun",
  browser: "a browser",
};

/** The version of the runtime; undefined in a browser. */
export function runtimeVersion(): string | undefined {
  return (globalThis as Scope).process?.versions?.[RUNTIME];
}

/** The name of the runtime with its version, such as "Node 24.1.0"; a browser has no version here. */
export function runtimeText(): string {
  const version = runtimeVersion();
  return version === undefined ? NAMES[RUNTIME] : `${NAMES[RUNTIME]} ${version}`;
}
