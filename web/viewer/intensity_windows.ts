/**
 * Windows of intensities: presets for CT, and the change by dragging.
 *
 * @module
 */

/** The intensities that are shown black and white. */
export type IntensityWindow = readonly [low: number, high: number];

/** The usual windows for CT in Hounsfield units, by level and width. */
const LEVEL_AND_WIDTH = {
  "Soft tissue": [40, 400],
  "Lung": [-600, 1500],
  "Bone": [400, 1800],
  "Liver": [60, 160],
  "Mediastinum": [50, 350],
  "Brain": [40, 80],
} as const;

/** The CT presets by their names. */
export const CT_WINDOWS: ReadonlyMap<string, IntensityWindow> = new Map(
  Object.entries(LEVEL_AND_WIDTH).map(([name, [level, width]]) => [name, windowOf(level, width)]),
);

/** The window with a level (its middle) and a width. */
export function windowOf(level: number, width: number): IntensityWindow {
  return [level - width / 2, level + width / 2];
}

/** The level and the width of a window. */
export function levelAndWidth([low, high]: IntensityWindow): { level: number; width: number } {
  return { level: (low + high) / 2, width: high - low };
}

/**
 * The window after dragging: to the right is wider, upwards is a lower level (a brighter image), as in other viewers.
 *
 * @param across - The distance to the right, as a share of the picture's width.
 * @param down - The distance downwards, as a share of the picture's height.
 */
export function draggedWindow(
  window: IntensityWindow,
  across: number,
  down: number,
): IntensityWindow {
  const { level, width } = levelAndWidth(window);
  return windowOf(level + down * width, width * Math.exp(1.5 * across));
}
