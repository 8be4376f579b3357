import { describe, expect, it } from 'vitest';
import {
  createCoordinator,
  FirstLoadError,
  type CoordinatorParts,
  type LoadedConfig,
} from '../../../src/control/coordinator.ts';
import { createManualClock } from '../../../src/lib/clock.ts';
import { createLookup, createSnapshotRef, type Snapshot } from '../../../src/routing/snapshot.ts';

interface Config {
  readonly listen: string;
  readonly value: string;
  readonly storage?: string;
}

const broken = { code: 'test/broken', severity: 'error', message: 'broken' } as const;

function snapshotOf(config: Config): Snapshot {
  return {
    revision: `rev-${config.listen}-${config.value}`,
    providers: createLookup([]),
    combos: createLookup([]),
  } as Partial<Snapshot> as Snapshot;
}

async function setUp(first: Config | 'broken') {
  const disk = { text: first as Config | 'broken' | 'uncompilable', secret: 'one' };
  const calls: string[] = [];
  let epoch = 0;
  let resolved = 'one';
  let gate: Promise<void> | undefined;
  const parts: CoordinatorParts<Config, string> = {
    load: async (): Promise<LoadedConfig<Config>> => {
      const text = disk.text;
      calls.push(`load ${typeof text === 'string' ? text : text.value}`);
      await gate;
      if (text === 'broken') return { diagnostics: [broken], locate: () => undefined };
      const config = text === 'uncompilable' ? { listen: 'a', value: 'uncompilable' } : text;
      return { config, diagnostics: [], locate: () => undefined };
    },
    compile: ({ config }) =>
      config.value === 'uncompilable'
        ? { diagnostics: [broken] }
        : { snapshot: snapshotOf(config), diagnostics: [] },
    listReferences: () => [],
    diff: (previous, next) => `${previous.revision} → ${next.revision}`,
    bind: async (config, changed) => {
      calls.push(`bind ${config.listen} ${changed.join()}`);
      if (config.listen === 'busy') throw new Error('address in use');
    },
    secrets: {
      get epoch() {
        return epoch;
      },
      prepare: async () => {
        const changed = disk.secret !== resolved;
        return {
          changed,
          commit: () => {
            resolved = disk.secret;
            if (changed) epoch++;
          },
        };
      },
    },
    reloadKinds: { '/listen': 'rebind', '/storage': 'restart' },
    clock: createManualClock(),
    metrics: { succeeded: (revision) => calls.push(`ok ${revision}`), failed: () => calls.push('failed') },
    onLive: (outcome) => calls.push(`live ${outcome.revision}`),
    onRefused: (outcome) => calls.push(`refused ${outcome.diagnostics[0]?.code}`),
  };
  const coordinator = await createCoordinator(parts, createSnapshotRef);
  return { coordinator, disk, calls, hold: (until: Promise<void>) => (gate = until) };
}

describe('createCoordinator', () => {
  it('refuses to start on a bad file', async () => {
    await expect(setUp('broken')).rejects.toBeInstanceOf(FirstLoadError);
  });

  it('swaps one pointer when the meaning changed, and reports the difference', async () => {
    const { coordinator, disk } = await setUp({ listen: 'a', value: '1' });
    const before = coordinator.snapshots.current;
    disk.text = { listen: 'a', value: '2' };
    const outcome = await coordinator.reload('watch');
    expect(outcome).toMatchObject({
      kind: 'live',
      previous: 'rev-a-1',
      revision: 'rev-a-2',
      changes: 'rev-a-1 → rev-a-2',
    });
    expect(coordinator.snapshots.current).not.toBe(before);
    expect(coordinator.status()).toMatchObject({ healthy: true, revision: 'rev-a-2' });
  });

  it.each(['broken', 'uncompilable'] as const)(
    'keeps the last good snapshot when the file is %s, and recovers',
    async (text) => {
      const { coordinator, disk, calls } = await setUp({ listen: 'a', value: '1' });
      const before = coordinator.snapshots.current;
      disk.text = text;
      expect(await coordinator.reload('watch')).toMatchObject({ kind: 'refused', revision: 'rev-a-1' });
      expect(coordinator.snapshots.current).toBe(before);
      expect(coordinator.status()).toMatchObject({
        healthy: false,
        revision: 'rev-a-1',
        diagnostics: [broken],
      });
      expect(calls).toContain('failed');
      disk.text = { listen: 'a', value: '1' };
      expect(await coordinator.reload('watch')).toMatchObject({ kind: 'unchanged' });
      expect(coordinator.status()).toMatchObject({ healthy: true, diagnostics: [] });
    },
  );

  it('does nothing but say so when the meaning is the same', async () => {
    const { coordinator, calls } = await setUp({ listen: 'a', value: '1' });
    const before = coordinator.snapshots.current;
    expect(await coordinator.reload('api')).toMatchObject({ kind: 'unchanged', revision: 'rev-a-1' });
    expect(coordinator.snapshots.current).toBe(before);
    expect(calls.filter((call) => call.startsWith('live'))).toEqual([]);
  });

  it('goes live without a new revision when only a secret rotated', async () => {
    const { coordinator, disk } = await setUp({ listen: 'a', value: '1' });
    const before = coordinator.snapshots.current;
    disk.secret = 'two';
    expect(await coordinator.reload('watch')).toMatchObject({
      kind: 'live',
      revision: 'rev-a-1',
      previous: 'rev-a-1',
      secretEpoch: 1,
    });
    expect(coordinator.snapshots.current).toBe(before);
  });

  it('binds the new address before the swap, and refuses when it cannot', async () => {
    const { coordinator, disk, calls } = await setUp({ listen: 'a', value: '1' });
    disk.text = { listen: 'b', value: '2' };
    await coordinator.reload('watch');
    expect(calls.indexOf('bind b /listen')).toBeLessThan(calls.indexOf('live rev-b-2'));
    disk.text = { listen: 'busy', value: '3' };
    expect(await coordinator.reload('watch')).toMatchObject({
      kind: 'refused',
      diagnostics: [{ code: 'reload/cannot-bind' }],
    });
    expect(coordinator.snapshots.current.revision).toBe('rev-b-2');
  });

  it('shows restart keys as pending against the configuration of the start', async () => {
    const { coordinator, disk } = await setUp({ listen: 'a', value: '1', storage: 'x' });
    disk.text = { listen: 'a', value: '2', storage: 'y' };
    expect(await coordinator.reload('watch')).toMatchObject({ pendingRestart: ['/storage'] });
    disk.text = { listen: 'a', value: '3', storage: 'y' };
    expect(await coordinator.reload('watch')).toMatchObject({ pendingRestart: ['/storage'] });
    disk.text = { listen: 'a', value: '3', storage: 'x' };
    await coordinator.reload('watch');
    expect(coordinator.status().pendingRestart).toEqual([]);
  });

  it('lets calls that arrive during a run share one following run, which reads the newest text', async () => {
    const { coordinator, disk, calls, hold } = await setUp({ listen: 'a', value: '1' });
    const gate = Promise.withResolvers<void>();
    hold(gate.promise);
    disk.text = { listen: 'a', value: '2' };
    const first = coordinator.reload('watch');
    disk.text = { listen: 'a', value: '3' };
    const second = coordinator.reload('api');
    const third = coordinator.reload('signal');
    gate.resolve();
    expect((await first).revision).toBe('rev-a-2');
    expect((await second).revision).toBe('rev-a-3');
    expect(await third).toBe(await second);
    expect(calls.filter((call) => call.startsWith('load'))).toEqual(['load 1', 'load 2', 'load 3']);
  });
});
