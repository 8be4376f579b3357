import { describe, expect, it } from 'vitest';
import { assembleSnapshot } from '../../../../src/routing/assemble.ts';
import { renderPicture } from '../../../../src/routing/testing/scenario-picture.ts';
import { readScenario } from '../../../../src/routing/testing/scenario-file.ts';
import { renderTimeline } from '../../../../src/routing/testing/scenario-text.ts';
import { runScenario } from '../../../../src/routing/testing/scenario.ts';
import { createPrincipal } from '../../../../src/routing/principal.ts';
import type { Snapshot } from '../../../../src/routing/snapshot.ts';
import { makeSnapshot } from '../../../support/config.ts';
import { createWorld } from '../../../../src/routing/world/memory.ts';
import { makeCombo, makeFacts, makeProvider } from '../../../support/routing.ts';

const snapshot = assembleSnapshot({
  providers: [makeProvider('a'), makeProvider('b')],
  combos: [makeCombo('c', 'priority', ['a/m', 'b/m'])],
});

const outage = {
  arrivals: [{ request: { model: 'c' }, every: '10s', count: 4 }],
  upstreams: { a: [{ answer: 'ok' }, { from: '5s', until: '25s', answer: 503, takes: '100ms' }] },
};

function run(value: unknown, rules: Snapshot = snapshot) {
  const { scenario, faults } = readScenario(value);
  expect(faults).toEqual([]);
  const read = ({ model, key }: Readonly<Record<string, unknown>>) => {
    const known = rules.keys.values().find(({ id }) => id === key);
    const facts = makeFacts(String(model), known ? { principal: createPrincipal(known) } : {});
    return { facts: { ...facts, inputTokens: 100 } };
  };
  return runScenario({ scenario: scenario!, snapshot: rules, world: createWorld(), start: 0, read });
}

describe('a scenario', () => {
  it('runs: requests fall back in the outage and come home after it', () => {
    const { requests, states } = run(outage);
    expect(requests.map(({ at, outcome }) => [at, outcome])).toEqual([
      [0, 'a/m'],
      [10_000, 'b/m'],
      [20_000, 'b/m'],
      [30_000, 'a/m'],
    ]);
    expect(states.map(({ kind, id, from }) => [kind, id, from])).toEqual([
      ['cooldown', 'a@default m', 10_100],
      ['cooldown', 'a@default m', 20_100],
    ]);
  });

  it('is the same every time', () => {
    expect(run(outage)).toEqual(run(outage));
  });

  it('shows as text and as a picture', () => {
    const timeline = run(outage);
    expect(renderTimeline(timeline)).toContain('10.000 s    a/m as a@default: overloaded');
    const picture = renderPicture(timeline);
    expect(picture.match(/class="bad"/g)).toHaveLength(2);
    expect(picture.match(/class="cooldown"/g)).toHaveLength(2);
  });

  it('tells every fault, each with its pointer', () => {
    const { faults } = readScenario({
      more: 1,
      seed: 'x',
      arrivals: [{ request: {}, every: 5 }, { count: 0 }],
      upstreams: { 'a/b': [{ answer: 'okk', takes: '1s' }], c: 5 },
    });
    expect(faults.map(({ pointer, message }) => `${pointer}: ${message}`)).toEqual([
      '/more: unknown key "more"',
      '/seed: seed must be a whole number from 0 to 4294967295',
      '/arrivals/0/every: arrivals[0].every must be a time such as 30s',
      '/arrivals/1: arrivals[1] lacks request',
      '/arrivals/1/count: arrivals[1].count must be a whole number from 1 to 10000',
      expect.stringContaining('/upstreams/a~1b/0/answer: upstreams.a/b[0].answer is neither'),
      '/upstreams/c: upstreams.c must be a list',
    ]);
    expect(faults.find(({ pointer }) => pointer.endsWith('answer'))?.suggestion).toBe('did you mean "ok"?');
    expect(readScenario([]).faults).toMatchObject([{ pointer: '', message: 'a scenario must be a map' }]);
    expect(readScenario({}).faults).toMatchObject([{ message: 'the file lacks arrivals' }]);
  });
});

