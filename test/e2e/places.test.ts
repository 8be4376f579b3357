// Places, pace and quotas of accounts and targets, from the configuration to the wire: who waits, who is spared the
// waiting, and what an account that has used up its quota is not asked for.
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSnapshotRef } from '../../src/routing/snapshot.ts';
import { makeSnapshot } from '../support/config.ts';
import { chat, startRig, type Rig } from '../support/gateway.ts';
import {
  answerBody,
  say,
  startUpstream,
  type Script,
  type SeenCall,
  type Upstream,
} from '../support/upstream.ts';

type Plain = Readonly<Record<string, unknown>>;

let first: Upstream;
let second: Upstream;
let rig: Rig;
/** Calls that wait for their answer at the first upstream. */
let held: SeenCall[] = [];
let most = 0;

const hold: Script = (call) => {
  held.push(call);
  most = Math.max(most, held.length);
};
const answer = (call: SeenCall, headers: Record<string, string> = {}): void => {
  held.splice(held.indexOf(call), 1);
  call.response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(answerBody('first'));
};

beforeEach(async () => {
  held = [];
  most = 0;
  first = await startUpstream(hold);
  second = await startUpstream(say('second'));
});

afterEach(async () => {
  while (held[0]) answer(held[0]);
  await rig.close();
  await Promise.all([first.close(), second.close()]);
});

async function start(one: Plain, more: Plain = {}): Promise<void> {
  const provide = (baseUrl: string, part: Plain = {}) => ({
    protocols: [{ name: 'openai-chat', baseUrl }],
    allowPrivateNetwork: true,
    connections: [{ id: 'default', apiKey: '${env:A_KEY}' }],
    ...part,
  });
  const snapshot = makeSnapshot({
    providers: { one: provide(first.baseUrl, one), two: provide(second.baseUrl) },
    combos: { pair: { targets: ['one/m', 'two/m'] } },
    ...more,
  });
  rig = await startRig({}, { snapshots: createSnapshotRef(snapshot) });
}

const account = (part: Plain, id = 'default') => ({ id, apiKey: '${env:A_KEY}', ...part });
const ask = (model = 'pair') => rig.ask('node', { body: chat(model) });
const provider = async (asked: ReturnType<typeof ask>) => (await asked).headers['x-omniroute-provider'];

