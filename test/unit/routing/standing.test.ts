// A plan that stands is the plan that would be made: over random configurations, and requests between which things happen.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UpstreamFailure } from '../../../src/errors.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { decide, decideAnew } from '../../../src/routing/decide.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import type { Snapshot } from '../../../src/routing/snapshot.ts';
import { strategies } from '../../../src/routing/strategies/registry.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { sessionIdOf } from '../../../src/routing/world/sessions.ts';
import type { Call, MutableWorld } from '../../../src/routing/world/world.ts';
import { makeSnapshot } from '../../support/config.ts';
import { makeFacts, profile } from '../../support/routing.ts';

const start = Date.UTC(2026, 5, 1, 12);
const models = ['p/a', 'p/b', 'q/a', 'q/c', 'r/d'];
// One name a case: only its own requests can meet a plan that stands.
const name = fc.constantFrom(
  'one',
  'one',
  'one',
  'two',
  ...models,
  'nick',
  'any-a',
  'a',
  'one[1m]',
  'p/a-thinking',
  'x',
);

const target = fc.record(
  {
    model: fc.constantFrom(...models),
    when: fc.constantFrom('request.inputTokens > 500', 'key.id == "ci"', 'request.session == "s"'),
    schedule: fc.constantFrom('08:00-12:01 UTC', '12:01-08:00 UTC'),
  },
  { requiredKeys: ['model'] },
);
// Most combos are plain, or nearly so: theirs are the plans that stand.
const plainTargets = fc.array(fc.record({ model: fc.constantFrom(...models) }), {
  minLength: 1,
  maxLength: 4,
});
const strategy = fc.constantFrom('random', ...strategies.map(({ name: each }) => each));
const combo = fc.oneof(
  fc.record({ targets: plainTargets }),
  fc.record({ strategy, targets: plainTargets }),
  fc.record({ strategy, targets: fc.array(target, { minLength: 1, maxLength: 4 }) }),
);
const overflow = fc.subarray(models, { maxLength: 2 });
const accounts = fc.array(
  fc.record(
    { maxConcurrent: fc.integer({ min: 1, max: 2 }), models: fc.constant(['a']), enabled: fc.boolean() },
    { requiredKeys: [] },
  ),
  { minLength: 1, maxLength: 3 },
);
const rule = fc.constantFrom<object>(
  { deny: 'no', match: { models: ['two'] } },
  { route: 'q/c', match: { models: ['p/b'] } },
  { noLog: true, match: { schedule: '12:01-18:00 UTC' } },
  { preferProviders: ['q'], match: { keys: ['ci'] } },
);
const budget = { id: 'all', limit: 0.001, period: 'hourly', onExceeded: { action: 'warn' } };

const config = fc
  .record({
    one: combo,
    two: combo,
    overflow,
    accounts,
    select: fc.constantFrom('fill-first', 'fill-first', 'random', 'round-robin', 'p2c', 'least-used'),
    nested: fc.boolean(),
    rules: fc.oneof(fc.constant<object[]>([]), fc.constant<object[]>([]), fc.array(rule, { maxLength: 2 })),
    budgets: fc.constantFrom([], [], [budget]),
    affinity: fc.boolean(),
  })
  .map(
    ({
      one,
      two,
      overflow: onContextOverflow,
      accounts: connections,
      select,
      nested,
      rules,
      budgets,
      affinity,
    }) => ({
      providers: {
        p: {
          protocols: [{ name: 'openai-chat', baseUrl: 'https://p.test' }],
          select,
          models: ['a', 'b'],
          connections: connections.map((one, index) => ({
            id: `c${index}`,
            apiKey: `\${env:K${index}}`,
            ...one,
          })),
        },
        q: {
          protocols: [{ name: 'anthropic-messages', baseUrl: 'http://127.0.0.1:1' }],
          auth: 'none',
          models: ['a', 'c'],
        },
        r: {
          protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }],
          auth: 'none',
          models: ['d'],
        },
      },
      models: { 'p/a': { price: { input: 1, output: 1 } } },
      aliases: { nick: 'p/a', 'any-*': 'q/*' },
      combos: {
        one: onContextOverflow.length > 0 ? { ...one, onContextOverflow } : one,
        two: nested ? { ...two, targets: [...two.targets, { model: 'one' }] } : two,
      },
      policies: rules.map((each, index) => ({ id: `rule-${index}`, ...each })),
      budgets,
      sessions: { affinity },
    }),
  );

const principal = fc.constantFrom<Facts['principal']>(
  { role: 'inference', tags: {}, noLog: false },
  { key: 'ci', role: 'inference', tags: {}, noLog: false, models: ['one', 'p/*'] },
  { key: 'ci', role: 'inference', tags: {}, noLog: true },
  { key: 'ops', role: 'inference', tags: {}, noLog: false, connections: ['p@c1', 'q@*'] },
);
const request = fc.record(
  {
    principal,
    protocol: fc.constantFrom<Facts['protocol']>('openai-chat', 'openai-chat', 'anthropic-messages'),
    operation: fc.constantFrom<Facts['operation']>('chat', 'chat', 'chat', 'embeddings', 'count-tokens'),
    inputTokens: fc.nat(1_000),
    session: fc.constantFrom('s', 't'),
  },
  { requiredKeys: ['principal', 'protocol', 'operation', 'inputTokens'] },
);
const happening = fc.record({
  at: fc.constantFrom('p@c0', 'p@c0', 'p@c1', 'q@default'),
  model: fc.constantFrom('a', 'a', 'b'),
  end: fc.constantFrom(
    'runs',
    'success',
    'upstream',
    'upstream',
    'rate_limit',
    'authentication',
    'clear',
    'secret',
    'quota',
    'session',
    'session',
    'session',
  ),
});
const step = fc.record({
  request,
  seed: fc.nat(),
  wait: fc.constantFrom(0, 0, 1_000, 60_000),
  happens: fc.array(happening, { maxLength: 2 }),
});

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

