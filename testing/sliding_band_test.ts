import { assertEquals } from "@std/assert";
import { Grid } from "../volume/mod.ts";
import { scorePair } from "./score_pair.ts";
import { slidingBand } from "./sliding_band.ts";

// Ten voxels of 4 mm along x, three along y and z; the last four along x move by 10 mm along z.
const grid = Grid.axisAligned([10, 3, 3], [4, 4, 4]);
const zero = new Float32Array(grid.voxels);
const uz = Float32Array.from(zero, (_, i) => i % 10 >= 6 ? 10 : 0);
const truth = { grid, components: [zero, zero, uz] as const };
const body = { grid, data: new Int32Array(grid.voxels).fill(1) };

Deno.test("slidingBand() has the voxels within a distance of a jump, on both sides", () => {
  // The jump is between x = 5 and 6. 9 mm reach two voxels further on each side: x = 3 to 8.
  const band = slidingBand({ truth, body, reach: 9 });
  assertEquals([...band!.data.slice(0, 10)], [0, 0, 0, 1, 1, 1, 1, 1, 1, 0]);
  assertEquals([...band!.data.slice(80, 90)], [0, 0, 0, 1, 1, 1, 1, 1, 1, 0]);
});

Deno.test("slidingBand() finds nothing in a smooth field, and no jump beside the body", () => {
  assertEquals(slidingBand({ truth, body, jump: 11 }), undefined);
  const inner = { grid, data: body.data.map((_, i) => i % 10 <= 5 ? 1 : 0) };
  assertEquals(slidingBand({ truth, body: inner }), undefined);
});

Deno.test("scorePair() has the errors where organs slide and in the rest of the body", () => {
  // A field of 5 mm along z: an error of 5 mm everywhere; without it 0 apart from the four moving voxels.
  const pair = {
    fixedLabels: body,
    movingLabels: body,
    truth,
    body,
    sliding: slidingBand({ truth, body, reach: 9 }),
    structures: { body: 1 },
  };
  const five = zero.map(() => 5);
  const middle = scorePair({ pair, field: { grid, components: [zero, zero, five] } });
  assertEquals([middle.treSliding, middle.treApart], [5, 5]);
  const none = scorePair({ pair, field: { grid, components: [zero, zero, zero] } });
  // Three of the six voxels of the band, and one of the four others, move by 10 mm.
  assertEquals([none.treSliding, none.treApart], [5, 2.5]);
  const smooth = scorePair({ pair: { ...pair, sliding: undefined }, field: truth });
  assertEquals([smooth.treSliding, smooth.treApart], [undefined, undefined]);
});
