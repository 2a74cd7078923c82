import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { adviceText, distributionFamilies, driverAdvice } from "./_driver_advice.ts";

const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nNAME="Debian"\nVERSION_ID="12"\nID=debian\n';
const mint = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n';
const leap = 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n';

function message(machine: Parameters<typeof driverAdvice>[0]): string {
  const advice = driverAdvice(machine);
  assert(advice.kind === "message", "must not install");
  return advice.text;
}

Deno.test("driverAdvice() installs on Debian and its like only as root", () => {
  for (const osRelease of [debian, mint, "ID=ubuntu\nID_LIKE=debian"]) {
    assertEquals(driverAdvice({ os: "linux", osRelease, isRoot: true }), {
      kind: "install",
      commands: [["apt-get", "update"], [
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        "mesa-vulkan-drivers",
        "libvulkan1",
      ]],
    });
    assertStringIncludes(
      message({ os: "linux", osRelease, isRoot: false }),
      "sudo apt-get update && sudo apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1",
    );
  }
});

Deno.test("driverAdvice() tells the distribution's own command elsewhere", () => {
  for (
    const [osRelease, command] of [
      ["ID=fedora", "sudo dnf install mesa-vulkan-drivers"],
      ['ID="rocky"\nID_LIKE="rhel centos fedora"', "sudo dnf install mesa-vulkan-drivers"],
      ["ID=arch", "sudo pacman -S vulkan-swrast"],
      [leap, "sudo zypper install libvulkan_lvp"],
      ["ID=alpine", "sudo apk add mesa-vulkan-swrast"],
      ["", "libvulkan"],
      ["ID=nixos", "libvulkan"],
    ]
  ) assertStringIncludes(message({ os: "linux", osRelease, isRoot: false }), command);
  assert(!message({ os: "linux", osRelease: "ID=fedora", isRoot: true }).includes("sudo"));
  assertStringIncludes(message({ os: "darwin", osRelease: "", isRoot: false }), "Metal");
  assertStringIncludes(message({ os: "windows", osRelease: "", isRoot: false }), "Direct3D 12");
});

Deno.test("distributionFamilies() reads quoted and bare names, and only ID and ID_LIKE", () => {
  assertEquals(distributionFamilies(debian), ["debian"]);
  assertEquals(distributionFamilies(mint), ["linuxmint", "ubuntu", "debian"]);
  assertEquals(distributionFamilies(leap), ["opensuse-leap", "opensuse", "suse"]);
  assertEquals(distributionFamilies("VERSION_ID=12\nVARIANT_ID=debian"), []);
});

Deno.test("adviceText() gives the commands that root would run", () => {
  const text = adviceText(driverAdvice({ os: "linux", osRelease: debian, isRoot: true }));
  assertStringIncludes(
    text,
    "\n    apt-get update && apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1",
  );
  const mac = driverAdvice({ os: "darwin", osRelease: "", isRoot: false });
  assertStringIncludes(adviceText(mac), "Metal");
});
