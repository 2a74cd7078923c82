import { assertEquals, assertRejects } from "@std/assert";
import { writeManifest } from "../cohort/manifest.ts";
import { CaseListError, readCaseList } from "./case_list.ts";

/** The cases of a CSV file with this text, with the folder's name cut off their paths. */
async function casesOf(text: string | Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>[]> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(
      `${folder}/pairs.csv`,
      new Uint8Array(await new Blob([text]).arrayBuffer()),
    );
    const cases = await readCaseList(`${folder}/pairs.csv`);
    return cases.map((one) =>
      Object.fromEntries(
        Object.entries(one).map((
          [name, value],
        ) => [name, String(value).replace(`${folder}/`, "")]),
      )
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readCaseList() reads a CSV file with any separator, order and spelling of the columns", async () => {
  assertEquals(await casesOf("case,fixed,moving\na,mr.nii,ct.nii\n"), [
    { id: "a", fixed: "mr.nii", moving: "ct.nii" },
  ]);
  const text =
    "\uFEFFMoving Labels;case;fixed;moving;fixed-mask;movingSeries;fixed_points;movingPoints\r\n" +
    '# a comment\r\n"l;1.nii";"Müller 2";/data/mr.nii;ct;;2;p#1.csv;q.csv\r\n\r\n;b;mr;ct;;;;\r\n;;;;;;;\r\n';
  assertEquals(await casesOf(text), [
    {
      id: "Müller 2",
      fixed: "/data/mr.nii",
      moving: "ct",
      movingLabels: "l;1.nii",
      movingSeries: "2",
      fixedPoints: "p#1.csv",
      movingPoints: "q.csv",
    },
    { id: "b", fixed: "mr", moving: "ct" },
  ]);
});

Deno.test("readCaseList() names what is wrong with a CSV file", async () => {
  const cases = [
    ["", "no column case"],
    ["case,fixed\na,b\n", "no column moving"],
    ["case,fixed,moving\n", "names no cases"],
    ["case,fixed,moving,colour\n", 'unknown column "colour"'],
    ["case,fixed,moving,Fixed\na,b,c,d\n", "column fixed twice"],
    ["case,fixed,moving\na,b\n", "case 1 has no moving"],
    ["case,fixed,moving\na,b,c,d\n", "case 1 has 4 cells, and there are 3 columns"],
    ["case,fixed,moving\na,b,c\n../a,b,c\n", 'case 2: its name "../a" must begin'],
    ["case,fixed,moving\na,b,c\nA,b,c\n", "a and A are the same"],
    ['case,fixed,moving\na,"b,c\n', "is no CSV file"],
    ["case,fixed,moving\ne\u0301,b,c\n\u00e9,b,c\n", "are the same"],
    ["case,fixed,moving\nCases.csv,b,c\n", "no case can have the name Cases.csv"],
    ["case,fixed,moving,moving_points\na,b,c,d\n", "has moving_points and no fixed_points"],
    // Latin-1 and UTF-16.
    [Uint8Array.of(0x63, 0xfc), "no text in UTF-8"],
    [Uint8Array.of(0x63, 0, 0x61, 0), "no text in UTF-8"],
  ] as const;
  for (const [text, words] of cases) {
    await assertRejects(() => casesOf(text), CaseListError, words);
  }
});

Deno.test("readCaseList() takes the pairs of a manifest, with the MR as the fixed image", async () => {
  const folder = await Deno.makeTempDir();
  for (const name of ["ct", "mr", "liver", "lung"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "");
  }
  const path = `${folder}/cohort.json`;
  const alone = { id: "b", kind: "ct", images: { ct: "ct" }, labels: {} } as const;
  const pair = {
    id: "a",
    kind: "paired",
    images: { ct: "ct", mr: "mr" },
    labels: { ct: { "58": "liver", "1302": "lung" } },
    trust: "qform",
  } as const;
  const manifest = { format: "crosswarp-cohort", version: 1, profile: "mine" } as const;
  await writeManifest(path, { ...manifest, subjects: [alone, pair] });
  assertEquals(await readCaseList(path), [{
    id: "a",
    fixed: `${folder}/mr`,
    moving: `${folder}/ct`,
    fixedLabels: undefined,
    movingLabels: { "58": `${folder}/liver`, "1302": `${folder}/lung` },
    trust: "qform",
  }]);
  await writeManifest(path, { ...manifest, subjects: [alone] });
  await assertRejects(() => readCaseList(path), CaseListError, "no subject with both");
  await Deno.remove(folder, { recursive: true });
});
