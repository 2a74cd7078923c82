/**
 * The amplitudes of everything that makes an image of the phantom differ from an exact drawing of its anatomy:
 * artefacts of the scanner, and the variation of a rater's labels. `docs/phantom.md` gives the reasons.
 *
 * @module
 */

/** The amplitudes of one image. All values are lengths in mm unless their comment states another unit. */
export interface Realism {
  /**
   * MR: the distance by which the signal of fat appears too far towards the head. Fat resonates 3.5 parts per
   * million below water, 224 Hz at 1.5 T; with 200 Hz per pixel of 1.25 mm along the readout axis (feet to head in
   * a coronal acquisition) this is 1.4 mm. Default 1.4.
   */
  readonly chemicalShift: number;
  /**
   * MR: the amplitude of the diaphragm's residual motion while the image is acquired, a sine. The motion blurs
   * the image from feet to head and sends ghosts along the phase-encoding axis (left to right). Gated
   * acquisitions accept a window of 3 to 5 mm. Default 2.
   */
  readonly breathingMotion: number;
  /**
   * MR: the standard deviation of the blur along the slice axis (back to front) in addition to the box of a
   * slice's thickness. The profile of a slice of 6 mm is closer to a Gaussian of this full width at half
   * maximum (standard deviation 2.5 mm) than to a box (1.7 mm): sqrt(2.5^2 - 1.7^2) = 1.9. Default 1.9.
   */
  readonly sliceBlur: number;
  /** MR: the size of the bias field, as a factor of its usual size (sums of waves of 5 to 11 %). Default 1. */
  readonly biasField: number;
  /** MR: the standard deviation of the noise in units of signal, where fat is near 1000. Default 14. */
  readonly mrNoise: number;
  /** CT: the standard deviation of the noise in HU. Default 12. */
  readonly ctNoise: number;
  /**
   * CT: the standard deviation of the slow variation inside soft tissue (30 mm wide) in HU. In a real CT, smoothed
   * by 6 mm, it is 3 to 15 HU in liver, spleen, kidney and psoas. Default 4.
   */
  readonly unevenCt: number;
  /**
   * MR: the same as a part of the signal. In a real T1-weighted MR, smoothed by 6 mm, it is 8 to 20 %; a part of
   * it is the vessels. Default 0.07.
   */
  readonly unevenMr: number;
  /**
   * The standard deviation of each component of the smooth displacement of the labels, and therefore of the distance
   * between a labelled border and the true one. Contours of two raters differ by 1 to 2 mm. Default 1.5.
   */
  readonly raterDeviation: number;
}

/** The amplitudes of every phantom. */
export const REALISM: Realism = {
  chemicalShift: 1.4,
  breathingMotion: 2,
  sliceBlur: 1.9,
  biasField: 1,
  mrNoise: 14,
  ctNoise: 12,
  unevenCt: 4,
  unevenMr: 0.07,
  raterDeviation: 1.5,
};

/** No artefact of the scanner, and exact labels. The tissues are as uneven as those of every phantom. */
export const NO_ARTEFACTS: Realism = {
  ...REALISM,
  chemicalShift: 0,
  breathingMotion: 0,
  sliceBlur: 0,
  biasField: 0,
  mrNoise: 0,
  ctNoise: 0,
  raterDeviation: 0,
};
