import { describe, expect, it } from 'vitest';
import { createLogs, type Logs, type LogsOptions } from '../../../src/observability/logs.ts';
import { renderPretty } from '../../../src/observability/pretty.ts';
import type { RequestEvent } from '../../../src/observability/request-event.ts';
import { capture, plantSecret } from '../../setup/canary.ts';

function start(options: LogsOptions = {}): { logs: Logs; lines: string[] } {
  const lines: string[] = [];
  return { logs: createLogs({ format: 'json', write: (line) => lines.push(line), ...options }), lines };
}

const event: RequestEvent = {
  requestId: 'req-1',
  revision: 'abcdef123456',
  secretEpoch: 3,
  key: 'ci',
  protocol: 'openai-chat',
  operation: 'chat',
  requestedModel: 'coding',
  combo: null,
  provider: 'openai',
  connection: 'primary',
  model: 'gpt-5-mini',
  status: 200,
  errorCode: null,
  stream: false,
  attempts: 1,
  fallbacks: [],
  tokens: { input: 1 },
  cost: 5,
  estimated: false,
  total: 12,
  upstream: 11,
  firstToken: null,
  overhead: 1,
};

describe('a request', () => {
  it('is one line with everything that places it', () => {
    const { logs, lines } = start();
    logs.request(event);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'request', ...event });
    expect(lines[0]?.endsWith('\n')).toBe(true);
  });

  it('whose line cannot be made is named, and takes no other line with it', () => {
    const { logs, lines } = start();
    const broken = {
      toJSON: () => {
        throw new Error('no text');
      },
    };
    logs.request(event);
    logs.request({ ...event, requestId: 'req-2', fallbacks: [broken] as never });
    logs.request({ ...event, requestId: 'req-3' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ...event },
      { level: 'error', requestId: 'req-2', error: 'Error: no text' },
      { ...event, requestId: 'req-3' },
    ]);
  });

  it('says its own names, also after one that differs in a single member', () => {
    const { logs, lines } = start();
    const changes: Partial<RequestEvent>[] = [
      {},
      {},
      { revision: 'other' },
      { secretEpoch: 4 },
      { key: null },
      { protocol: 'gemini' },
      { operation: 'embeddings' },
      { requestedModel: 'other' },
      { combo: 'other' },
      { provider: 'other' },
      { connection: 'other' },
      { status: 404 },
      { errorCode: 'not_found' },
      { stream: true },
      { attempts: 2 },
      { fallbacks: [{ provider: 'openai', class: 'timeout' }] },
      { fallbacks: [{ provider: 'openai', class: 'upstream' }] },
      {},
      { model: 'other' },
      {},
    ];
    for (const change of changes) logs.request({ ...event, ...change });
    expect(lines).toHaveLength(changes.length);
    for (const [index, change] of changes.entries()) {
      expect(JSON.parse(lines[index] ?? '')).toMatchObject({ ...event, ...change });
    }
  });

  it('hides a name that has become a secret since the last one', () => {
    const { logs, lines } = start();
    logs.request({ ...event, requestedModel: 'now-a-secret' });
    logs.hide(['now-a-secret']);
    logs.request({ ...event, requestedModel: 'now-a-secret' });
    expect(lines.map((line) => line.includes('now-a-secret'))).toEqual([true, false]);
  });

  it('is a warning when the gateway or its upstreams failed', () => {
    const { logs, lines } = start();
    logs.request({ ...event, status: 502 });
    logs.request({ ...event, status: 404 });
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['warn', 'info']);
  });

  it('is silent when requests are switched off, also while running', () => {
    const { logs, lines } = start({ requests: false });
    logs.request(event);
    logs.configure({ requests: true });
    logs.request(event);
    logs.configure({ level: 'error' });
    logs.request(event);
    expect(lines).toHaveLength(1);
  });
});