const numRuns = Number(process.env.FC_RUNS ?? 300);

describe('a plan that stands', { timeout: 20_000 + numRuns * 40 }, () => {
  it('is the plan that would be made', () => {
    fc.assert(
      fc.property(config, name, fc.array(step, { minLength: 2, maxLength: 12 }), (written, model, steps) => {
        const snapshot = makeSnapshot(written);
        const missing = new Set<string>();
        const world = createWorld({ hasCredential: (key) => !missing.has(key) });
        let now = start;
        for (const { request: asked, seed, wait, happens } of steps) {
          now += wait;
          for (const each of happens) apply(world, missing, each, now);
          const facts = makeFacts(model, asked);
          const input = { snapshot, facts, world, now };
          // Twice: the second time a plan may stand.
          for (let time = 0; time < 2; time++) {
            const decision = decide({ ...input, random: createRandom(seed) });
            expect(decision).toEqual(decideAnew({ ...input, random: createRandom(seed) }));
          }
        }
      }),
      { numRuns: 3 * numRuns },
    );
  });
});

function apply(world: MutableWorld, missing: Set<string>, { at, model, end }: Happening, now: number): void {
  const call: Call = { provider: at.slice(0, 1), connection: at, model, profile };
  if (end === 'clear') return world.record({ kind: 'account-cleared', connection: at }, now);
  if (end === 'secret') return void (missing.delete(at) || missing.add(at));
  if (end === 'session') {
    const served = { session: sessionIdOf('ci', 's'), connection: at, target: `${call.provider}/${model}` };
    return world.record({ kind: 'session-served', ...served }, now);
  }
  if (end === 'quota') {
    const window = {
      window: 'requests',
      used: 5,
      limit: 5,
      resetAt: now + 30_000,
      source: 'header',
      at: now,
    } as const;
    return world.record({ kind: 'quota-observed', connection: at, windows: [window] }, now);
  }
  world.record({ kind: 'call-began', call, retry: false, retryShare: 1 }, now);
  if (end === 'runs') return;
  const failure: UpstreamFailure = { class: end === 'success' ? 'upstream' : end, message: '' };
  const how =
    end === 'success'
      ? ({ kind: 'success', firstToken: 9 } as const)
      : ({ kind: 'failure', failure, random: 0.5 } as const);
  // A breaker opens after five failures.
  for (let time = 0; time < (end === 'upstream' ? 5 : 1); time++)
    world.record({ kind: 'call-ended', call, end: how }, now);
}

const plain = {
  providers: {
    p: {
      protocols: [{ name: 'openai-chat', baseUrl: 'https://p.test' }],
      connections: [{ id: 'c0', apiKey: '${env:K}' }],
      models: ['a', 'b'],
    },
  },
  combos: { one: { targets: ['p/a', 'p/b'] }, round: { strategy: 'round-robin', targets: ['p/a', 'p/b'] } },
};

function ask(snapshot: Snapshot, model: string, part: Partial<Facts> = {}, world = createWorld()) {
  return decide({ snapshot, facts: makeFacts(model, part), world, now: start, random: () => 0.5 });
}

describe('which plans stand', () => {
  it.each(['one', 'p/a', 'a', 'one[1m]', 'p/a-thinking'])('%s', (model) => {
    const snapshot = makeSnapshot(plain);
    const first = ask(snapshot, model);
    expect(ask(snapshot, model)).toBe(first);
    expect(ask(snapshot, model, { session: 'new' })).toBe(first);
    expect(ask(snapshot, model, { protocol: 'gemini' })).not.toBe(first);
    expect(ask(makeSnapshot(plain), model)).not.toBe(first);
  });

  it('none that a rotation has a part in', () => {
    const snapshot = makeSnapshot(plain);
    expect(ask(snapshot, 'round')).not.toBe(ask(snapshot, 'round'));
  });

  it('none while an account rests, and the same again afterwards', () => {
    const snapshot = makeSnapshot(plain);
    const first = ask(snapshot, 'one');
    const world = createWorld();
    apply(world, new Set(), { at: 'p@c0', model: 'a', end: 'rate_limit' }, start);
    expect(ask(snapshot, 'one', {}, world)).toMatchObject({ attempts: [{ target: 'p/b' }] });
    world.record({ kind: 'account-cleared', connection: 'p@c0' }, start);
    expect(ask(snapshot, 'one', {}, world)).toBe(first);
  });

  it('for nobody who may not ask', () => {
    const snapshot = makeSnapshot(plain);
    ask(snapshot, 'one');
    const principal = { key: 'ci', role: 'inference', tags: {}, noLog: false, models: ['p/a'] } as const;
    expect(ask(snapshot, 'one', { principal })).toMatchObject({ kind: 'refuse', code: 'model_not_allowed' });
  });

  it('nobody can change one', () => {
    const plan = ask(makeSnapshot(plain), 'one');
    if (plan.kind === 'refuse') throw new Error(plan.message);
    for (const part of [plan, plan.attempts, plan.attempts[0], plan.reasons])
      expect(Object.isFrozen(part)).toBe(true);
  });
});
