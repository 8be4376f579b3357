// start(A) then reload(B) gives the same rules, and for the same world and seed the same decisions, as start(B).
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCoordinator } from '../../../src/control/coordinator.ts';
import { createManualClock } from '../../../src/lib/clock.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { decide } from '../../../src/routing/decide.ts';
import { diffSnapshots } from '../../../src/routing/diff.ts';
import { createSnapshotRef, type Snapshot } from '../../../src/routing/snapshot.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { compileConfig } from '../../support/config.ts';
import { makeFacts } from '../../support/routing.ts';

const names = fc.constantFrom('a', 'b', 'c', 'fast', 'claude-x', '__proto__');
const model = fc.constantFrom(
  'openai/gpt-5',
  'anthropic/claude-opus-5',
  'openai/gpt-5-mini',
  'one/m',
  'two/m',
);
const target = fc.oneof(model, fc.record({ model, weight: fc.integer({ min: 1, max: 5 }) }));
const policy = fc.record(
  {
    match: fc.record({
      providers: fc.array(fc.constantFrom('openai', 'one', '*'), { minLength: 1, maxLength: 2 }),
    }),
    blockProviders: fc.array(fc.constantFrom('openai', 'two'), { maxLength: 1 }),
    preferProviders: fc.array(fc.constantFrom('two', 'anthropic'), { maxLength: 2 }),
  },
  { requiredKeys: ['match'] },
);
const authored = fc.record({
  combos: fc.uniqueArray(
    fc.tuple(
      names,
      fc.constantFrom('priority', 'weighted', 'round-robin'),
      fc.uniqueArray(target, { minLength: 1, maxLength: 4 }),
    ),
    { selector: ([name]) => name, maxLength: 4 },
  ),
  aliases: fc.uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'claude-*', 'gpt-*'), model), {
    selector: ([name]) => name,
    maxLength: 3,
  }),
  policies: fc.array(policy, { maxLength: 2 }),
  retries: fc.integer({ min: 0, max: 3 }),
});

type Authored = typeof authored extends fc.Arbitrary<infer Value> ? Value : never;

function build({ combos, aliases, policies, retries }: Authored) {
  return compileConfig({
    version: 1,
    providers: {
      openai: {},
      anthropic: {},
      one: { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1/v1' }], auth: 'none' },
      two: { protocols: [{ name: 'anthropic-messages', baseUrl: 'http://127.0.0.1:2/v1' }], auth: 'none' },
    },
    combos: Object.fromEntries(combos.map(([name, strategy, targets]) => [name, { strategy, targets }])),
    aliases: Object.fromEntries(aliases),
    policies: policies.map((one, index) => ({ id: `p${index}`, ...one })),
    resilience: { profiles: { default: { retries } } },
  });
}

function play(snapshot: Snapshot): unknown {
  const world = createWorld();
  const random = createRandom(7);
  const decisions: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    for (const name of [
      'a',
      'b',
      'c',
      'fast',
      'x',
      'y',
      'claude-x',
      'claude-opus-5',
      'gpt-5',
      'one/m',
      '__proto__',
    ]) {
      const decision = decide({ snapshot, facts: makeFacts(name), world, now: 0, random });
      if (decision.kind === 'route') world.apply(decision.effects);
      decisions.push([
        name,
        decision.kind === 'route'
          ? decision.attempts.map((attempt) => [
              attempt.target,
              attempt.connection.key,
              attempt.provider.profile.retries,
            ])
          : decision.code,
        decision.reasons.map(({ code }) => code),
      ]);
    }
  }
  return decisions;
}

it('reload ≡ restart', async () => {
  await fc.assert(
    fc.asyncProperty(authored, authored, async (first, second) => {
      let text = first;
      const coordinator = await createCoordinator(
        {
          load: async () => ({ config: text, locate: () => undefined, diagnostics: [] }),
          compile: ({ config }) => build(config),
          listReferences: () => [],
          diff: diffSnapshots,
          bind: async () => undefined,
          secrets: { epoch: 1, prepare: async () => ({ changed: false, commit: () => undefined }) },
          reloadKinds: {},
          clock: createManualClock(),
          metrics: { succeeded: () => undefined, failed: () => undefined },
          onLive: () => undefined,
          onRefused: () => undefined,
        },
        createSnapshotRef,
      );
      text = second;
      await coordinator.reload('watch');
      const restarted = build(second).snapshot;
      if (!restarted) throw new Error('does not compile');
      const reloaded = coordinator.snapshots.current;
      expect(reloaded.revision).toBe(restarted.revision);
      expect(play(reloaded)).toEqual(play(restarted));
    }),
    { numRuns: Number(process.env.FC_RUNS ?? 300) },
  );
});
