import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { readManifest } from "../cohort/manifest.ts";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import { gpuTest } from "./gpu.ts";
import { PHANTOM_REGIONS, phantomPair } from "./phantom_pairs.ts";
import { scorePair } from "./score_pair.ts";

gpuTest(
  "phantomPair() has a truth that brings the labels together in every region",
  async (gpu) => {
    const out = await Deno.makeTempDir();
    try {
      const path = await writePhantomCohort({
        out,
        profile: "smoke",
        subjects: "paired",
        workers: 0,
      });
      const [subject] = (await readManifest(path)).subjects;
      const counts = { thorax: 5, abdomen: 6, trunk: 11 };
      for (const region of PHANTOM_REGIONS) {
        const pair = await phantomPair(gpu, subject, { region, spacing: 6 });
        assertEquals(Object.keys(pair.structures).length, counts[region]);
        assertEquals(pair.fixed.grid.spacing, [6, 6, 6]);
        assertEquals(pair.moving.grid.spacing, [6, 6, 6]);
        const score = scorePair({ pair, field: pair.truth });
        assertEquals(score.treMax, 0);
        const zero = new Float32Array(pair.truth.grid.voxels);
        const unregistered = scorePair({
          pair,
          field: { grid: pair.truth.grid, components: [zero, zero, zero] },
        });
        // 8 mm voxels of the smallest phantom.
        assertGreater(score.dice, 0.7);
        assertLess(unregistered.dice, score.dice - 0.1);
        assertLess(score.hd95, 14);
        assertGreater(unregistered.treMean, 5);
        // All that is measured lies in the body, and the body does not fill the image.
        const inBody = pair.measured!.data.filter((on, i) => on && pair.body.data[i]).length;
        const measured = pair.measured!.data.filter((on) => on).length;
        assertGreater(inBody / measured, 0.99);
        assert(pair.body.data.includes(0));
      }
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  },
);
