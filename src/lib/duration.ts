// Durations (`30s`, `5m`, `1h30m`, `250ms`) and sizes (`10MiB`) between the file's spelling and plain numbers.

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const sizeUnits = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** The spelling that the schema accepts, for its `pattern`: one or more number-unit pairs. */
export const durationPattern = String.raw`^(\d+(\.\d+)?(ms|s|m|h|d|w))+$`;
/** The spelling of sizes that the schema accepts. */
export const sizePattern = String.raw`^\d+(\.\d+)?(B|KB|MB|GB|KiB|MiB|GiB)$`;

/** `1h30m` → milliseconds; undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(durationPattern).test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * durationUnits[unit as keyof typeof durationUnits];
  }
  return total;
}

/** `32MiB` → bytes; undefined when the text is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  if (!match) return undefined;
  return Math.floor(Number(match[1]) * sizeUnits[match[2] as keyof typeof sizeUnits]);
}

/** Milliseconds → the shortest exact spelling, for messages and effective values. */
export function renderDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const parts: string[] = [];
  let rest = milliseconds;
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / durationUnits[unit]);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * durationUnits[unit];
  }
  if (rest > 0) parts.push(`${rest}ms`);
  return parts.join('');
}
