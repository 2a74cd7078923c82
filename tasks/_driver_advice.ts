/**
 * Advice on the installation of a Vulkan driver on this machine.
 *
 * @module
 */

/** The properties of a machine that the advice depends on. */
export interface Machine {
  /** `Deno.build.os`. */
  readonly os: string;
  /** The text of /etc/os-release, empty when there is none. */
  readonly osRelease: string;
  /** True if the process may install packages. */
  readonly isRoot: boolean;
}

/** Commands to run now, or a text for the user. */
export type DriverAdvice =
  | { readonly kind: "install"; readonly commands: readonly (readonly string[])[] }
  | { readonly kind: "message"; readonly text: string };

const APT_PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];

/** Per family of distributions: the command that installs Mesa's software Vulkan driver. */
const COMMANDS: readonly (readonly [family: readonly string[], command: string])[] = [
  [["fedora", "rhel", "centos"], "dnf install mesa-vulkan-drivers vulkan-loader"],
  [["arch"], "pacman -S vulkan-swrast vulkan-icd-loader"],
  [["suse", "opensuse"], "zypper install libvulkan_lvp libvulkan1"],
  [["alpine"], "apk add mesa-vulkan-swrast vulkan-loader"],
];

/** The installation of a Vulkan driver: commands to run as root on Debian and Ubuntu, a message elsewhere. */
export function driverAdvice(machine: Machine): DriverAdvice {
  if (machine.os === "darwin") {
    return {
      kind: "message",
      text:
        "On macOS the GPU is used through Metal, which comes with the system; a virtual machine " +
        "without a GPU has none. Run on the Mac itself.",
    };
  }
  if (machine.os === "windows") {
    return {
      kind: "message",
      text:
        "On Windows the GPU is used through Direct3D 12 or Vulkan. Install your GPU maker's current driver.",
    };
  }
  const families = distributionFamilies(machine.osRelease);
  if (families.includes("debian") || families.includes("ubuntu")) {
    const install = ["apt-get", "install", "-y", "--no-install-recommends", ...APT_PACKAGES];
    if (machine.isRoot) return { kind: "install", commands: [["apt-get", "update"], install] };
    return commandMessage(`sudo apt-get update && sudo ${install.join(" ")}`);
  }
  for (const [family, command] of COMMANDS) {
    if (family.some((name) => families.includes(name))) {
      return commandMessage(machine.isRoot ? command : `sudo ${command}`);
    }
  }
  return {
    kind: "message",
    text:
      "Install the Vulkan loader (libvulkan) and a Vulkan driver: your GPU maker's, or Mesa's " +
      'software one ("lavapipe").',
  };
}

function commandMessage(command: string): DriverAdvice {
  return { kind: "message", text: commandText(command) };
}

function commandText(command: string): string {
  return "If this machine has a GPU, install its maker's Vulkan driver. Otherwise this installs Mesa's " +
    `software one:\n\n    ${command}\n`;
}

/** The advice for a user who installs the driver. */
export function adviceText(advice: DriverAdvice): string {
  if (advice.kind === "message") return advice.text.trim();
  return commandText(advice.commands.map((words) => words.join(" ")).join(" && ")).trim();
}

/** ID and ID_LIKE of os-release, in lower case; `opensuse-leap` also counts as `opensuse`. */
export function distributionFamilies(osRelease: string): string[] {
  const families: string[] = [];
  for (const line of osRelease.split("\n")) {
    const match = /^\s*(?:ID|ID_LIKE)=(.*)$/.exec(line);
    if (match === null) continue;
    for (const name of match[1].replace(/["']/g, "").toLowerCase().split(/\s+/)) {
      if (name !== "") families.push(name, name.split("-")[0]);
    }
  }
  return [...new Set(families)];
}

/** Reads the properties of this machine for {@link driverAdvice}. */
export function readMachine(): Machine {
  const { os } = Deno.build;
  let osRelease = "";
  if (os === "linux") {
    for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
      try {
        osRelease = Deno.readTextFileSync(path);
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return { os, osRelease, isRoot: os !== "windows" && Deno.uid() === 0 };
}

/** Variables that are set and hide drivers from the Vulkan loader, as `NAME=value`. */
export function hidingVariables(): string[] {
  const names = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_LOADER_DRIVERS_DISABLE"];
  return names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value ? [`${name}=${value}`] : [];
  });
}
