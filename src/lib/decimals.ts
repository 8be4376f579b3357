// Short decimals as text. What every request writes a dozen times must not go through the general conversion of doubles,
// which searches for the shortest exact digits (0.15 µs each).

const hundredths = Array.from({ length: 100 }, (_, index) => `.${String(index).padStart(2, '0')}`);
const thousandths = Array.from({ length: 1000 }, (_, index) =>
  index === 0 ? '' : `.${String(index).padStart(3, '0').replace(/0+$/, '')}`,
);

/** Beyond it the parts of a number no longer fit small integers. */
const largest = 1_000_000;

/** With two digits behind the point, as `toFixed(2)` writes it but for halves, which always go up. */
export function renderHundredths(value: number): string {
  if (!(value >= 0 && value < largest)) return value.toFixed(2);
  const all = Math.round(value * 100);
  const whole = Math.floor(all / 100);
  return whole + hundredths[all - whole * 100]!;
}

/** Rounded to three digits behind the point, without zeros at the end: JSON as `JSON.stringify` writes it. */
export function renderThousandths(value: number): string {
  const all = Math.round(value * 1000);
  if (!(value >= 0 && value < largest)) return JSON.stringify(all / 1000);
  const whole = Math.floor(all / 1000);
  return whole + thousandths[all - whole * 1000]!;
}
