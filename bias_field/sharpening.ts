/**
 * The sharpening of N4 and N3 (Sled et al. 1998, Tustison et al. 2010): the histogram of the measured
 * logarithms is deconvolved by the distribution of the field's logarithms, a Gaussian. The result gives the
 * expected true logarithm for each measured one.
 *
 * @module
 */

/** Options of {@link sharpen}. */
export interface SharpenOptions {
  /** Number of voxels in each of the equally spaced bins. */
  readonly histogram: ArrayLike<number>;
  /** Logarithm of the first bin. */
  readonly minimum: number;
  /** Logarithm of the last bin. */
  readonly maximum: number;
  /** Full width at half maximum of the field's distribution, in logarithms. */
  readonly fwhm: number;
  /** Noise of the Wiener filter. */
  readonly noise: number;
}

/**
 * The expected true logarithm E(u | v) at each bin, computed as by ITK's N4BiasFieldCorrectionImageFilter. If
 * all logarithms are the same, the expected logarithm is this logarithm.
 */
export function sharpen(options: SharpenOptions): Float64Array {
  const { histogram, minimum, maximum, fwhm, noise } = options;
  const bins = histogram.length;
  const step = (maximum - minimum) / (bins - 1);
  if (!(step > 0)) return new Float64Array(bins).fill(minimum);
  const padded = 2 ** (Math.ceil(Math.log2(bins)) + 1);
  const offset = Math.floor((padded - bins) / 2);
  const field = gaussian(padded, fwhm / step);
  fourier(field, false);

  const measured = new Complex(padded);
  for (let i = 0; i < bins; i++) measured.real[offset + i] = histogram[i];
  fourier(measured, false);
  for (let i = 0; i < padded; i++) {
    const power = field.real[i] ** 2 + field.imaginary[i] ** 2;
    scale(measured, i, field.real[i] / (power + noise), 0);
  }
  fourier(measured, true);

  const weighted = new Complex(padded);
  const weights = new Complex(padded);
  for (let i = 0; i < padded; i++) {
    weights.real[i] = Math.max(measured.real[i], 0);
    weighted.real[i] = (minimum + (i - offset) * step) * weights.real[i];
  }
  for (const signal of [weighted, weights]) {
    fourier(signal, false);
    for (let i = 0; i < padded; i++) scale(signal, i, field.real[i], field.imaginary[i]);
    fourier(signal, true);
  }
  return Float64Array.from({ length: bins }, (_, i) => {
    const total = weights.real[offset + i];
    return total === 0 ? 0 : weighted.real[offset + i] / total;
  });
}

/** An array of complex numbers. */
export class Complex {
  /** Real parts. */
  readonly real: Float64Array;
  /** Imaginary parts. */
  readonly imaginary: Float64Array;

  /** `length` zeros. */
  constructor(length: number) {
    this.real = new Float64Array(length);
    this.imaginary = new Float64Array(length);
  }
}

/** A Gaussian of unit area around 0, which has index 0, in wrap-around order; `fwhm` in elements. */
function gaussian(length: number, fwhm: number): Complex {
  const values = new Complex(length);
  const height = 2 * Math.sqrt(Math.log(2) / Math.PI) / fwhm;
  for (let i = 0; i < length; i++) {
    const distance = Math.min(i, length - i) / fwhm;
    values.real[i] = height * Math.exp(-4 * Math.LN2 * distance * distance);
  }
  return values;
}

/** Multiplies the number at index `at` by a + b i. */
function scale({ real, imaginary }: Complex, at: number, a: number, b: number): void {
  const re = real[at];
  const im = imaginary[at];
  real[at] = re * a - im * b;
  imaginary[at] = re * b + im * a;
}

/** The discrete Fourier transform in place, or its inverse; the length is a power of two. */
export function fourier({ real, imaginary }: Complex, inverse: boolean): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j], real[i]];
    [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
  }
  for (let width = 2; width <= n; width *= 2) {
    const half = width / 2;
    const turn = (inverse ? 2 : -2) * Math.PI / width;
    for (let k = 0; k < half; k++) {
      const c = Math.cos(turn * k);
      const s = Math.sin(turn * k);
      for (let i = k; i < n; i += width) {
        const j = i + half;
        const re = real[j] * c - imaginary[j] * s;
        const im = real[j] * s + imaginary[j] * c;
        real[j] = real[i] - re;
        imaginary[j] = imaginary[i] - im;
        real[i] += re;
        imaginary[i] += im;
      }
    }
  }
  if (!inverse) return;
  for (let i = 0; i < n; i++) {
    real[i] /= n;
    imaginary[i] /= n;
  }
}
