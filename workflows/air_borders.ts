/**
 * The borders of air and tissue on a line of voxels: the skin, and the lungs' borders.
 *
 * @module
 */

/** A place on a line where air meets tissue. */
export interface AirBorder {
  /** The voxel before the border; the border is between it and the next voxel. */
  readonly voxel: number;
  /** 1 if the tissue is after the border, -1 if it is before. */
  readonly side: 1 | -1;
  /** True if the air reaches the end of the line: the border is the skin. Else it is a border of a lung. */
  readonly isOuter: boolean;
}

/** Minimum length of air, mm: smaller parts are airways, gas or dark bone. */
const MIN_AIR = 20;
/** Minimum length of tissue, mm: smaller parts are vessels in a lung, or a table. */
const MIN_TISSUE = 12;

/**
 * Finds the borders of a line.
 *
 * @param line - Intensities. Air is darker than tissue, as in CT and in MR.
 * @param threshold - The intensity below which a voxel is air.
 * @param spacing - Distance of the voxels, mm.
 */
export function airBorders(
  line: ArrayLike<number>,
  threshold: number,
  spacing: number,
): AirBorder[] {
  let runs = runsOf(line, threshold);
  runs = without(runs, ({ isAir, length }) => !isAir && length * spacing < MIN_TISSUE);
  runs = without(runs, ({ isAir, length, begin }) => {
    const isInner = begin > 0 && begin + length < line.length;
    return isAir && isInner && length * spacing < MIN_AIR;
  });
  const borders: AirBorder[] = [];
  for (let i = 1; i < runs.length; i++) {
    const air = runs[i].isAir ? i : i - 1;
    borders.push({
      voxel: runs[i].begin - 1,
      side: air === i ? -1 : 1,
      isOuter: air === 0 || air === runs.length - 1,
    });
  }
  return borders;
}

interface Run {
  readonly isAir: boolean;
  readonly begin: number;
  readonly length: number;
}

function runsOf(line: ArrayLike<number>, threshold: number): Run[] {
  const runs: Run[] = [];
  let begin = 0;
  for (let i = 1; i <= line.length; i++) {
    const isAir = line[begin] < threshold;
    if (i < line.length && (line[i] < threshold) === isAir) continue;
    runs.push({ isAir, begin, length: i - begin });
    begin = i;
  }
  return runs;
}

/** Gives some runs to their neighbours, which are of the other kind. */
function without(runs: readonly Run[], isDropped: (run: Run) => boolean): Run[] {
  const left: Run[] = [];
  for (const run of runs) {
    const { begin, length } = run;
    const isAir = isDropped(run) ? !run.isAir : run.isAir;
    const last = left.at(-1);
    if (last?.isAir === isAir) left[left.length - 1] = { ...last, length: last.length + length };
    else left.push({ isAir, begin, length });
  }
  return left;
}
