import { assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "../../testing/in_folder.ts";
import {
  DatasetError,
  displacementsName,
  displacementsPath,
  exchanged,
  publicPairs,
  validationPairs,
} from "./dataset.ts";

const name = (patient: string, modality: number) => `AbdomenMRCT_${patient}_000${modality}.nii.gz`;

Deno.test("validationPairs() and displacementsName() follow Learn2Reg's names", () =>
  inFolder(async (folder) => {
    const pair = (patient: string) => ({
      fixed: `./imagesTr/${name(patient, 0)}`,
      moving: `./imagesTr/${name(patient, 1)}`,
    });
    const path = `${folder}/AbdomenMRCT_dataset.json`;
    const json = { name: "AbdomenMRCT", "registration_val": [pair("0006"), pair("0007")] };
    await Deno.writeTextFile(path, JSON.stringify(json));
    const pairs = await validationPairs(folder);
    assertEquals(pairs.length, 2);
    assertEquals(pairs[0].fixed, {
      patient: "0006",
      modality: "0000",
      image: `${folder}/imagesTr/${name("0006", 0)}`,
      labels: `${folder}/labelsTr/${name("0006", 0)}`,
      mask: `${folder}/masksTr/${name("0006", 0)}`,
    });
    assertEquals(pairs[1].moving.image, `${folder}/imagesTr/${name("0007", 1)}`);
    assertEquals(displacementsName(pairs[0]), "disp_0006_0006");
    assertEquals(displacementsName(exchanged(pairs[0])), "disp_0006_0001_0006_0000");
    await assertRejects(
      () => displacementsPath(folder, pairs[0]),
      DatasetError,
      "holds no disp_0006_0006.nii.gz. Give the folder",
    );
    await Deno.writeTextFile(`${folder}/disp_0006_0006.npz`, "");
    await assertRejects(
      () => displacementsPath(folder, pairs[0]),
      DatasetError,
      ".npz file as .nii.gz",
    );
    for (const found of ["disp_0006_0000_0006_0001.nii.gz", "disp_0006_0006.nii.gz"]) {
      await Deno.writeTextFile(`${folder}/${found}`, "");
      assertEquals(await displacementsPath(folder, pairs[0]), `${folder}/${found}`);
    }
    const refused = async (text: string, message: string) => {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => validationPairs(folder), DatasetError, message);
    };
    await refused("{", "AbdomenMRCT_dataset.json cannot be read");
    await refused("{}", "names no validation pairs");
    await refused(
      '{"registration_val": [{"fixed": "a.nii.gz"}]}',
      "has no image path at registration_val[0].fixed",
    );
    await Deno.remove(path);
    await assertRejects(() => validationPairs(folder), DatasetError, "holds no NAME_dataset.json");
  }));

Deno.test("publicPairs() takes the patients with both images and both labels", () =>
  inFolder(async (folder) => {
    for (const sort of ["images", "labels"]) await Deno.mkdir(`${folder}/${sort}Tr`);
    const write = (sort: string, file: string) =>
      Deno.writeTextFile(`${folder}/${sort}Tr/${file}`, "");
    await assertRejects(() => publicPairs(folder), DatasetError, "holds no patient");
    for (const modality of [0, 1]) {
      for (const patient of ["0002", "0001"]) {
        await write("images", name(patient, modality));
        await write("labels", name(patient, modality));
      }
      await write("images", name("0003", modality));
    }
    await write("images", name("0004", 0));
    await write("labels", name("0004", 0));
    const pairs = await publicPairs(folder);
    assertEquals(pairs.map(displacementsName), ["disp_0001_0001", "disp_0002_0002"]);
  }));
