import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, parseAddressRange } from '../../../src/lib/address.ts';

const runs = Number(process.env.FC_RUNS ?? 300);

function contains(range: string, address: string): boolean | undefined {
  const parsed = parseAddress(address);
  return parsed && parseAddressRange(range)?.contains(parsed);
}

describe('address ranges', () => {
  it.each([
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.8', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['10.1.2.3/31', '10.1.2.2', true],
  ])('%s holds %s: %s', (range, address, answer) => {
    expect(contains(range, address)).toBe(answer);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4/33',
    '::1/129',
    '1:2',
    ':::',
    '1::2::3',
    'g::1',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
    '1.2.3.4::',
  ])('%j is refused', (text) => expect(parseAddressRange(text)).toBeUndefined());

  it('agrees with the system about IPv6 texts', () => {
    const groups = fc.array(fc.constantFrom('', '0', 'ff', '1234', '10.0.0.1', 'g', '12345'), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(groups, (parts) => {
        const text = parts.join(':');
        expect(parseAddress(text) !== undefined, text).toBe(isIP(text) !== 0);
      }),
      { numRuns: runs * 5 },
    );
  });

  it('agrees with the system about ranges', () => {
    const v4 = fc.ipV4();
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (base, address, prefix) => {
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv4');
        expect(contains(`${base}/${prefix}`, address)).toBe(list.check(address, 'ipv4'));
      }),
      { numRuns: runs },
    );
    const v6 = fc.ipV6();
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 0, max: 128 }), (base, address, prefix) => {
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv6');
        expect(contains(`${base}/${prefix}`, address)).toBe(list.check(address, 'ipv6'));
      }),
      { numRuns: runs },
    );
  });
});
