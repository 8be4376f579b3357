// Where connections may lead: every spelling of an address, DNS answers that change, redirects. DNS is scripted; nothing
// here leaves the machine.
import type { LookupAddress } from 'node:dns';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { UpstreamFailure } from '../../../src/errors.ts';
import { classifyAddress } from '../../../src/lib/address-kind.ts';
import { mayReach, type Reach, type ResolveHost } from '../../../src/upstream/address-guard.ts';
import { requestOutside } from '../../../src/upstream/outward.ts';
import { createTransport, type TransportOptions } from '../../../src/upstream/transport.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let local: Upstream;
beforeAll(async () => {
  local = await startUpstream(({ response }) => void response.end('inside'));
});
afterAll(() => local.close());

/** Answers in order; the last one goes on. */
function script(...answers: readonly (readonly string[])[]): ResolveHost & { readonly asked: string[] } {
  const queue = [...answers];
  const asked: string[] = [];
  const resolve: ResolveHost = (host, _options, callback) => {
    asked.push(host);
    const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? [];
    const addresses: LookupAddress[] = answer.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    callback(null, addresses);
  };
  return Object.assign(resolve, { asked });
}

async function call(url: string, reach: Reach | undefined, options: TransportOptions): Promise<string> {
  const transport = createTransport(options);
  const { promise, resolve } = Promise.withResolvers<UpstreamFailure | 'answered'>();
  transport.send(
    {
      method: 'POST',
      baseUrl: url,
      path: '',
      headers: {},
      body: [],
      sandbox: false,
      reach,
      connectTimeout: 500,
    },
    {
      onHead: () => resolve('answered'),
      onData: () => true,
      onEnd: () => undefined,
      onFailure: resolve,
    },
  );
  const result = await promise;
  await transport.close(0);
  return result === 'answered' ? result : (result.code ?? result.class);
}

describe('addresses', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['127.0.0.1', 'private'],
    ['127.255.1.2', 'private'],
    ['::1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:7f00:1', 'private'],
    ['0:0:0:0:0:ffff:7f00:0001', 'private'],
    ['::127.0.0.1', 'private'],
    ['64:ff9b::7f00:1', 'private'],
    ['2002:7f00:1::', 'private'],
    ['2002:a00:1::', 'private'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['169.254.169.254', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2002:a9fe:a9fe::', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['fec0::1', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['0.1.2.3', 'forbidden'],
    ['::', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['2001::1', 'forbidden'],
    ['64:ff9b:1::1', 'forbidden'],
    ['', 'forbidden'],
    ['example.com', 'forbidden'],
  ])('%s is %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind);
    expect(mayReach(address, 'public')).toBe(kind === 'public');
    expect(mayReach(address, 'private')).toBe(kind !== 'forbidden');
  });
});

