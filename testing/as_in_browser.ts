/** Runs code as a browser does: without the modules of Node. */

/** Calls `body` while `globalThis.process`, which gives the modules of Node, is hidden. */
export async function asInBrowser(body: () => Promise<void>): Promise<void> {
  const scope = globalThis as { process?: unknown };
  const descriptor = Object.getOwnPropertyDescriptor(scope, "process")!;
  Object.defineProperty(scope, "process", { value: undefined, configurable: true });
  try {
    await body();
  } finally {
    Object.defineProperty(scope, "process", descriptor);
  }
}
