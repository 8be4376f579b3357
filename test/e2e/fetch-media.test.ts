// Pictures by URL for an upstream that takes bytes only: fetched by the gateway within bounds, once, from the internet and
// from nowhere else; where that fails, another candidate answers or the client is told.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { startRig, type Answer, type Rig } from '../support/gateway.ts';
import { ollamaAgent } from '../support/ollama-agent.ts';
import { makeCombo, makeEndpoint, makeProvider } from '../support/routing.ts';
import { say, startUpstream, type Upstream } from '../support/upstream.ts';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk', 'base64');
const fetched: { url: string; maxBytes: number; redirects?: number | undefined }[] = [];

let local: Upstream;
let distant: Upstream;
let rig: Rig;

const answers: Record<string, { status?: number; type?: string; body?: Buffer }> = {
  'https://a.example/dot.png': { type: 'image/png; charset=binary', body: png },
  'https://a.example/raw': { type: 'application/octet-stream', body: png },
  'https://a.example/gone.png': { status: 404 },
  'https://a.example/page': { type: 'text/html', body: Buffer.from('<html>') },
};
const fetchOutside: Gateway['fetchOutside'] = async (url, { maxBytes, redirects }) => {
  fetched.push({ url, maxBytes, redirects });
  const { status = 200, type, body = Buffer.alloc(0) } = answers[url] ?? {};
  if (!(url in answers)) throw new Error('getaddrinfo ENOTFOUND 10.0.0.7');
  return { status, headers: type === undefined ? {} : { 'content-type': type }, body, url };
};

async function start(replace: Partial<Gateway> = { fetchOutside }): Promise<void> {
  const origin = new URL(local.baseUrl).origin;
  const ollama = [makeEndpoint({ protocol: 'ollama', baseUrl: origin, auth: 'none' })];
  rig = await startRig(
    {
      providers: [
        makeProvider('local', { endpoints: ollama }),
        makeProvider('distant', { endpoints: [makeEndpoint({ baseUrl: distant.baseUrl })] }),
      ],
      combos: [makeCombo('both', 'priority', ['local/m', 'distant/m'])],
    },
    replace,
  );
}

beforeEach(async () => {
  fetched.length = 0;
  local = await startUpstream(ollamaAgent);
  distant = await startUpstream(say('from afar'));
});
afterEach(async () => {
  await Promise.all([rig.close(), local.close(), distant.close()]);
});

const ask = (urls: readonly string[], model = 'local/m'): Promise<Answer> => {
  const content = [
    { type: 'text', text: 'Look' },
    ...urls.map((url) => ({ type: 'image_url', image_url: { url } })),
  ];
  const body = { model, messages: [{ role: 'user', content }] };
  return rig.ask('node', { path: '/v1/chat/completions', body });
};
const imagesSent = (): unknown =>
  (JSON.parse(local.calls[0]!.body) as { messages: { images?: string[] }[] }).messages.at(-1)!.images;

describe('a picture by URL', () => {
  it('arrives as bytes, fetched once however often it stands there', async () => {
    await start();
    const [dot, raw] = ['https://a.example/dot.png', 'https://a.example/raw'];
    const answer = await ask([dot!, raw!, dot!]);
    expect(answer.status).toBe(200);
    const data = png.toString('base64');
    expect(imagesSent()).toEqual([data, data, data]);
    expect(fetched.map(({ url }) => url)).toEqual([dot, raw]);
    // What the first took is no longer there for the second.
    expect(fetched[0]!.maxBytes - fetched[1]!.maxBytes).toBe(png.length);
    expect(fetched[0]!.redirects).toBeLessThan(5);
  });

  it('goes on as it is to an upstream that takes URLs', async () => {
    await start();
    await ask(['https://a.example/dot.png'], 'distant/m');
    expect(fetched).toEqual([]);
    expect(distant.calls[0]!.body).toContain('https://a.example/dot.png');
  });

  it.each([
    ['https://a.example/gone.png', 'answers with status 404'],
    ['https://a.example/page', 'is no picture'],
    ['https://nowhere.example/x.png', 'cannot be fetched'],
  ])('%s: a candidate that takes URLs answers, or the client is told', async (url, words) => {
    await start();
    const other = await ask([url], 'both');
    expect(other).toMatchObject({ status: 200, text: expect.stringContaining('from afar') as unknown });
    expect(local.calls).toHaveLength(0);
    const alone = await ask([url]);
    expect(alone.status).toBe(400);
    expect(alone.text).toContain(words);
    expect(alone.text).not.toMatch(/10\.0\.0\.7|ENOTFOUND/);
  });

  it('is one of sixteen at most', async () => {
    await start();
    const answer = await ask(Array.from({ length: 17 }, (_, i) => `https://a.example/${i}`));
    expect(answer.status).toBe(400);
    expect(fetched).toEqual([]);
  });

  it.each([
    'http://127.0.0.1',
    'http://localhost',
    'http://[::1]',
    'http://169.254.169.254',
    'file:///etc/passwd',
  ])('at %s is out of reach', async (place) => {
    await start({});
    const url = place.startsWith('http') ? `${place}:${new URL(distant.baseUrl).port}/x.png` : place;
    const answer = await ask([url]);
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/out of reach|cannot be fetched/);
    expect(distant.calls).toHaveLength(0);
    expect(local.calls).toHaveLength(0);
  });
});