describe('calls to upstreams', () => {
  // What a URL parser makes of each is an address without any lookup.
  it.each([
    'http://127.0.0.1',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.0.0.1',
    'http://0177.0.0.1',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::127.0.0.1]',
    'http://①②⑦.0.0.1',
    'http://169.254.169.254',
    'http://0.0.0.0',
  ])('%s is refused before anything is sent', async (base) => {
    const port = new URL(local.baseUrl).port;
    const before = local.calls.length;
    expect(await call(`${base}:${port}/latest/meta-data`, undefined, {})).toBe('ADDRESS_REFUSED');
    expect(local.calls).toHaveLength(before);
  });

  it('opens this machine to those that may, and link-local addresses to nobody', async () => {
    expect(await call(`${local.baseUrl}/x`, 'private', {})).toBe('answered');
    expect(await call('http://169.254.169.254/latest', 'private', {})).toBe('ADDRESS_REFUSED');
    expect(await call('http://[fe80::1]/', 'private', {})).toBe('ADDRESS_REFUSED');
  });

  it.each([['127.0.0.1'], ['::ffff:127.0.0.1'], ['10.0.0.1'], ['169.254.169.254'], ['fd00:ec2::254']])(
    'a name that resolves to %s is refused, and told with its origin',
    async (address) => {
      const onRefused = vi.fn();
      const { port } = new URL(local.baseUrl);
      const url = `http://api.example.com:${port}/v1`;
      expect(await call(url, undefined, { resolve: script([address]), onRefused })).toBe('ADDRESS_REFUSED');
      expect(onRefused).toHaveBeenCalledExactlyOnceWith({
        origin: `http://api.example.com:${port}`,
        address,
      });
    },
  );

  it('a mixed answer is refused whole', async () => {
    const resolve = script(['93.184.216.34', '127.0.0.1']);
    expect(await call('http://api.example.com/v1', undefined, { resolve })).toBe('ADDRESS_REFUSED');
  });

  it('an answer that changes between a check and the connection leads nowhere', async () => {
    const { port } = new URL(local.baseUrl);
    const resolve = script(['93.184.216.34'], ['127.0.0.1']);
    // Somebody checks the name, and it is fine …
    const checked = await new Promise<readonly LookupAddress[]>((done) =>
      resolve('rebind.example.com', { all: true }, (_error, addresses) => done(addresses)),
    );
    expect(mayReach(checked[0]?.address ?? '', 'public')).toBe(true);
    // … but the connection asks again, and it is that answer which counts.
    const before = local.calls.length;
    const url = `http://rebind.example.com:${port}/v1`;
    expect(await call(url, undefined, { resolve })).toBe('ADDRESS_REFUSED');
    expect(resolve.asked).toHaveLength(2);
    expect(local.calls).toHaveLength(before);
  });

  it('each connection asks DNS anew: one that was fine says nothing about the next', async () => {
    const { port } = new URL(local.baseUrl);
    const resolve = script(['127.0.0.1'], ['169.254.169.254']);
    const url = `http://inside.example.com:${port}/v1`;
    expect(await call(url, 'private', { resolve })).toBe('answered');
    expect(await call(url, 'private', { resolve })).toBe('ADDRESS_REFUSED');
  });

  it('does not follow a redirect', async () => {
    const trap = await startUpstream(
      ({ response }) => void response.writeHead(302, { location: `${local.baseUrl}/secret` }).end(),
    );
    const before = local.calls.length;
    expect(await call(`${trap.baseUrl}/x`, 'private', {})).toBe('answered');
    expect(local.calls).toHaveLength(before);
    await trap.close();
  });
});

describe('requestOutside', () => {
  const limits = { maxBytes: 1_000, timeout: 1_000 };

  it('gives status, headers and bytes', async () => {
    const answer = await requestOutside(`${local.baseUrl}/x`, { ...limits, reach: 'private' });
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([200, 'inside']);
  });

  it.each(['http://127.0.0.1:1/x', 'http://[::ffff:7f00:1]/', 'http://169.254.169.254/'])(
    'refuses %s',
    async (url) => {
      await expect(requestOutside(url, limits)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    },
  );

  it.each([
    'file:///etc/passwd',
    'ftp://example.com/',
    'data:text/plain,x',
    'nonsense',
    'http://u:p@example.com/',
  ])('refuses %s', async (url) => {
    await expect(requestOutside(url, limits)).rejects.toThrow();
  });

  it('checks every hop of a redirect, and takes credentials to the first origin only', async () => {
    const { port } = new URL(local.baseUrl);
    const hop = (location: string) =>
      startUpstream(({ response }) => void response.writeHead(307, { location }).end());
    const metadata = await hop('http://169.254.169.254/latest/meta-data');
    const away = await hop(`http://other.example.com:${port}/landing`);
    const options = { ...limits, reach: 'private', redirects: 2, resolve: script(['127.0.0.1']) } as const;
    await expect(requestOutside(metadata.baseUrl, options)).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
    const headers = { authorization: 'Bearer x', cookie: 'a=b', accept: 'text/plain' };
    await requestOutside(away.baseUrl, { ...options, headers });
    expect(away.calls[0]?.headers.authorization).toBe('Bearer x');
    expect(local.calls.at(-1)?.path).toBe('/landing');
    expect(local.calls.at(-1)?.headers).toMatchObject({ accept: 'text/plain' });
    expect(local.calls.at(-1)?.headers.authorization).toBeUndefined();
    expect(local.calls.at(-1)?.headers.cookie).toBeUndefined();
    await metadata.close();
    await away.close();
  });

  it('follows none by default, none for ever, and reads no more than it may', async () => {
    const loop: Upstream = await startUpstream(
      ({ response }) => void response.writeHead(302, { location: '/again' }).end('x'.repeat(2_000)),
    );
    const options = { ...limits, reach: 'private' } as const;
    await expect(requestOutside(loop.baseUrl, options)).rejects.toThrow('larger than');
    expect(loop.calls).toHaveLength(1);
    await expect(requestOutside(loop.baseUrl, { ...options, redirects: 3 })).rejects.toThrow('redirects');
    expect(loop.calls).toHaveLength(1 + 4);
    await loop.close();
  });
});
