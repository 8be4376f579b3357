// decide() as a whole over random configurations, worlds, requests and seeds.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Outcome } from '../../../src/routing/decision.ts';
import { explain } from '../../../src/routing/explain.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import { next } from '../../../src/routing/next.ts';
import { reasonTable } from '../../../src/routing/reasons.ts';
import type { Snapshot } from '../../../src/routing/snapshot.ts';
import { strategies } from '../../../src/routing/strategies/registry.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { makeSnapshot } from '../../support/config.ts';
import { makeFacts, makeOutcome, profile } from '../../support/routing.ts';

const now = Date.UTC(2026, 5, 1, 12);
const providers = ['openai', 'anthropic', 'deepseek', 'local'];
const models = [
  'openai/gpt-5',
  'openai/gpt-5-mini',
  'anthropic/claude-opus-5',
  'deepseek/deepseek-chat',
  'local/llama',
];
const combos = ['one', 'two', 'three'];

const target = fc.record(
  {
    model: fc.constantFrom(...models, 'nick'),
    weight: fc.nat(5),
    when: fc.constantFrom('request.inputTokens > 500', '!request.hasTools', 'key.id == "ci"'),
    schedule: fc.constantFrom('08:00-18:00 UTC', '18:00-08:00 UTC'),
  },
  { requiredKeys: ['model', 'weight'] },
);
const strategy = fc.constantFrom(...strategies.map(({ name }) => name));
const combo = fc.record({ strategy, targets: fc.array(target, { minLength: 1, maxLength: 5 }) });
const config = fc
  .record({
    combos: fc.record({ one: combo, two: combo, three: combo }),
    nested: fc.boolean(),
    select: fc.constantFrom('fill-first', 'round-robin', 'p2c', 'random', 'least-used', 'strict-random'),
    policy: fc.option(
      fc.constantFrom<object>(
        { deny: 'no' },
        { route: 'one' },
        { blockProviders: ['openai'] },
        { preferProviders: ['local'] },
      ),
      { nil: undefined },
    ),
  })
  .map(({ combos, nested, select, policy }) => ({
    providers: {
      openai: { select, connections: ['a', 'b', 'c'].map((id) => ({ id, apiKey: `\${env:${id}}` })) },
      anthropic: {},
      deepseek: {},
      local: { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' },
    },
    aliases: { nick: 'anthropic/claude-opus-5', 'any-*': 'openai/*' },
    combos: nested
      ? { ...combos, two: { ...combos.two, targets: [...combos.two.targets, { model: 'one' }] } }
      : combos,
    policies: policy ? [{ id: 'p', match: { models: ['two', 'openai/*'] }, ...policy }] : [],
  }));

const request = fc.record({
  model: fc.oneof(
    fc.constantFrom(...combos, ...models, 'nick', 'any-thing', 'claude-x[1m]', 'gpt-5'),
    fc.string(),
  ),
  protocol: fc.constantFrom<Facts['protocol']>(
    'openai-chat',
    'openai-responses',
    'anthropic-messages',
    'gemini',
    'ollama',
  ),
  inputTokens: fc.nat(300_000),
  hasTools: fc.boolean(),
  messageCount: fc.nat(9),
  session: fc.string(),
});

const event = fc.record({
  provider: fc.constantFrom(...providers),
  connection: fc.constantFrom('a', 'b', 'default'),
  model: fc.constantFrom('gpt-5', 'claude-opus-5', 'llama'),
  failure: fc.constantFrom('none', 'upstream', 'rate_limit', 'authentication', 'overloaded'),
});

const given = fc.record({
  config,
  request,
  events: fc.array(event, { maxLength: 12 }),
  missing: fc.subarray(providers),
  seed: fc.nat(),
});
type Given = typeof given extends fc.Arbitrary<infer Value> ? Value : never;

function prepare({ config, request, events, missing, seed }: Given) {
  const world = createWorld({ hasCredential: (key) => !missing.some((id) => key.startsWith(id)) });
  for (const { provider, connection, model, failure } of events) {
    const call = { provider, connection: `${provider}@${connection}`, model, profile };
    world.record({ kind: 'call-began', call, retry: false, retryShare: 1 }, now);
    if (failure === 'none')
      world.record({ kind: 'call-ended', call, end: { kind: 'success', firstToken: 100 } }, now);
    else
      world.record(
        {
          kind: 'call-ended',
          call,
          end: { kind: 'failure', failure: { class: failure, message: '', status: 500 }, random: 0.5 },
        },
        now,
      );
  }
  return {
    snapshot: makeSnapshot(config),
    facts: makeFacts(request.model, request),
    world,
    now,
    random: createRandom(seed),
  };
}

const numRuns = Number(process.env.FC_RUNS ?? 300);

// Each case compiles a configuration of its own: ten thousand take a minute.
describe('decide', { timeout: 20_000 + numRuns * 20 }, () => {
  it('is a function of snapshot, facts, world, clock and seed', () => {
    fc.assert(
      fc.property(given, (one) => {
        expect(summarize(decide(prepare(one)))).toEqual(summarize(decide(prepare(one))));
      }),
      { numRuns },
    );
  });

  it('answers what it promises, whatever is asked', () => {
    fc.assert(
      fc.property(given, (one) => {
        const input = prepare(one);
        const decision = decide(input);
        for (const { code, message } of decision.reasons) {
          expect(reasonTable).toHaveProperty(code);
          expect(message).not.toBe('');
        }
        if (decision.kind === 'refuse') return;
        const ids = decision.attempts.map(({ connection, model }) => `${connection.key}/${model}`);
        expect(ids.length).toBeGreaterThan(0);
        expect(new Set(ids).size).toBe(ids.length);
        for (const attempt of decision.attempts) expectUsable(attempt, input.snapshot, one.missing);
      }),
      { numRuns },
    );
  });

  it('ends, whatever every attempt answers', () => {
    const classes = ['upstream', 'connection', 'rate_limit', 'context_length', 'timeout', 'billing'] as const;
    fc.assert(
      fc.property(given, fc.array(fc.constantFrom(...classes), { minLength: 1 }), (one, failures) => {
        const plan = decide(prepare(one));
        if (plan.kind === 'refuse') return;
        const outcomes: Outcome[] = [];
        const most = 2 * plan.attempts.length + 1;
        for (let step = next(plan, outcomes); step.kind === 'attempt'; step = next(plan, outcomes)) {
          outcomes.push(makeOutcome(step.attempt, failures[outcomes.length % failures.length]!));
          expect(outcomes.length).toBeLessThanOrEqual(most);
        }
      }),
      { numRuns },
    );
  });

  it('is what explain tells', () => {
    fc.assert(
      fc.property(given, (one) => {
        const [decision, told] = [decide(prepare(one)), explain(prepare(one))];
        expect(told.outcome.kind).toBe(decision.kind);
        const targets = decision.kind === 'route' ? decision.attempts.map((attempt) => attempt.target) : [];
        expect(told.attempts.map((attempt) => attempt.target)).toEqual(targets);
        const places = told.tree?.places ?? [];
        if (decision.kind === 'route') expect(places).toEqual(targets.map((_, index) => index + 1));
      }),
      { numRuns: Math.min(numRuns, 1_000) },
    );
  });
});

function expectUsable(
  { provider, connection, endpoint }: Outcome['attempt'],
  snapshot: Snapshot,
  missing: readonly string[],
): void {
  expect(snapshot.providers.get(provider.id)).toBe(provider);
  expect(provider.connections).toContain(connection);
  expect(provider.endpoints).toContain(endpoint);
  expect(connection.enabled).toBe(true);
  expect(connection.credential !== undefined && missing.includes(provider.id)).toBe(false);
}

function summarize(decision: Decision): unknown {
  if (decision.kind === 'refuse') return [decision.code, decision.message, decision.reasons];
  const { attempts, reasons, effects } = decision;
  return [
    attempts.map(({ target, connection, endpoint, model }) => [
      target,
      connection.key,
      endpoint.protocol,
      model,
    ]),
    reasons,
    effects,
  ];
}
