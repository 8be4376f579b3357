import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Dispatcher } from 'undici';
import { errors } from 'undici';
import { expect, test } from 'vitest';
import { createManualTimers } from '../../../src/lib/timers.ts';
import { SandboxDispatcher } from '../../../src/upstream/sandbox/dispatcher.ts';
import { createSandboxPool } from '../../../src/upstream/sandbox/pool.ts';
import { createSandbox } from '../../../src/upstream/sandbox/simulator.ts';

const call = (model: string, stream = false): Dispatcher.RequestOptions => ({
  origin: 'http://sandbox.invalid',
  path: '/v1/chat/completions',
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
});

function createDispatcher() {
  const timers = createManualTimers();
  const sandbox = createSandbox({ faults: true });
  return { timers, sandbox, dispatcher: new SandboxDispatcher(sandbox, timers) };
}

/** A handler that writes down what it meets; `onData` may use the controller. */
function recorder(onData?: (controller: Dispatcher.DispatchController) => void) {
  const seen: string[] = [];
  let controller: Dispatcher.DispatchController | undefined;
  let bytes = '';
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (given) => {
      controller = given;
      seen.push('start');
    },
    onResponseStart: (_, status) => seen.push(`head ${status}`),
    onResponseData: (given, chunk) => {
      if (seen.at(-1) !== 'data') seen.push('data');
      bytes += chunk.toString();
      onData?.(given);
    },
    onResponseEnd: () => seen.push('end'),
    onResponseError: (_, error) => seen.push(error.name),
  };
  return {
    handler,
    seen,
    get bytes() {
      return bytes;
    },
    get controller() {
      if (!controller) throw new Error('not started');
      return controller;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("undici's own request() reads it like any origin", async () => {
  const { dispatcher, sandbox } = createDispatcher();
  const answer = await dispatcher.request(call('echo'));
  expect(answer).toMatchObject({
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'x-omniroute-sandbox': 'true' },
  });
  expect(await answer.body.json()).toMatchObject({ choices: [{ message: { content: 'Hello' } }] });
  const raw = await dispatcher.request({ ...call('echo'), responseHeaders: 'raw' });
  expect(raw.headers).toContain('x-omniroute-sandbox');
  await raw.body.dump();
  expect(sandbox.journal.entries()[0]?.headers).toEqual({ 'content-type': 'application/json' });
});

test.each([
  ['bytes', Buffer.from(String(call('echo').body))],
  ['a stream', Readable.from([String(call('echo').body).slice(0, 9), String(call('echo').body).slice(9)])],
])('takes a body of %s', async (_, body) => {
  const answer = await createDispatcher().dispatcher.request({ ...call('echo'), body });
  expect(await text(answer.body)).toContain('Hello');
});

test('takes headers as a list, an iterable or a record, and a query', async () => {
  const { dispatcher, sandbox } = createDispatcher();
  for (const headers of [['X-One', '1'], new Map([['X-One', '1']]), { 'X-One': ['1'] }]) {
    await (await dispatcher.request({ ...call('echo'), headers, query: { a: 'b' } })).body.dump();
  }
  expect(sandbox.journal.entries().map((entry) => [entry.path, entry.headers])).toEqual(
    Array.from({ length: 3 }, () => ['/v1/chat/completions?a=b', { 'x-one': '1' }]),
  );
});

test('never answers inside dispatch()', async () => {
  const { dispatcher } = createDispatcher();
  const record = recorder();
  expect(dispatcher.dispatch(call('echo'), record.handler)).toBe(true);
  expect(record.seen).toEqual(['start']);
  await turn();
  expect(record.seen).toEqual(['start', 'head 200', 'data', 'end']);
});

test('a paused reader gets nothing until it resumes', async () => {
  const { dispatcher } = createDispatcher();
  const record = recorder((controller) => controller.pause());
  dispatcher.dispatch(call('script/text', true), record.handler);
  await turn();
  const before = record.bytes.length;
  expect(before).toBeGreaterThan(0);
  await turn();
  expect(record.bytes).toHaveLength(before);
  expect(record.controller.paused).toBe(true);
  while (!record.seen.includes('end')) record.controller.resume();
  expect(record.bytes).toContain('[DONE]');
});

test('an abort ends the call at once, in whatever state it is', async () => {
  const reason = new Error('gone');
  const first = createDispatcher();
  const early = recorder();
  first.dispatcher.dispatch(call('echo'), {
    ...early.handler,
    onRequestStart: (controller) => controller.abort(reason),
  });
  await turn();
  expect(early.seen).toEqual(['Error']);
  expect(first.sandbox.journal.entries()).toEqual([]);

  const { dispatcher, timers } = createDispatcher();
  const late = recorder();
  dispatcher.dispatch(call('script/slow', true), late.handler);
  await turn();
  timers.advance(200);
  expect(late.seen).toEqual(['start', 'head 200', 'data']);
  late.controller.abort(reason);
  late.controller.abort(new Error('again'));
  timers.advance(1e6);
  expect(late.seen).toEqual(['start', 'head 200', 'data', 'Error']);
  expect(late.controller).toMatchObject({ aborted: true, reason });
  expect(timers.pending).toBe(0);
});

test('a cut is a socket error, before and after the head', async () => {
  const { dispatcher } = createDispatcher();
  await expect(dispatcher.request(call('script/cut-head', true))).rejects.toThrow(errors.SocketError);
  const { body } = await dispatcher.request(call('script/cut', true));
  await expect(text(body)).rejects.toThrow('other side closed');
});

test('stalls end by the timeouts of the call', async () => {
  const { dispatcher, timers } = createDispatcher();
  const head = recorder();
  dispatcher.dispatch({ ...call('script/stall-head', true), headersTimeout: 100 }, head.handler);
  await turn();
  timers.advance(99);
  expect(head.seen).toEqual(['start']);
  timers.advance(1);
  expect(head.seen).toEqual(['start', 'HeadersTimeoutError']);

  const body = recorder();
  dispatcher.dispatch({ ...call('script/stall', true), headersTimeout: 0, bodyTimeout: 50 }, body.handler);
  await turn();
  timers.advance(50);
  expect(body.seen).toEqual(['start', 'head 200', 'data', 'BodyTimeoutError']);
  expect(timers.pending).toBe(0);
});

test('a slow stream does not time out while it speaks, nor while its reader pauses', async () => {
  const { dispatcher, timers } = createDispatcher();
  const record = recorder();
  dispatcher.dispatch(
    { ...call('script/slow', true), headersTimeout: 500, bodyTimeout: 150 },
    record.handler,
  );
  await turn();
  timers.advance(300);
  record.controller.pause();
  timers.advance(10_000);
  expect(record.seen.at(-1)).toBe('data');
  record.controller.resume();
  timers.advance(20_000);
  expect(record.seen).toEqual(['start', 'head 200', 'data', 'end']);
});

test('close waits for running calls and takes no new ones; destroy breaks them', async () => {
  const { dispatcher, timers } = createDispatcher();
  const record = recorder();
  dispatcher.dispatch(call('script/slow'), record.handler);
  await turn();
  let closed = false;
  const closing = dispatcher.close().then(() => (closed = true));
  await turn();
  expect(closed).toBe(false);
  timers.advance(60_000);
  await closing;
  expect(record.seen.at(-1)).toBe('end');
  await expect(dispatcher.request(call('echo'))).rejects.toThrow(errors.ClientClosedError);

  const other = createDispatcher();
  const broken = recorder();
  other.dispatcher.dispatch(call('script/stall-head'), broken.handler);
  await turn();
  await other.dispatcher.destroy();
  expect(broken.seen).toEqual(['start', 'ClientDestroyedError']);
});

test('the pool keeps one simulator per settings object', () => {
  const find = createSandboxPool();
  const settings = { faults: false, seed: 1, behaviours: {} };
  expect(find(settings)).toBe(find(settings));
  expect(find(settings)).not.toBe(find({ ...settings }));
});
