import { assertEquals, assertNotEquals } from "@std/assert";
import { subjectKeyOf } from "./subject_contents.ts";

Deno.test("subjectKeyOf() depends on contents and on which label a mask is of, not on places", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  const [ct, same, mask, other] = [
    await write("ct", "image"),
    await write("ct again", "image"),
    await write("a", "mask"),
    await write("b", "other mask"),
  ];
  const key = (image: string, labels: Record<string, string>) =>
    subjectKeyOf({ kind: "ct", images: { ct: image }, labels: { ct: labels } });
  const first = await key(ct, { "58": mask, "86": other });
  assertEquals(await key(same, { "86": other, "58": mask }), first);
  assertNotEquals(await key(ct, { "58": mask, "187": other }), first);
  assertNotEquals(await key(other, { "58": mask, "86": other }), first);
  // The trusted matrix changes the images, and its absence changes no key of an earlier version.
  const subject = { kind: "ct", images: { ct }, labels: {} } as const;
  const plain = await subjectKeyOf(subject);
  assertEquals(await subjectKeyOf({ ...subject, trust: undefined }), plain);
  assertNotEquals(await subjectKeyOf({ ...subject, trust: "qform" }), plain);
  await Deno.remove(folder, { recursive: true });
});