describe('places', () => {
  it('no account has more calls than it may have, and all come to their turn', async () => {
    await start({ connections: [account({ maxConcurrent: 2 })] });
    const asked = Array.from({ length: 7 }, () => ask('one/m'));
    for (let answered = 0; answered < 7; answered++) {
      await vi.waitFor(() => expect(held.length).toBe(Math.min(2, 7 - answered)));
      answer(held[0]!);
    }
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(most).toBe(2);
    expect(rig.server.gateway.slots.running('one@default')).toBe(0);
  });

  it('a full account is passed over while another one is free', async () => {
    await start({ connections: [account({ maxConcurrent: 1 }, 'a'), account({ maxConcurrent: 1 }, 'b')] });
    const asked = [ask('one/m'), ask('one/m')];
    await vi.waitFor(() => expect(held).toHaveLength(2));
    while (held[0]) answer(held[0]);
    await Promise.all(asked);
    expect(rig.rows.map(({ connection }) => connection).toSorted()).toEqual(['a', 'b']);
  });

  it('the next target answers when a place does not come within queueTimeout', async () => {
    await start(
      {},
      { combos: { pair: { targets: ['one/m', 'two/m'], maxConcurrent: 1, queueTimeout: '60ms' } } },
    );
    const asked = ask();
    await vi.waitFor(() => expect(held).toHaveLength(1));
    const began = performance.now();
    expect(await provider(ask())).toBe('two');
    expect(performance.now() - began).toBeGreaterThan(55);
    answer(held[0]!);
    expect(await provider(asked)).toBe('one');
    // Nobody was called, so nobody has failed.
    expect(rig.server.gateway.world.report(Date.now())).toMatchObject({ cooldowns: [], breakers: [] });
    expect(JSON.parse(rig.rows[0]!.attempts)).toMatchObject([{ target: 'two/m' }]);
  });

  it('a stream that waits for its place is told that it lives, and then answered', async () => {
    await start(
      { connections: [account({ maxConcurrent: 1 })], profile: 'quick' },
      { resilience: { profiles: { quick: { commitAfter: '40ms' } } }, server: { keepAliveInterval: '1s' } },
    );
    const asked = ask('one/m');
    await vi.waitFor(() => expect(held).toHaveLength(1));
    const response = await fetch(`${rig.server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat('one/m', { stream: true })),
    });
    // The head is here although the place is not.
    expect(response.status).toBe(200);
    expect(first.calls).toHaveLength(1);
    expect(rig.server.gateway.slots.waiting('one@default')).toBe(1);
    first.play(say('streamed'));
    answer(held[0]!);
    const text = await response.text();
    expect(text).toMatch(/^: /);
    expect(text).toContain('streamed');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect((await asked).status).toBe(200);
  });

  it('a client that leaves the queue takes no place, and its row says that it left', async () => {
    await start({ connections: [account({ maxConcurrent: 1 })] });
    const asked = ask('one/m');
    await vi.waitFor(() => expect(held).toHaveLength(1));
    const { slots } = rig.server.gateway;
    const body = JSON.stringify(chat('one/m'));
    const { hostname, port } = new URL(rig.server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await vi.waitFor(() => expect(slots.waiting('one@default')).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(slots.waiting('one@default')).toBe(0));
    await vi.waitFor(() => expect(rig.rows).toHaveLength(1));
    expect(rig.rows[0]).toMatchObject({ status: 499, errorCode: 'client_closed_request', provider: null });
    answer(held[0]!);
    expect((await asked).status).toBe(200);
    expect(first.calls).toHaveLength(1);
    expect(slots.running('one@default')).toBe(0);
  });
});

describe('pace', () => {
  it('keeps calls apart, and stays below the rate of any window', async () => {
    first.play(say('first'));
    await start({ pace: { requests: '3/s', spacing: '40ms', concurrent: 10 } });
    const starts: number[] = [];
    first.play((call) => {
      starts.push(performance.now());
      return say('first')(call);
    });
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('one/m')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    // From before the first call: whatever a call's way takes, it cannot arrive too early.
    expect(starts[2]! - began).toBeGreaterThanOrEqual(79);
    expect(starts[3]! - began).toBeGreaterThanOrEqual(999);
  });
});

describe('quotas', () => {
  const limits = (remaining: number) => ({
    'x-ratelimit-limit-requests': '50',
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': '1m0s',
  });

  it('what headers report is known, and an account with nothing left is not asked until its reset', async () => {
    await start({});
    const play = (remaining: number) =>
      first.play((call) => {
        held.push(call);
        answer(call, limits(remaining));
      });
    play(1);
    expect(await provider(ask())).toBe('one');
    play(0);
    expect(await provider(ask())).toBe('one');
    expect(rig.server.gateway.world.quota('one@default')).toMatchObject({
      requests: { limit: 50, used: 50, source: 'header' },
    });
    expect(await provider(ask())).toBe('two');
    const refused = await ask('one/m');
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(first.calls).toHaveLength(2);
    expect(JSON.parse(rig.rows[2]!.reasons)).toContainEqual(expect.objectContaining({ code: 'quota-spent' }));
  });

  it('a declared window counts tokens and calls, and is left at its threshold', async () => {
    first.play(say('first'));
    const quota = { window: '1h', tokens: 30, threshold: 0.8 };
    await start({ connections: [account({ quota })] });
    for (const expected of ['one', 'one', 'two']) expect(await provider(ask())).toBe(expected);
    expect(rig.server.gateway.world.quota('one@default')).toMatchObject({
      'tokens per 1h': { used: 26, limit: 30, source: 'declared' },
    });
    const refused = await ask('one/m');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3500);
  });

  it('counts calls that run, not only those that have ended', async () => {
    await start({ connections: [account({ quota: { window: '1h', requests: 2, threshold: 1 } })] });
    const asked = [ask(), ask()];
    await vi.waitFor(() => expect(held).toHaveLength(2));
    expect(await provider(ask())).toBe('two');
    while (held[0]) answer(held[0]);
    await Promise.all(asked);
  });
});
