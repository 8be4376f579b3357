// One histogram child as two typed arrays: observing is a search in a short list and two additions.

/** Upper bounds must ascend; values above the last one count as +Inf only. */
export class Buckets {
  readonly bounds: readonly number[];
  /** Observations per bucket, not yet cumulated; the last entry is +Inf. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}
