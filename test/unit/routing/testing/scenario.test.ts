import { describe, expect, it } from 'vitest';
import { assembleSnapshot } from '../../../../src/routing/assemble.ts';
import { renderPicture } from '../../../../src/routing/testing/scenario-picture.ts';
import { readScenario, renderTimeline, runScenario } from '../../../../src/routing/testing/scenario.ts';
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

function run(value: unknown) {
  const readFacts = (request: Readonly<Record<string, unknown>>) => makeFacts(String(request['model']));
  return runScenario({ scenario: readScenario(value), snapshot, world: createWorld(), start: 0, readFacts });
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

  it.each([
    [{}, 'arrivals must be a list'],
    [{ ...outage, more: 1 }, 'more is none of'],
    [{ ...outage, seed: 'x' }, 'seed must be'],
    [{ ...outage, upstreams: { a: [{ answer: 'maybe' }] } }, 'upstreams.a[0].answer'],
    [{ ...outage, arrivals: [{ request: {}, every: 5 }] }, 'arrivals[0].every'],
  ])('says what is wrong with %j', (value, message) => {
    expect(() => readScenario(value)).toThrow(message);
  });
});
