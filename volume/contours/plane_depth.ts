/**
 * The area between the closed contours of one plane, as a signed distance to its boundary.
 *
 * @module
 */

/** A closed contour in a plane: u and v of each point in mm, in turn; the last point leads to the first. */
export type Ring = Float64Array;

/** Options of {@link PlaneDepth}. */
export interface PlaneDepthOptions {
  /** The contours. A point is inside if an odd number of them encloses it, so that contours in contours are holes. */
  readonly rings: readonly Ring[];
  /** The distance in mm up to which depths are exact; greater ones are equal to it. */
  readonly reach: number;
  /** The distance of the samples, mm. */
  readonly pixel: number;
}

/** The distance in mm on either side of an edge at which it must separate inside from outside. */
const SEAM = 0.005;

/** The highest sample. */
const MAX_SAMPLE = 32767;

/** Depths in one plane: sampled distances to the nearest boundary, positive inside. */
export class PlaneDepth {
  /** The greatest depth, mm; not more than the reach. */
  readonly max: number;
  readonly #reach: number;
  readonly #pixel: number;
  readonly #origin: readonly [number, number];
  readonly #size: readonly [number, number];
  readonly #samples: Int16Array;

  /** Computes the depths. */
  constructor({ rings, reach, pixel }: PlaneDepthOptions) {
    this.#reach = reach;
    this.#pixel = pixel;
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    for (const ring of rings) {
      ring.forEach((value, i) => {
        low[i % 2] = Math.min(low[i % 2], value);
        high[i % 2] = Math.max(high[i % 2], value);
      });
    }
    const margin = reach + pixel;
    this.#origin = [low[0] - margin, low[1] - margin];
    this.#size = [
      Math.ceil((high[0] + margin - this.#origin[0]) / pixel) + 1,
      Math.ceil((high[1] + margin - this.#origin[1]) / pixel) + 1,
    ];
    const edges = edgesOf(rings);
    const inside = this.#insideSamples(edges);
    const rows = this.#edgesByRow(edges);
    const near = (v: number) => rows[Math.floor((v - this.#origin[1]) / pixel)];
    const squares = this.#squaredDistances(edges.filter((edge) => isBoundary(edge, near)));
    this.#samples = new Int16Array(inside.length);
    let max = 0;
    for (let i = 0; i < inside.length; i++) {
      const distance = Math.sqrt(squares[i]);
      if (inside[i] === 1 && distance > max) max = distance;
      const sample = Math.round(distance / reach * MAX_SAMPLE);
      this.#samples[i] = inside[i] === 1 ? sample : -sample;
    }
    this.max = max;
  }

  /** The depth of a point, mm: positive inside, negative outside, linear between the samples. */
  at(u: number, v: number): number {
    const x = (u - this.#origin[0]) / this.#pixel;
    const y = (v - this.#origin[1]) / this.#pixel;
    const [nu, nv] = this.#size;
    if (!(x >= 0 && y >= 0 && x < nu - 1 && y < nv - 1)) return -this.#reach;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const at = j * nu + i;
    const s = this.#samples;
    const near = s[at] + (x - i) * (s[at + 1] - s[at]);
    const far = s[at + nu] + (x - i) * (s[at + nu + 1] - s[at + nu]);
    return (near + (y - j) * (far - near)) / MAX_SAMPLE * this.#reach;
  }

  /** The edges that have a part between each row of samples and the next one. */
  #edgesByRow(edges: readonly Edge[]): Edge[][] {
    const rows: Edge[][] = Array.from({ length: this.#size[1] }, () => []);
    const row = (v: number) => Math.floor((v - this.#origin[1]) / this.#pixel);
    for (const edge of edges) {
      const [, av, , bv] = edge;
      for (let j = row(Math.min(av, bv)); j <= row(Math.max(av, bv)); j++) rows[j].push(edge);
    }
    return rows;
  }

  /** 1 at the samples inside: between the odd and the even crossings of each row. */
  #insideSamples(edges: readonly Edge[]): Uint8Array {
    const [nu, nv] = this.#size;
    const crossings: number[][] = Array.from({ length: nv }, () => []);
    for (const [au, av, bu, bv] of edges) {
      const first = Math.floor((Math.min(av, bv) - this.#origin[1]) / this.#pixel);
      const last = Math.ceil((Math.max(av, bv) - this.#origin[1]) / this.#pixel);
      for (let j = first; j <= last; j++) {
        const v = this.#origin[1] + j * this.#pixel;
        // Two edges that share a point on a row cross it once or not at all, whatever the rounding of `first`.
        if ((av > v) === (bv > v)) continue;
        crossings[j].push((au + (v - av) / (bv - av) * (bu - au) - this.#origin[0]) / this.#pixel);
      }
    }
    const inside = new Uint8Array(nu * nv);
    crossings.forEach((row, j) => {
      row.sort((a, b) => a - b);
      for (let k = 0; k + 1 < row.length; k += 2) {
        inside.fill(1, j * nu + Math.ceil(row[k]), j * nu + Math.ceil(row[k + 1]));
      }
    });
    return inside;
  }

  /** The squared distance of each sample to the nearest edge, at most that of the reach. */
  #squaredDistances(edges: readonly Edge[]): Float32Array {
    const [nu, nv] = this.#size;
    const squares = new Float32Array(nu * nv).fill(this.#reach ** 2);
    const index = (value: number, axis: number) => (value - this.#origin[axis]) / this.#pixel;
    for (const [au, av, bu, bv] of edges) {
      const du = bu - au;
      const dv = bv - av;
      const length2 = du * du + dv * dv;
      const i0 = Math.ceil(index(Math.min(au, bu) - this.#reach, 0));
      const i1 = Math.floor(index(Math.max(au, bu) + this.#reach, 0));
      const j0 = Math.ceil(index(Math.min(av, bv) - this.#reach, 1));
      const j1 = Math.floor(index(Math.max(av, bv) + this.#reach, 1));
      for (let j = j0; j <= j1; j++) {
        const pv = this.#origin[1] + j * this.#pixel - av;
        for (let i = i0; i <= i1; i++) {
          const pu = this.#origin[0] + i * this.#pixel - au;
          const t = Math.min(1, Math.max(0, (pu * du + pv * dv) / length2));
          const square = (pu - t * du) ** 2 + (pv - t * dv) ** 2;
          if (square < squares[j * nu + i]) squares[j * nu + i] = square;
        }
      }
    }
    return squares;
  }
}

/** An edge of a contour, mm. */
export type Edge = readonly [au: number, av: number, bu: number, bv: number];

/** The edges of rings, without those of no length. */
export function edgesOf(rings: readonly Ring[]): Edge[] {
  const edges: Edge[] = [];
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      const next = (i + 2) % ring.length;
      if (ring[i] === ring[next] && ring[i + 1] === ring[next + 1]) continue;
      edges.push([ring[i], ring[i + 1], ring[next], ring[next + 1]]);
    }
  }
  return edges;
}

/**
 * Returns true if one side of an edge is inside and the other outside. The channel by which a keyhole contour reaches
 * its hole has the same side twice.
 */
function isBoundary(
  [au, av, bu, bv]: Edge,
  near: (v: number) => readonly Edge[],
): boolean {
  const scale = SEAM / Math.hypot(bu - au, bv - av);
  const du = scale * (bv - av);
  const dv = scale * (au - bu);
  // Off the middle, where an edge of a neighbouring contour may end.
  const u = au + 0.49 * (bu - au);
  const v = av + 0.49 * (bv - av);
  return isInside(u + du, v + dv, near(v + dv)) !== isInside(u - du, v - dv, near(v - dv));
}

/** Returns true if an odd number of edges is to the right of a point. */
export function isInside(u: number, v: number, edges: readonly Edge[]): boolean {
  let inside = false;
  for (const [au, av, bu, bv] of edges) {
    if ((av > v) === (bv > v)) continue;
    if (u < au + (v - av) / (bv - av) * (bu - au)) inside = !inside;
  }
  return inside;
}
