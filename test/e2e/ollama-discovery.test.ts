// What Ollama clients ask before they chat: on a gateway with keys, through the vendor's own client. The paths are below
// /api like the management's, and must open nothing of it.
import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, keyOf } from '../support/access.ts';
import { startBooted, type Booted } from '../support/booted.ts';
import { askSocket } from '../support/gateway.ts';

let booted: Booted;

beforeAll(async () => {
  booted = await startBooted(
    `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
auth: { requireApiKey: true }
providers:
  local:
    protocols: [{ name: ollama, baseUrl: "http://127.0.0.1:1" }]
    auth: none
    models: [llama3.2, eyes, vectors, painter]
models:
  local/llama3.2: { context: 32768, capabilities: [tools] }
  local/eyes: { context: 8192, capabilities: [images, reasoning] }
  local/vectors: { operations: [embeddings] }
  local/painter: { operations: [images] }
combos:
  coding: { strategy: priority, targets: [local/llama3.2, local/eyes] }
keys:
  - { id: all, digest: "${digestOf('all')}" }
  - { id: some, digest: "${digestOf('some')}", models: [coding, local/eyes] }
`,
    {},
  );
});
afterAll(() => booted.close());

const client = (key: string, path = ''): Ollama =>
  new Ollama({
    host: booted.gateway.url + path,
    headers: { Authorization: `Bearer ${keyOf(key)}` },
  });

const ask = (
  path: string,
  more: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
) => askSocket(booted.gateway.url, { method: 'GET', path, ...more });

describe.each(['', '/v1'])('the ollama client with host %s', (path) => {
  it('lists what chats or embeds, stable and with what its types promise', async () => {
    const { models } = await client('all', path).list();
    expect(models.map(({ name }) => name)).toEqual([
      'coding',
      'local/llama3.2',
      'local/eyes',
      'local/vectors',
    ]);
    expect(models[1]).toMatchObject({
      model: 'local/llama3.2',
      size: 0,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      details: { family: 'local', families: ['local'], parameter_size: '', quantization_level: '' },
    });
    expect((await client('all', path).list()).models).toEqual(models);
  });

  it('lists for a key what the key may use', async () => {
    const { models } = await client('some', path).list();
    expect(models.map(({ name }) => name)).toEqual(['coding', 'local/eyes']);
  });

  it('shows window and capabilities, of a combo what every target has', async () => {
    const show = (model: string) => client('all', path).show({ model });
    expect(await show('local/llama3.2')).toMatchObject({
      parameters: 'num_ctx 32768',
      model_info: { 'general.architecture': 'omniroute', 'omniroute.context_length': 32_768 },
      capabilities: ['completion', 'tools'],
    });
    expect(await show('local/eyes')).toMatchObject({ capabilities: ['completion', 'vision', 'thinking'] });
    expect(await show('local/vectors')).toMatchObject({ capabilities: ['embedding'] });
    expect(await show('coding')).toMatchObject({
      model_info: { 'omniroute.context_length': 8192 },
      capabilities: ['completion'],
    });
  });

  it('knows neither names of nobody nor names of others', async () => {
    for (const [key, model] of [['all', 'nope'] as const, ['some', 'local/llama3.2'] as const])
      await expect(client(key, path).show({ model })).rejects.toMatchObject({
        status_code: 404,
        error: `model '${model}' not found`,
      });
  });

  it('has a version that Codex takes, and nothing in memory', async () => {
    const { version } = await client('all', path).version();
    const [major, minor, patch] = version.split('.').map(Number);
    expect(major! * 1e6 + minor! * 1e3 + patch!).toBeGreaterThanOrEqual(13_004);
    expect(await client('all', path).ps()).toEqual({ models: [] });
  });
});

it('takes the old word for the model', async () => {
  const headers = { authorization: `Bearer ${keyOf('all')}` };
  const answer = await ask('/api/show', { method: 'POST', headers, body: { name: 'local/eyes' } });
  expect(answer.status).toBe(200);
  const empty = await ask('/api/show', { method: 'POST', headers, body: {} });
  expect(empty.status).toBe(400);
  expect(JSON.parse(empty.text)).toEqual({ error: '"model" is missing; it must be a string.' });
});

it.each(['/api/tags', '/api/ps', '/api/version', '/v1/api/tags'])(
  '%s wants a key of its own',
  async (path) => {
    const without = await ask(path);
    expect(without.status).toBe(401);
    expect(JSON.parse(without.text)).toEqual({ error: expect.any(String) as unknown });
    const wrong = await ask(path, { headers: { authorization: 'Bearer sk-nobody' } });
    expect(wrong.status).toBe(401);
  },
);

it.each(['/api/config', '/api/config/status', '/api/sessions', '/api/tagsx', '/api/tags/x', '/api/chat/x'])(
  'a key that chats does not open %s',
  async (path) => {
    const { status } = await ask(path, { headers: { authorization: `Bearer ${keyOf('all')}` } });
    expect([401, 403, 404]).toContain(status);
  },
);

describe('signs of life', () => {
  it.each(['/', '/api/hello'])('HEAD %s', async (path) => {
    expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it('say what clients compare, and send browsers to the dashboard', async () => {
    expect(await ask('/')).toMatchObject({ status: 200, text: 'Ollama is running' });
    const browser = await ask('/', { headers: { accept: 'text/html,application/xhtml+xml' } });
    expect(browser).toMatchObject({ status: 302, headers: { location: '/dashboard' } });
  });
});
