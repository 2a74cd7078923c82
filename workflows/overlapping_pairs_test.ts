import { assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { inOtherShapes, overlappingPairs } from "./overlapping_pairs.ts";
import { pairedPlaces, type TrainingPair } from "./registered_pairs.ts";

const grid = Grid.axisAligned([4, 4, 4], [1, 1, 1]);

/** A pair whose images show tissue in a share of the voxels, or nothing. */
function pair(name: string, onMr: boolean, onCt: boolean): TrainingPair {
  const image = (isThere: boolean) => new Float32Array(grid.voxels).fill(isThere ? 0.5 : -1);
  const both = (isThere: boolean) => ({ name, grid, ct: image(isThere), mr: image(isThere) });
  return { name, onMr: both(onMr), onCt: both(onCt) };
}

const options = { plane: "coronal", crop: 4, channels: 1 } as const;

Deno.test("overlappingPairs() names what it leaves out, and the training does not show it either", () => {
  const pairs = [pair("a_c", true, true), pair("b_d", false, true), pair("e_f", false, false)];
  const notices: string[] = [];
  const kept = overlappingPairs(pairs, { ...options, onNotice: (text) => notices.push(text) });
  assertEquals(kept, [pairs[0].onMr, pairs[0].onCt, pairs[1].onCt]);
  assertEquals(notices.length, 1);
  assertEquals(notices[0].includes("are left out: b_d, e_f."), true);
  // A CT in the shape of an MR's subject lies on the grid of the MR.
  assertEquals(inOtherShapes(pairs, kept, "ct").map(({ name }) => name), ["a_c"]);
  assertEquals(inOtherShapes(pairs, kept, "mr").map(({ name }) => name), ["a_c", "b_d"]);
  assertEquals(inOtherShapes(pairs, kept, "ct")[0].data, pairs[0].onMr.ct);
  assertEquals(inOtherShapes(pairs, kept, "mr")[1].data, pairs[1].onCt.mr);
});

Deno.test("overlappingPairs() keeps all pairs if none overlaps", () => {
  const pairs = [pair("a_b", false, false)];
  const notices: string[] = [];
  const kept = overlappingPairs(pairs, { ...options, onNotice: (text) => notices.push(text) });
  assertEquals([kept.length, notices], [2, []]);
});

Deno.test("pairedPlaces() pairs no CT with the MR at its own place, and no pair twice", () => {
  // As many of both: a distance of five places.
  assertEquals(pairedPlaces(7, 7).map(([, mr]) => mr), [5, 6, 0, 1, 2, 3, 4]);
  // Five places later is the same place among five.
  assertEquals(pairedPlaces(5, 5).map(([, mr]) => mr), [1, 2, 3, 4, 0]);
  // The third pair would be of the first CT and the first MR, the fourth of the second ones.
  assertEquals(pairedPlaces(2, 7), [[0, 5], [1, 6], [0, 1], [1, 2], [0, 2], [1, 3], [0, 4]]);
  for (let cts = 1; cts < 12; cts++) {
    for (let mrs = 1; mrs < 12; mrs++) {
      const places = pairedPlaces(cts, mrs);
      assertEquals(new Set(places.map(String)).size, places.length);
      if (mrs > 1) assertEquals(places.filter(([ct, mr]) => ct === mr), []);
      assertEquals(new Set(places.map(([ct]) => ct)).size, cts);
    }
  }
  // The only MR has no other place.
  assertEquals(pairedPlaces(1, 1), [[0, 0]]);
});
