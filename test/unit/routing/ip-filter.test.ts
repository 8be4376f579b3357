import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAdmitted } from '../../../src/routing/ip-filter.ts';
import { assembleSnapshot } from '../../../src/routing/assemble.ts';
import type { Snapshot } from '../../../src/routing/snapshot.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';

type Filter = Snapshot['access']['ipFilter'];

const now = Date.UTC(2026, 0, 1);

function admits(filter: Partial<Filter>, address: string, world = createWorld()): boolean {
  const ipFilter: Filter = { mode: 'off', blacklist: [], whitelist: [], ...filter };
  return isAdmitted(address, assembleSnapshot({ access: { ipFilter } }).access, world, now);
}

describe('modes', () => {
  const blacklist = ['203.0.113.0/24', '2001:db8:bad::/48', '10.9.*.*'];
  const whitelist = ['203.0.113.7', '10.0.0.0/8', '2001:db8::/32'];
  it.each<[string, boolean, boolean, boolean]>([
    // address, blacklist, whitelist, whitelist-priority
    ['203.0.113.7', false, true, true],
    ['203.0.113.8', false, false, false],
    ['198.51.100.1', true, false, true],
    ['10.1.2.3', true, true, true],
    ['10.9.2.3', false, true, true],
    ['2001:db8:1::1', true, true, true],
    ['2001:db8:bad::1', false, true, true],
    ['2001:DB8:BAD:0:0:0:0:1', false, true, true],
    ['2001:db9::1', true, false, true],
    ['::ffff:203.0.113.8', false, false, false],
    ['::ffff:cb00:7108', false, false, false], // the same, as IPv6 spells it
    ['127.0.0.1', true, true, true],
    ['::1', true, true, true],
    ['::ffff:127.0.0.1', true, true, true],
    ['0.0.0.0', true, false, true],
    ['nonsense', false, false, false],
    ['', false, false, false],
  ])('%s', (address, black, white, priority) => {
    expect(admits({ mode: 'blacklist', blacklist, whitelist }, address)).toBe(black);
    expect(admits({ mode: 'whitelist', blacklist, whitelist }, address)).toBe(white);
    expect(admits({ mode: 'whitelist-priority', blacklist, whitelist }, address)).toBe(priority);
    expect(admits({ mode: 'off', blacklist, whitelist }, address)).toBe(true);
  });

  it('an empty whitelist is for loopback only', () => {
    expect(admits({ mode: 'whitelist' }, '10.0.0.1')).toBe(false);
    expect(admits({ mode: 'whitelist' }, '127.0.0.1')).toBe(true);
  });

  it('never serves with a list that has a hole in it', () => {
    expect(() => admits({ mode: 'blacklist', blacklist: ['10.0.0.0/33'] }, '10.0.0.1')).toThrow(
      '10.0.0.0/33',
    );
  });
});

it.each(['off', 'blacklist', 'whitelist', 'whitelist-priority'] as const)(
  'a ban ends by itself, mode %s',
  (mode) => {
    const world = createWorld();
    const filter = { mode, whitelist: ['10.0.0.0/8'] };
    world.record({ kind: 'address-banned', address: '10.0.0.1', until: now + 1, reason: 'noise' }, now - 5);
    expect(admits(filter, '10.0.0.1', world)).toBe(false);
    expect(admits(filter, '10.0.0.2', world)).toBe(true);
    expect(world.bannedAddresses(now)).toEqual([{ address: '10.0.0.1', until: now + 1, reason: 'noise' }]);
    world.record({ kind: 'address-banned', address: '10.0.0.1', until: now, reason: 'noise' }, now - 5);
    expect(admits(filter, '10.0.0.1', world)).toBe(true);
    world.record({ kind: 'address-banned', address: '10.0.0.1', until: now + 9 }, now);
    world.record({ kind: 'ban-cleared', address: '10.0.0.1' }, now);
    expect(admits(filter, '10.0.0.1', world)).toBe(true);
  },
);

it('agrees with arithmetic about random ranges', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(octet, octet, octet, octet);
  const value = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0);
  fc.assert(
    fc.property(address, address, fc.integer({ min: 0, max: 32 }), (base, asked, prefix) => {
      const size = 2 ** (32 - prefix);
      const inside = Math.floor(value(base) / size) === Math.floor(value(asked) / size);
      const text = asked.join('.');
      const expected = asked[0] === 127 || !inside;
      expect(admits({ mode: 'blacklist', blacklist: [`${base.join('.')}/${prefix}`] }, text)).toBe(expected);
      expect(
        admits({ mode: 'blacklist', blacklist: [`::ffff:${base.join('.')}/${prefix + 96}`] }, text),
      ).toBe(expected);
    }),
    { numRuns: Number(process.env.FC_RUNS ?? 300) },
  );
});
