import { expect, test } from 'vitest';
import { parseListenAddress, renderListenUrl } from '../../../src/lib/listen-address.ts';

test.each([
  ['127.0.0.1:20128', { host: '127.0.0.1', port: 20_128 }, 'http://127.0.0.1:20128'],
  ['[::1]:0', { host: '::1', port: 0 }, 'http://[::1]:0'],
  ['localhost:80', { host: 'localhost', port: 80 }, 'http://localhost:80'],
  [':8080', { host: '127.0.0.1', port: 8080 }, 'http://127.0.0.1:8080'],
  ['8080', { host: '127.0.0.1', port: 8080 }, 'http://127.0.0.1:8080'],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }, 'http://127.0.0.1:65535'],
  ['[::]:1', { host: '::', port: 1 }, 'http://[::1]:1'],
])('%s', (text, address, url) => {
  expect(parseListenAddress(text)).toEqual(address);
  expect(renderListenUrl(address)).toBe(url);
});

test.each(['', 'host', 'host:', 'host:65536', '::1:80', 'host:80x', 'a b:80', '[::1]', 'http://x:80'])(
  '"%s" is none',
  (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  },
);
