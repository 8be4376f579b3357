import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressId, readLock, reduceLockout, type Lockout } from '../../../../src/routing/world/lockout.ts';
import { createWorld } from '../../../../src/routing/world/memory.ts';

const settings = { failures: 3, within: 1000, duration: 5000 };
const refused = { kind: 'refused', settings } as const;

const after = (times: readonly number[]): Lockout | undefined =>
  times.reduce<Lockout | undefined>((state, now) => reduceLockout(state, refused, now), undefined);

describe('locks', () => {
  it('when so many failures lie within the window', () => {
    expect(readLock(after([0, 1]), 1)).toBeUndefined();
    expect(readLock(after([0, 1, 2]), 2)).toBe(5002);
    expect(readLock(after([0, 1, 2]), 5001)).toBe(5002);
    expect(readLock(after([0, 1, 2]), 5002)).toBeUndefined();
    expect(readLock(after([0, 500, 1000]), 1000)).toBeUndefined();
  });

  it('is not prolonged by what comes while it holds, and begins anew behind it', () => {
    expect(readLock(after([0, 1, 2, 3000, 4000]), 4000)).toBe(5002);
    expect(readLock(after([0, 1, 2, 5002]), 5002)).toBeUndefined();
    expect(readLock(after([0, 1, 2, 5002, 5003, 5004]), 5004)).toBe(10_004);
  });

  it('one failure is enough where the file says so', () => {
    const strict = { kind: 'refused', settings: { ...settings, failures: 1 } } as const;
    expect(readLock(reduceLockout(undefined, strict, 7), 7)).toBe(5007);
  });

  it('a good credential forgives all', () => {
    expect(reduceLockout(after([0, 1, 2]), { kind: 'cleared' }, 3)).toBeUndefined();
  });

  it('locks never before the count is reached and always then, on random times', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 12 }), (steps) => {
        let now = 0;
        let state: Lockout | undefined;
        let window: number[] = [];
        for (const step of steps) {
          now += step;
          const wasLocked = readLock(state, now) !== undefined;
          state = reduceLockout(state, refused, now);
          if (wasLocked) continue;
          // The window opens with the first failure that counts.
          if (window.length === 0 || now - window[0]! >= settings.within) window = [];
          window.push(now);
          const locked = readLock(state, now) !== undefined;
          expect(locked).toBe(window.length >= settings.failures);
          if (locked) window = [];
        }
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 300) },
    );
  });
});

describe('the id of an address', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
    ['::1', '::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['nonsense', 'nonsense'],
  ])('%s', (address, id) => expect(addressId(address)).toBe(id));

  it('of nonsense is short', () => expect(addressId('x'.repeat(1e6))).toHaveLength(64));
});

describe('the world', () => {
  it('counts each address for itself and lists what is locked', () => {
    const world = createWorld();
    for (let now = 0; now < 3; now++) {
      world.record({ kind: 'credential-refused', address: '10.0.0.1', settings }, now);
      world.record({ kind: 'credential-refused', address: `10.0.1.${now}`, settings }, now);
    }
    expect(world.lockedUntil('::ffff:10.0.0.1', 3)).toBe(5002);
    expect(world.lockedUntil('10.0.1.0', 3)).toBeUndefined();
    expect(world.lockedAddresses(3)).toEqual([{ address: '10.0.0.1', until: 5002 }]);
    world.record({ kind: 'lock-cleared', address: '10.0.0.1' }, 3);
    expect(world.lockedAddresses(3)).toEqual([]);
  });

  it('forgets the oldest of ten thousand addresses', () => {
    const ids = new Map<string, unknown>();
    const world = createWorld({
      open: (kind) => {
        const values = kind === 'lockout' ? ids : new Map<string, unknown>();
        return {
          get: (id) => values.get(id) as never,
          set: (id, value) => void values.set(id, value),
          delete: (id) => void values.delete(id),
          ids: () => values.keys(),
          get size() {
            return values.size;
          },
        };
      },
    });
    for (let index = 0; index < 10_050; index++) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      world.record({ kind: 'credential-refused', address, settings }, index);
    }
    expect(ids.size).toBe(10_000);
    expect(ids.has('10.0.0.49')).toBe(false);
    expect(ids.has('10.0.0.50')).toBe(true);
  });
});
