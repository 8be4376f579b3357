import { describe, expect, it } from 'vitest';
import { compilePolicies } from '../../../../src/routing/policies/compile.ts';
import { createWorld } from '../../../../src/routing/world/memory.ts';
import { sessionIdOf, SessionTable, type Session } from '../../../../src/routing/world/sessions.ts';
import { openMemoryTable } from '../../../../src/routing/world/slices.ts';
import {
  decideFor,
  expectPlan,
  listAttempts,
  makeCombo,
  makeConnection,
  makeFacts,
  makeProvider,
} from '../../../support/routing.ts';

const served = (session: string, connection: string, target = 'p/m') =>
  ({ kind: 'session-served', session, connection, target }) as const;

describe('conversations', () => {
  it('are remembered for their time, with turns and moves', () => {
    const world = createWorld();
    world.record(served('k s', 'p@a'), 10);
    world.record(served('k s', 'p@a'), 20);
    world.record(served('k s', 'p@b'), 30);
    expect(world.session('k s', 40, 100)).toEqual({
      connection: 'p@b',
      target: 'p/m',
      turns: 3,
      moves: 1,
      began: 10,
      at: 30,
    });
    expect(world.session('k s', 130, 100)).toBeUndefined();
    expect(world.session('other', 40, 100)).toBeUndefined();
  });

  it('of two keys are two, whatever they call them', () => {
    expect(sessionIdOf('a', 'x')).not.toBe(sessionIdOf('b', 'x'));
    expect(sessionIdOf(undefined, 'a x')).not.toBe(sessionIdOf('a', 'x'));
  });

  it('are bounded: the longest quiet one goes first, also after a restart', () => {
    const rows = openMemoryTable<Session>('session', () => undefined);
    const first = new SessionTable(rows, 3);
    for (const [index, id] of ['a', 'b', 'c', 'a', 'd'].entries())
      first.serve({ session: id, connection: 'p@a', target: 'p/m' }, index);
    expect([...rows.ids()].sort()).toEqual(['a', 'c', 'd']);
    const second = new SessionTable(rows, 3);
    second.serve({ session: 'e', connection: 'p@a', target: 'p/m' }, 9);
    expect([...rows.ids()].sort()).toEqual(['a', 'd', 'e']);
    expect(second.list(10, 100).map(({ id }) => id)).toEqual(['e', 'd', 'a']);
  });
});

describe('affinity', () => {
  const parts = {
    providers: [
      makeProvider('one', {
        connections: [makeConnection('one', { id: 'a' }), makeConnection('one', { id: 'b' })],
      }),
      makeProvider('two'),
    ],
    combos: [makeCombo('c', 'round-robin', ['one/m', 'two/m'])],
  };
  const facts = makeFacts('c', { session: 'ext:s' });

  it('puts the account that answered last first, and says so', () => {
    const world = createWorld();
    world.record(served(sessionIdOf(undefined, 'ext:s'), 'one@b', 'one/m'), 0);
    const plan = decideFor(parts, facts, { world, now: 1 });
    expect(listAttempts(plan)[0]).toBe('one/m@b');
    expect(listAttempts(plan)).toHaveLength(3);
    expect(plan.reasons.map(({ code }) => code)).toContain('session-kept');
  });

  it('moves when that account rests, and says so', () => {
    const world = createWorld();
    world.record(served(sessionIdOf(undefined, 'ext:s'), 'one@b', 'one/m'), 0);
    const { provider, connection, model } =
      expectPlan(decideFor(parts, facts)).attempts.find((attempt) => attempt.connection.id === 'b') ??
      expectPlan(decideFor(parts, facts)).attempts[0]!;
    const call = { provider: provider.id, connection: connection.key, model, profile: provider.profile };
    world.record(
      {
        kind: 'call-ended',
        call,
        end: { kind: 'failure', failure: { class: 'rate_limit', message: 'x', retryAfter: 9000 }, random: 0 },
      },
      1,
    );
    const plan = decideFor(parts, facts, { world, now: 2 });
    expect(listAttempts(plan)).not.toContain('one/m@b');
    expect(plan.reasons.map(({ code }) => code)).toContain('session-moved');
  });

  it('is off where the configuration says so, and for callers without a session', () => {
    const world = createWorld();
    world.record(served(sessionIdOf(undefined, 'ext:s'), 'two@default', 'two/m'), 0);
    expect(
      listAttempts(
        decideFor({ ...parts, sessions: { ttl: 1000, affinity: false } }, facts, { world, now: 1 }),
      )[0],
    ).toBe('one/m@a');
    expect(listAttempts(decideFor(parts, 'c', { world, now: 1 }))[0]).toBe('one/m@a');
    expect(
      listAttempts(
        decideFor(
          parts,
          makeFacts('c', {
            session: 'ext:s',
            principal: { key: 'k', role: 'inference', tags: {}, noLog: false },
          }),
          { world, now: 1 },
        ),
      )[0],
    ).toBe('one/m@a');
  });

  it('never beats what policies prefer', () => {
    const world = createWorld();
    world.record(served(sessionIdOf(undefined, 'ext:s'), 'two@default', 'two/m'), 0);
    expect(listAttempts(decideFor(parts, facts, { world, now: 1 }))[0]).toBe('two/m');
    const prefer = {
      id: 'p',
      enabled: true,
      shadow: false,
      match: {},
      blockProviders: [],
      preferProviders: ['one'],
      blockModels: [],
      set: {},
      noLog: false,
      noCache: false,
    };
    const policies = compilePolicies([prefer], () => undefined);
    expect(listAttempts(decideFor({ ...parts, policies }, facts, { world, now: 1 }))[0]).toBe('one/m@a');
  });
});
