// What may listen where: beyond this machine only with keys.
import { describe, expect, it } from 'vitest';
import { assembleSnapshot } from '../../../src/routing/assemble.ts';
import { createLookup, type ClientKey } from '../../../src/routing/snapshot.ts';
import { findExposure } from '../../../src/server/exposure.ts';

const none = createLookup<ClientKey>([]);
const key = createLookup<ClientKey>([['00', { id: 'k', enabled: true, tags: {} }]]);
const fault = (host: string, access: object, keys = none) =>
  findExposure({ host, port: 1 }, assembleSnapshot({ access, keys }));

describe('findExposure', () => {
  it.each(['127.0.0.1', '127.8.9.1', 'localhost', '::1'])('lets %s be open', (host) => {
    expect(fault(host, {})).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', 'gateway.example.org', '127.0.0.1.example.org'])(
    'wants keys on %s',
    (host) => {
      expect(fault(host, {})).toContain('auth.requireApiKey');
      expect(fault(host, { requireApiKey: true })).toContain('no key is declared');
      expect(fault(host, { requireApiKey: true }, key)).toBeUndefined();
    },
  );

  it('wants keys behind a proxy, which brings requests of others to a loopback address', () => {
    expect(fault('127.0.0.1', { trustedProxies: ['127.0.0.1'] })).toContain('trustedProxies');
    expect(fault('127.0.0.1', { trustedProxies: ['127.0.0.1'], requireApiKey: true }, key)).toBeUndefined();
  });
});
