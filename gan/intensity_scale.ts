export interface IntensityScale {
  readonly low: number;
  readonly high: number;
}
