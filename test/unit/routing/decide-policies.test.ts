import { describe, expect, it } from 'vitest';
import type { ResolvedPolicy } from '../../../src/config/generated/types.ts';
import type { SnapshotParts } from '../../../src/routing/assemble.ts';
import { compilePolicies, defaultsAsPolicy } from '../../../src/routing/policies/compile.ts';
import {
  decideFor,
  expectPlan,
  listAttempts,
  makeCombo,
  makeConnection,
  makeFacts,
  makeProvider,
} from '../../support/routing.ts';

type Written = Partial<ResolvedPolicy> & { readonly id: string };

const base: SnapshotParts = {
  providers: [
    makeProvider('openai', {
      connections: [makeConnection('openai', { id: 'a' }), makeConnection('openai', { id: 'b' })],
    }),
    makeProvider('anthropic'),
    makeProvider('mistral'),
  ],
  combos: [
    makeCombo('coding', 'priority', ['anthropic/opus', 'openai/gpt', 'mistral/large']),
    makeCombo('long', 'priority', ['mistral/huge']),
  ],
};

function withPolicies(...written: readonly Written[]): SnapshotParts {
  const policies = written.map((one) => ({
    enabled: true,
    shadow: false,
    match: {},
    blockProviders: [],
    preferProviders: [],
    blockModels: [],
    set: {},
    noLog: false,
    noCache: false,
    ...one,
  }));
  return {
    ...base,
    policies: compilePolicies(policies, () => ({
      file: 'c.yaml',
      line: 7,
      column: 1,
      endLine: 7,
      endColumn: 2,
    })),
  };
}

const codes = (decision: { readonly reasons: readonly { readonly code: string }[] }): string[] =>
  decision.reasons.map(({ code }) => code);

describe('decide with policies', () => {
  it('denies the name before anything is expanded, with the text and the line of the policy', () => {
    const decision = decideFor(withPolicies({ id: 'night', deny: 'closed' }), 'coding');
    expect(decision).toMatchObject({ kind: 'refuse', code: 'denied_by_policy', message: 'closed' });
    expect(decision.reasons.at(-1)).toMatchObject({ code: 'policy-deny', at: { line: 7 } });
  });

  it('takes denied targets out of a combo, and refuses with the text when none is left', () => {
    const opus = { id: 'no-opus', match: { models: ['*/opus'] }, deny: 'Opus is off' };
    expect(listAttempts(decideFor(withPolicies(opus), 'coding'))).toEqual([
      'openai/gpt@a',
      'openai/gpt@b',
      'mistral/large',
    ]);
    expect(decideFor(withPolicies(opus), 'anthropic/opus')).toMatchObject({
      code: 'denied_by_policy',
      message: 'Opus is off',
    });
    expect(
      decideFor(withPolicies({ id: 'p', match: { providers: ['*'] }, deny: 'no' }), 'coding'),
    ).toMatchObject({ code: 'denied_by_policy', message: 'no' });
  });

  it('explains which policy leaves no target', () => {
    const decision = decideFor(withPolicies({ id: 'eu', allowProviders: ['mistral'] }), 'anthropic/opus');
    expect(decision).toMatchObject({
      code: 'denied_by_policy',
      message: expect.stringContaining('Policy eu does not allow the provider of anthropic/opus'),
    });
    expect(
      listAttempts(decideFor(withPolicies({ id: 'eu', allowProviders: ['mistral'] }), 'coding')),
    ).toEqual(['mistral/large']);
  });

  it('puts preferred providers first and keeps the order of the strategy otherwise', () => {
    const decision = decideFor(withPolicies({ id: 'p', preferProviders: ['mistral', 'openai'] }), 'coding');
    expect(listAttempts(decision)).toEqual([
      'mistral/large',
      'openai/gpt@a',
      'openai/gpt@b',
      'anthropic/opus',
    ]);
    expect(codes(decision)).toContain('policy-prefer');
  });

  it('routes to another name, once', () => {
    const decision = decideFor(
      withPolicies(
        { id: 'big', match: { models: ['coding'] }, route: 'long' },
        { id: 'loop', match: { models: ['long'] }, route: 'coding' },
      ),
      'coding',
    );
    expect(listAttempts(decision)).toEqual(['mistral/huge']);
    expect(codes(decision)).toContain('policy-route');
  });

  it('checks the key against the name that the client asked for, not the one it is routed to', () => {
    const parts = withPolicies({ id: 'big', route: 'long' });
    const principal = { key: 'k', role: 'inference', tags: {}, noLog: false, models: ['coding'] } as const;
    expect(listAttempts(decideFor(parts, makeFacts('coding', { principal })))).toEqual(['mistral/huge']);
    expect(decideFor(parts, makeFacts('long', { principal }))).toMatchObject({
      code: 'model_not_allowed',
    });
  });

  it('hands the changes of a target to its attempts only', () => {
    const plan = expectPlan(
      decideFor(
        withPolicies({ id: 'cap', match: { providers: ['openai'] }, set: { maxOutputTokens: 10 } }),
        'coding',
      ),
    );
    expect(plan.attempts.map(({ changes }) => changes?.maxOutputTokens)).toEqual([
      undefined,
      10,
      10,
      undefined,
    ]);
  });

  it('applies the defaults of the configuration before every policy', () => {
    const first = defaultsAsPolicy({
      onLoss: 'warn',
      comboDepth: 3,
      systemPrompt: { text: 'house', position: 'prepend' },
      thinking: { mode: 'passthrough', budget: 1, effort: 'low' },
    } as never);
    if (!first) throw new Error('no defaults');
    const plan = expectPlan(
      decideFor(
        withPolicies(first, { id: 'p', set: { systemPrompt: { text: 'team', position: 'append' } } }),
        'coding',
      ),
    );
    expect(plan.attempts[0]?.changes?.systemPrompts.map(({ text }) => text)).toEqual(['house', 'team']);
  });

  it('says what may be kept', () => {
    expect(expectPlan(decideFor(base, 'coding'))).toMatchObject({ noLog: false, noCache: false });
    expect(
      expectPlan(decideFor(withPolicies({ id: 'p', noLog: true, noCache: true }), 'coding')),
    ).toMatchObject({ noLog: true, noCache: true });
  });

  it('records a shadow policy without following it', () => {
    const decision = decideFor(withPolicies({ id: 's', shadow: true, deny: 'no' }), 'coding');
    expect(decision.kind).toBe('route');
    expect(codes(decision)).toContain('policy-shadow');
  });

  it('keeps a key to its own accounts', () => {
    const principal = {
      key: 'k',
      role: 'inference',
      tags: {},
      noLog: false,
      connections: ['openai@b'],
    } as const;
    const plan = expectPlan(decideFor(base, makeFacts('coding', { principal })));
    expect(plan.attempts.map(({ connection }) => connection.key)).toEqual(['openai@b']);
    expect(decideFor(base, makeFacts('mistral/large', { principal }))).toMatchObject({
      code: 'model_not_allowed',
    });
  });
});
