/**
 * A disk of a few kilobytes in memory, for tests of full and of read-only disks.
 *
 * @module
 */

/** A mounted disk. */
export interface SmallDisk {
  /** The folder at which it is mounted. */
  readonly folder: string;
  /** Fills the disk up to so many free bytes, by a file with the name `filler`. */
  fill(free: number): Promise<void>;
  /** Makes the disk read-only, or writable again. */
  setReadOnly(isReadOnly: boolean): Promise<void>;
  /** Unmounts the disk, and removes its folder. */
  remove(): Promise<void>;
}

/**
 * Mounts a disk of so many bytes.
 *
 * @returns Undefined where it cannot be mounted: not on Linux, not as root, or in a container without the right.
 */
export async function smallDisk(bytes: number): Promise<SmallDisk | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const folder = await Deno.makeTempDir({ prefix: "crosswarp_disk_" });
  if (!await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder)) {
    await Deno.remove(folder);
    return undefined;
  }
  return {
    folder,
    async fill(free) {
      const file = `${folder}/filler`;
      await Deno.remove(file).catch(() => {});
      using filler = await Deno.open(file, { write: true, createNew: true });
      const page = new Uint8Array(4096);
      let written = 0;
      try {
        for (;;) written += await filler.write(page);
      } catch {
        await filler.truncate(Math.max(0, written - free));
      }
    },
    async setReadOnly(isReadOnly) {
      await run("mount", "-o", `remount,${isReadOnly ? "ro" : "rw"}`, folder);
    },
    async remove() {
      await run("umount", folder);
      await Deno.remove(folder);
    },
  };
}

async function run(program: string, ...args: string[]): Promise<boolean> {
  try {
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false; // the program is missing
  }
}