describe('the places of a scenario', () => {
  const bounded = makeSnapshot({
    providers: {
      openai: {
        connections: [
          {
            id: 'a',
            apiKey: '${env:A}',
            maxConcurrent: 2,
            pace: { requests: '4/min', spacing: '0s', concurrent: 5 },
          },
        ],
      },
      other: { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' },
    },
    models: { 'openai/gpt-5': { price: { input: 1, output: 2 } } },
    combos: { c: { targets: ['openai/gpt-5', 'other/m'], queueTimeout: '10s' } },
    keys: [{ id: 'k', digest: `sha256:${'1'.repeat(64)}`, limits: { requests: '6/min' } }],
  });
  const burst = {
    arrivals: [{ request: { model: 'c', key: 'k' }, every: '1s', count: 7 }],
    upstreams: { openai: [{ takes: '6s', outputTokens: 50 }], other: [{ takes: '1s' }] },
  };

  it('are taken, waited for and given up, and the pace and the limits of keys hold', () => {
    const { requests, lanes } = run(burst, bounded);
    expect(
      requests.map(({ at, outcome, ended, attempts }) => [
        at,
        outcome,
        ended,
        attempts.map(
          ({ connection, end, queued }) => `${connection} ${end}${queued === undefined ? '' : ` ${queued}`}`,
        ),
      ]),
    ).toEqual([
      [0, 'openai/gpt-5', 6_000, ['openai@a success']],
      [1_000, 'openai/gpt-5', 7_000, ['openai@a success']],
      [2_000, 'openai/gpt-5', 12_000, ['openai@a success 4000']],
      [3_000, 'openai/gpt-5', 13_000, ['openai@a success 4000']],
      // Four calls in a minute have begun: the fifth waits for its ten seconds and goes elsewhere.
      [4_000, 'other/m', 15_000, ['openai@a held: place 10000', 'other@default success']],
      [5_000, 'other/m', 16_000, ['openai@a held: place 10000', 'other@default success']],
      [6_000, 'rate_limit_exceeded', 6_000, []],
    ]);
    expect(requests.at(-1)).toMatchObject({ key: 'k', retryAfter: 55 });
    const account = lanes.find(({ id }) => id === 'openai@a')!;
    expect(account).toMatchObject({ places: 2, pace: { count: 4, per: 60_000 } });
    const peak = (name: 'running' | 'waiting' | 'begun') =>
      Math.max(...account.series.map((sample) => sample[name]));
    expect([peak('running'), peak('waiting'), peak('begun')]).toEqual([2, 4, 4]);
    expect(account.series.at(-1)).toMatchObject({ running: 0, waiting: 0 });
    expect(lanes.find(({ id }) => id === 'key k')).toMatchObject({ pace: { count: 6 } });
  });

  it('cost what their answers cost, and what has no price is told', () => {
    const timeline = run(burst, bounded);
    const { spend, unpriced } = timeline;
    const one = 100 * 1000 + 50 * 2000;
    expect(spend.map(({ at, cost, total, key, target }) => [at, cost, total, key, target])).toEqual(
      [6_000, 7_000, 12_000, 13_000].map((at, index) => [at, one, one * (index + 1), 'k', 'openai/gpt-5']),
    );
    expect(unpriced).toBe(2);
    const text = renderTimeline(timeline);
    expect(text).toContain('openai/gpt-5 as openai@a: success, 4s in the queue, 0.0002 USD');
    expect(text).toContain('openai@a: at most 2 of 2 at the same time, 4 in the queue, 4 of 4 calls in 1m');
    expect(text).toContain('0.0008 USD for 4 answers');
    expect(text).toContain('key k  0.0008 USD for 4 answers');
    expect(text).toContain('2 answers of unknown price');
    const picture = renderPicture(timeline);
    expect(picture.match(/<polyline class="spend"/g)).toHaveLength(1);
    for (const part of ['class="queued"', 'class="running"', 'class="waiting"', 'openai@a places'])
      expect(picture).toContain(part);
  });
});