describe('secrets', () => {
  it('reach no line, whatever is logged', () => {
    const secret = plantSecret('registered');
    const header = plantSecret('header');
    const query = plantSecret('query');
    const password = plantSecret('password');
    for (const format of ['json', 'pretty'] as const) {
      const { logs, lines } = start({ format });
      logs.hide([secret]);
      const error = new Error(`upstream said: key ${secret} is wrong`, {
        cause: new Error(`Bearer ${header}`),
      });
      logs.log.error({ err: error }, 'failed');
      logs.log.error(error);
      logs.log.info({
        headers: { authorization: `Bearer ${header}`, 'X-Api-Key': header, cookie: [header] },
      });
      logs.log.info({ raw: ['authorization', `Basic ${Buffer.from(`u:${header}`).toString('base64')}`] });
      logs.log.info(
        { url: `https://host/v1beta/models?alt=sse&key=${query}#x` },
        `GET /x?access_token=${query}`,
      );
      logs.log.info({ deep: { er: { and: { deeper: { password, list: [{ refresh_token: password }] } } } } });
      logs.log.info({ body: JSON.stringify({ apiKey: password, nested: JSON.stringify({ password }) }) });
      logs.log.info(`proxy http://user:${password}@proxy:3128 is down; x-api-key: ${header}`);
      logs.log.child({ token: 1, secret }).warn({ value: [secret, { [secret]: secret }] }, '%s', secret);
      logs.log.info(encodeURIComponent(secret) + Buffer.from(secret).toString('base64'));
      logs.request({ ...event, requestedModel: secret, requestId: `Bearer ${header}` });
      expect(lines.length).toBeGreaterThanOrEqual(11);
      capture(`log lines (${format})`, lines.join(''));
      for (const value of [secret, header, query, password]) expect(lines.join('')).not.toContain(value);
    }
  });

  it('leave every JSON line readable', () => {
    const secret = plantSecret();
    const { logs, lines } = start();
    logs.hide([secret]);
    logs.log.info({ a: `"${secret}"`, authorization: `Bearer ${secret}"\\` }, `${secret}\n`);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ a: '"[redacted]"', authorization: '[redacted]' });
  });
});

describe('levels', () => {
  it('begin as told and change while running', () => {
    const { logs, lines } = start({ level: 'warn' });
    logs.log.info('no');
    logs.log.warn('yes');
    logs.configure({ level: 'debug' });
    logs.log.debug('yes');
    logs.configure({ level: 'silent' });
    logs.log.fatal('no');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['yes', 'yes']);
  });
});

describe('pretty lines', () => {
  it('begin and end with a reloaded configuration', () => {
    const { logs, lines } = start();
    logs.log.info('one');
    logs.configure({ format: 'pretty' });
    logs.log.info('two');
    logs.configure({ format: 'auto' });
    logs.log.info('three');
    expect(lines.map((line) => line.startsWith('{'))).toEqual([true, false, true]);
  });

  it('show time, level, message and fields', () => {
    const line = JSON.stringify({
      level: 'warn',
      time: Date.UTC(2026, 0, 1, 12, 34, 56, 789),
      revision: 'abc',
      nothing: null,
      list: [1],
      msg: 'configuration refused',
    });
    expect(renderPretty(line, false)).toBe(
      '12:34:56.789 WARN  configuration refused revision=abc list=[1]\n',
    );
    expect(renderPretty(line, true)).toContain('\u001B[33mWARN \u001B[0m');
  });

  it('show the stack of an error below', () => {
    const line = JSON.stringify({
      level: 'error',
      time: 0,
      err: { message: 'x', stack: 'Error: x\n  at y' },
      msg: 'm',
    });
    expect(renderPretty(line, false)).toBe('00:00:00.000 ERROR m\n    Error: x\n      at y\n');
  });

  it('pass on what is no JSON object', () => {
    expect(renderPretty('not json\n', false)).toBe('not json\n');
    expect(renderPretty('[1]\n', false)).toBe('[1]\n');
  });
});
