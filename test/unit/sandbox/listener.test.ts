import { request } from 'node:http';
import { expect, test } from 'vitest';
import { listenSandbox } from '../../../src/upstream/sandbox/listener.ts';
import { createSandbox } from '../../../src/upstream/sandbox/simulator.ts';
import { useSandbox } from '../../support/sandbox.ts';

const sandbox = useSandbox();
const post = (model: string, stream = false) =>
  fetch(`${sandbox.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  });

test('answers over HTTP, whole and streamed', async () => {
  const unary = await post('echo');
  expect(unary.headers.get('content-length')).toBe(String((await unary.arrayBuffer()).byteLength));
  const streamed = await post('echo', true);
  expect(streamed.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(await streamed.text()).toMatch(/data: \[DONE\]\n\n$/);
});

test('a broken answer breaks the connection after the bytes that were sent', async () => {
  await expect(post('script/cut-head')).rejects.toThrow('fetch failed');
  const reader = (await post('script/cut', true)).body?.getReader();
  let text = '';
  await expect(async () => {
    for (;;) {
      const piece = await reader?.read();
      if (!piece || piece.done) return;
      text += Buffer.from(piece.value).toString();
    }
  }).rejects.toThrow('terminated');
  expect(text).toContain('sandbox');
  await expect((await post('script/wrong-length')).text()).rejects.toThrow('terminated');
});

test('refuses a WebSocket with 426', async () => {
  const status = await new Promise((resolve, reject) => {
    const upgrade = request(`${sandbox.url}/v1/responses`, {
      headers: { connection: 'upgrade', upgrade: 'websocket' },
    });
    upgrade.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
  expect(status).toBe(426);
});

test('serves its journal only when told to', async () => {
  expect((await fetch(`${sandbox.url}/-/journal`)).status).toBe(404);
  const open = await listenSandbox(createSandbox(), { journal: true });
  try {
    await (await fetch(`${open.url}/v1/models`)).text();
    expect(await (await fetch(`${open.url}/-/journal`)).json()).toMatchObject({
      entries: [{ method: 'GET', path: '/v1/models' }],
    });
    expect((await fetch(`${open.url}/-/journal`, { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(`${open.url}/-/journal`)).json()).toEqual({ entries: [] });
  } finally {
    await open.close();
  }
});

test('says when its address is taken', async () => {
  const port = Number(new URL(sandbox.url).port);
  await expect(listenSandbox(createSandbox(), { port })).rejects.toThrow('EADDRINUSE');
});
