import { describe, expect, it } from 'vitest';
import { settleSources } from '../../../src/control/settle.ts';

function steppedSet(readings: readonly string[], lockedFor = 0) {
  let step = 0;
  let pauses = 0;
  return {
    parts: {
      fingerprint: async () => readings[Math.min(step++, readings.length - 1)] ?? '',
      isLocked: async () => pauses < lockedFor,
      pause: async () => void pauses++,
    },
    pauses: () => pauses,
  };
}

describe('settleSources', () => {
  it('takes two equal readings for quiet', async () => {
    const { parts, pauses } = steppedSet(['a', 'a']);
    expect(await settleSources(parts)).toEqual({ fingerprint: 'a', staleLock: false });
    expect(pauses()).toBe(1);
  });

  it('waits while the set still changes', async () => {
    const { parts } = steppedSet(['a', 'b', 'c', 'c']);
    expect((await settleSources(parts)).fingerprint).toBe('c');
  });

  it('waits while git holds its lock', async () => {
    const { parts, pauses } = steppedSet(['a', 'a'], 5);
    expect(await settleSources(parts)).toEqual({ fingerprint: 'a', staleLock: false });
    expect(pauses()).toBe(6);
  });

  it('overruns a stale lock and says so', async () => {
    const { parts } = steppedSet(['a', 'a'], Number.POSITIVE_INFINITY);
    const settled = await settleSources(parts, { interval: 40, lockPatience: 400, patience: 2000 });
    expect(settled).toEqual({ fingerprint: 'a', staleLock: true });
  });

  it('reads a set that never rests after its patience', async () => {
    let reading = 0;
    const parts = {
      fingerprint: async () => String(reading++),
      isLocked: async () => false,
      pause: async () => undefined,
    };
    await expect(
      settleSources(parts, { interval: 40, lockPatience: 400, patience: 400 }),
    ).resolves.toMatchObject({ staleLock: false });
    expect(reading).toBe(11);
  });
});
