// Two hundred clients through an outage of the preferred provider and its end: none of them notices, nobody storms the
// provider that is down, and it is used again soon after it works again.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chat, providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { fail, frames, say, startUpstream, stream, type Script, type Upstream } from '../support/upstream.ts';

const clients = 200;

let first: Upstream;
let second: Upstream;
let rig: Rig | undefined;

beforeEach(async () => {
  first = await startUpstream(say('first'));
  second = await startUpstream(say('second'));
});

afterEach(async () => {
  await rig?.close();
  await Promise.all([first.close(), second.close()]);
});

/** Every way to fail without a token, in turn. */
const outage: readonly Script[] = [
  fail(503),
  stream([frames.role], 'cut'),
  fail(500),
  ({ socket }) => void socket.destroy(),
  ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  stream([frames.role], 'end'),
];

describe('an outage of the preferred provider', () => {
  it(
    'is noticed by no client, probed by one call at a time, and over when it is over',
    { timeout: 60_000 },
    async () => {
      const numbers = {
        cooldown: { transient: 20, rateLimit: 'hint', maxLevel: 1 },
        breaker: { failures: 5, reset: 120 },
      } as const;
      const running = await startRig({
        providers: [providerAt('one', first.baseUrl, numbers), providerAt('two', second.baseUrl, numbers)],
        combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
      });
      rig = running;
      const { world } = running.server.gateway;
      const stateOf = () => world.report(Date.now()).breakers.find(({ id }) => id === 'one@default')?.state;
      let turn = 0;
      let probes = 0;
      let inFlight = 0;
      let mostProbes = 0;
      let down = false;
      // A call that arrives while the breaker is half open is the probe; what was on its way before is not.
      const flaky: Script = async (call) => {
        if (!down) return say('first')(call);
        const isProbe = stateOf() === 'half-open';
        if (isProbe) {
          probes++;
          mostProbes = Math.max(mostProbes, ++inFlight);
          await new Promise((resolve) => setTimeout(resolve, 40));
          inFlight--;
        }
        await outage[turn++ % outage.length]!(call);
      };
      first.play(flaky);
      const served: string[] = [];
      const round = () =>
        Promise.all(
          Array.from({ length: clients }, async (_, i) => {
            const answer = await running.ask('node', { body: chat('pair', { stream: i % 2 === 0 }) });
            expect(answer).toMatchObject({ status: 200, broken: false });
            served.push(String(answer.headers['x-omniroute-provider']));
          }),
        );
      const share = (provider: string) => {
        const count = served.filter((name) => name === provider).length / served.length;
        served.length = 0;
        return count;
      };
      await round();
      expect(share('one')).toBe(1);
      down = true;
      for (let i = 0; i < 3; i++) await round();
      expect(share('two')).toBe(1);
      expect(stateOf()).not.toBe('closed');
      expect(mostProbes).toBeLessThanOrEqual(1);
      // Without a probe among the rounds one is provoked, so that its number says something.
      while (probes < 2) {
        await new Promise((resolve) => setTimeout(resolve, 130));
        await round();
      }
      expect(mostProbes).toBe(1);
      const before = first.calls.length;
      down = false;
      for (let i = 0; i < 40 && stateOf() !== undefined; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        await running.ask('node', { body: chat('pair') });
      }
      expect(stateOf()).toBeUndefined();
      expect(first.calls.length).toBeGreaterThan(before);
      served.length = 0;
      await round();
      expect(share('one')).toBe(1);
      // What came in during the outage went to the provider once at most; the breaker kept most of it away.
      expect(running.rows.every(({ status }) => status === 200)).toBe(true);
      expect(world.report(Date.now()).inFlight).toEqual({});
    },
  );
});

describe('an outage of everybody', () => {
  it(
    'is not made worse: repeats stay within the retry budget of each provider',
    { timeout: 60_000 },
    async () => {
      // Without rests and breakers, which would keep nearly all of these calls away, only the budget is left.
      const numbers = {
        retries: 3,
        cooldown: { transient: 0, rateLimit: 'hint', maxLevel: 0 },
        breaker: { failures: 100_000, reset: 1_000 },
      } as const;
      const running = await startRig({
        providers: [providerAt('one', first.baseUrl, numbers), providerAt('two', second.baseUrl, numbers)],
        combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
        retryShare: 0.2,
      });
      rig = running;
      for (const upstream of [first, second]) upstream.play(fail(503));
      const began = performance.now();
      const answers = await Promise.all(
        Array.from({ length: clients }, () => running.ask('node', { body: chat('pair') })),
      );
      const seconds = Math.ceil((performance.now() - began) / 1000);
      expect(answers.every(({ status }) => status === 503)).toBe(true);
      for (const upstream of [first, second]) {
        // Ten to begin with, a fifth of the calls, and one that grows back each second.
        const budget = 10 + 0.2 * clients + seconds;
        expect(upstream.calls.length).toBeGreaterThan(clients);
        expect(upstream.calls.length).toBeLessThanOrEqual(clients + budget);
      }
      for (const { attempts } of running.rows) {
        const targets = (JSON.parse(attempts) as { target: string }[]).map(({ target }) => target);
        for (const target of ['one/m', 'two/m'])
          expect(targets.filter((name) => name === target).length).toBeLessThanOrEqual(1 + 3);
      }
    },
  );
});

describe('a repeat of the same target', () => {
  it('waits until its account has rested', async () => {
    const cooldown = { transient: 400, rateLimit: 'hint', maxLevel: 0 } as const;
    rig = await startRig({ providers: [providerAt('one', first.baseUrl, { retries: 1, cooldown })] });
    const at: number[] = [];
    const note =
      (script: Script): Script =>
      (call) => {
        at.push(performance.now());
        return script(call);
      };
    first.play(note(fail(503)), note(say('first')));
    const answer = await rig.ask('node', { body: chat('one/m', { stream: true }) });
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(answer.headers['x-omniroute-attempts']).toBe('2');
    expect(at[1]! - at[0]!).toBeGreaterThan(395);
  });

  it('does not happen when that takes too long, or more often than it may', async () => {
    const cooldown = { transient: 60_000, rateLimit: 'hint', maxLevel: 0 } as const;
    rig = await startRig({
      providers: [
        providerAt('one', first.baseUrl, { retries: 5, cooldown }),
        providerAt('two', second.baseUrl, { retries: 2, cooldown: { ...cooldown, transient: 0 } }),
      ],
    });
    first.play(fail(503));
    second.play(fail(503));
    expect((await rig.ask('node', { body: chat('one/m') })).status).toBe(503);
    expect(first.calls).toHaveLength(1);
    expect((await rig.ask('node', { body: chat('two/m') })).status).toBe(503);
    expect(second.calls).toHaveLength(3);
  });
});
