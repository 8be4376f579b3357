import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../../../src/errors.ts';
import { createWorld } from '../../../../src/routing/world/memory.ts';
import { openMemoryTable, type SliceTable } from '../../../../src/routing/world/slices.ts';
import type { Call, MutableWorld } from '../../../../src/routing/world/world.ts';
import { profile } from '../../../support/routing.ts';

const call: Call = { provider: 'openai', connection: 'openai@a', model: 'gpt', profile };

function begin(world: MutableWorld, now: number, of = call, retry = false): void {
  world.record({ kind: 'call-began', call: of, retry, retryShare: 0.2 }, now);
}

function fail(world: MutableWorld, now: number, kind: FailureClass, of = call, retryAfter?: number): void {
  begin(world, now, of);
  const failure = { class: kind, message: 'x', ...(retryAfter === undefined ? {} : { retryAfter }) };
  world.record({ kind: 'call-ended', call: of, end: { kind: 'failure', failure, random: 0 } }, now);
}

function succeed(world: MutableWorld, now: number, of = call, firstToken?: number): void {
  begin(world, now, of);
  world.record(
    {
      kind: 'call-ended',
      call: of,
      end: { kind: 'success', ...(firstToken === undefined ? {} : { firstToken }) },
    },
    now,
  );
}

describe('the world', () => {
  it('rests one model of one account after a rate limit, and no other', () => {
    const world = createWorld();
    fail(world, 0, 'rate_limit', call, 9000);
    expect(world.cooldown('openai@a', 'gpt', 1)).toMatchObject({ until: 9000, class: 'rate_limit' });
    expect(world.cooldown('openai@a', 'other', 1)).toBeUndefined();
    expect(world.cooldown('openai@b', 'gpt', 1)).toBeUndefined();
    expect(world.cooldown('openai@a', 'gpt', 9000)).toBeUndefined();
    expect(world.permit(call, 1)).toBe('pass');
  });

  it('locks the account, not the provider, after a refused credential', () => {
    const world = createWorld();
    fail(world, 0, 'authentication');
    expect(world.cooldown('openai@a', 'anything', 1)?.class).toBe('authentication');
    expect(world.cooldown('openai@b', 'gpt', 1)).toBeUndefined();
    expect(world.permit(call, 1)).toBe('pass');
  });

  it('opens the breakers of account and target, lets one probe in, and closes on its success', () => {
    const world = createWorld();
    for (let index = 0; index < 5; index++) fail(world, 0, 'upstream');
    expect(world.permit(call, 1)).toBe('wait');
    expect(world.permit({ ...call, connection: 'openai@b' }, 1)).toBe('wait');
    expect(world.permit({ ...call, model: 'other' }, 1)).toBe('wait');
    expect(world.permit({ ...call, connection: 'openai@b', model: 'other' }, 1)).toBe('pass');
    expect(world.opening(call)).toBe(30_000);
    expect(world.permit(call, 30_000)).toBe('probe');
    begin(world, 30_000);
    expect(world.permit(call, 30_001)).toBe('wait');
    world.record({ kind: 'call-ended', call, end: { kind: 'success' } }, 30_100);
    expect(world.permit(call, 30_101)).toBe('pass');
    expect(world.cooldown('openai@a', 'gpt', 30_101)).toBeUndefined();
  });

  it('frees the place of a probe whose client went away', () => {
    const world = createWorld();
    for (let index = 0; index < 5; index++) fail(world, 0, 'timeout');
    begin(world, 30_000);
    world.record({ kind: 'call-ended', call, end: { kind: 'abandoned' } }, 30_001);
    expect(world.permit(call, 30_002)).toBe('probe');
  });

  it('lets only the probe itself end the probing: what began before says nothing any more', () => {
    const world = createWorld();
    const old = { ...call };
    const probe = { ...call };
    begin(world, 0, old);
    for (let index = 0; index < 5; index++) fail(world, 0, 'upstream');
    begin(world, 30_000, probe);
    const ended = (of: Call, kind: FailureClass): void =>
      world.record(
        {
          kind: 'call-ended',
          call: of,
          end: { kind: 'failure', failure: { class: kind, message: 'x' }, random: 0 },
        },
        30_010,
      );
    // The client's own fault, which elsewhere frees a place.
    ended(old, 'invalid_request');
    expect(world.permit(call, 30_011)).toBe('wait');
    ended(probe, 'upstream');
    expect(world.opening(call)).toBe(60_010);
  });

  it('may probe again after a restart, although the probe never ended', () => {
    const tables = new Map<string, Map<string, unknown>>();
    const open = <Value>(kind: string, read: (value: unknown) => Value | undefined): SliceTable<Value> => {
      const kept = tables.get(kind) ?? new Map<string, unknown>();
      tables.set(kind, kept);
      const table = openMemoryTable<Value>(kind, read);
      for (const [id, value] of kept) {
        const known = read(JSON.parse(JSON.stringify(value)));
        if (known !== undefined) table.set(id, known);
      }
      const { set } = table;
      return Object.assign(table, {
        set: (id: string, value: Value) => (kept.set(id, value), set(id, value)),
      });
    };
    const before = createWorld({ open });
    for (let index = 0; index < 5; index++) fail(before, 0, 'upstream');
    begin(before, 30_000);
    expect(before.permit(call, 30_001)).toBe('wait');
    expect(createWorld({ open }).permit(call, 30_001)).toBe('probe');
  });

  it("never learns from a client's own fault", () => {
    const world = createWorld();
    for (let index = 0; index < 50; index++) fail(world, 0, 'invalid_request');
    expect(world.permit(call, 1)).toBe('pass');
    expect(world.cooldown('openai@a', 'gpt', 1)).toBeUndefined();
  });

  it('counts what runs, what was used, and how fast', () => {
    const world = createWorld();
    begin(world, 5);
    begin(world, 6);
    expect([world.inFlight('openai@a'), world.inFlight('openai/gpt')]).toEqual([2, 2]);
    world.record({ kind: 'call-ended', call, end: { kind: 'success', firstToken: 120 } }, 7);
    world.record({ kind: 'call-ended', call, end: { kind: 'abandoned' } }, 8);
    expect([world.inFlight('openai@a'), world.inFlight('openai/gpt')]).toEqual([0, 0]);
    expect(world.uses('openai/gpt')).toEqual({ calls: 2, successes: 1, lastUsed: 6, lastSuccess: 7 });
    expect(world.latency('openai/gpt')).toMatchObject({ mean: 120, count: 1 });
    expect(world.uses('never')).toBeUndefined();
  });

  it('pays retries from the budget of the provider', () => {
    const world = createWorld();
    for (let index = 0; index < 10; index++) begin(world, 0, call, true);
    expect(world.mayRetry('openai', 0)).toBe(false);
    expect(world.mayRetry('anthropic', 0)).toBe(true);
  });

  it('is cleared by an operator: one model, or the account with all its models', () => {
    const world = createWorld();
    fail(world, 0, 'upstream');
    fail(world, 0, 'upstream', { ...call, model: 'other' });
    world.record({ kind: 'account-cleared', connection: 'openai@a', model: 'gpt' }, 1);
    expect([world.cooldown('openai@a', 'gpt', 1), world.cooldown('openai@a', 'other', 1)?.level]).toEqual([
      undefined,
      1,
    ]);
    fail(world, 1, 'billing');
    world.record({ kind: 'account-cleared', connection: 'openai@a' }, 2);
    expect([world.cooldown('openai@a', 'gpt', 2), world.cooldown('openai@a', 'other', 2)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('goes on where its tables stopped, through JSON', () => {
    const kinds = new Map<string, { table: SliceTable<unknown>; read: (value: unknown) => unknown }>();
    const first = createWorld({
      open: (kind, read) => {
        const table = openMemoryTable(kind, read);
        kinds.set(kind, { table: table as SliceTable<unknown>, read });
        return table;
      },
    });
    for (let index = 0; index < 5; index++) fail(first, 0, 'upstream');
    fail(first, 0, 'billing', { ...call, connection: 'openai@b' });
    succeed(first, 0, { ...call, connection: 'openai@c', model: 'm' }, 80);
    first.apply([{ kind: 'rotate', combo: 'c', position: 3 }]);
    const second = createWorld({
      open: (kind, read) => {
        const table = openMemoryTable(kind, read);
        const saved = kinds.get(kind)?.table;
        for (const id of saved?.ids() ?? []) {
          const value = read(JSON.parse(JSON.stringify(saved?.get(id))));
          if (value !== undefined) table.set(id, value);
        }
        return table;
      },
    });
    expect(second.permit(call, 1)).toBe('wait');
    expect(second.cooldown('openai@b', 'x', 1)).toEqual(first.cooldown('openai@b', 'x', 1));
    expect(second.latency('openai/m')).toEqual(first.latency('openai/m'));
    expect(second.rotation('c')).toBe(3);
    expect(second.inFlight('openai@a')).toBe(0);
  });

  it('stores nothing about accounts that are well', () => {
    const stored: string[] = [];
    const world = createWorld({
      open: (kind, read) => {
        const table = openMemoryTable(kind, read);
        const { set } = table;
        return Object.assign(table, {
          set: (id: string, value: never) => (stored.push(kind), set(id, value)),
        });
      },
    });
    for (let index = 0; index < 3; index++) succeed(world, index);
    expect(stored).not.toContain('cooldown');
    expect(stored).not.toContain('breaker');
  });
});
