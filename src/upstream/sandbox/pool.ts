// One simulator per sandbox provider of a snapshot, found by its settings.
import type { Timers } from '../../lib/timers.ts';
import type { SandboxSettings } from '../../routing/snapshot.ts';
import { readSettings } from './behaviours.ts';
import { SandboxDispatcher } from './dispatcher.ts';
import { createSandbox } from './simulator.ts';

/**
 * The dispatcher for these settings; equal objects give the same one, so that a script that fails only at first keeps
 * its count. Settings belong to a snapshot: when it is freed, its simulators are freed too.
 */
export function createSandboxPool(timers?: Timers): (settings: SandboxSettings) => SandboxDispatcher {
  const dispatchers = new WeakMap<SandboxSettings, SandboxDispatcher>();
  return (settings) => {
    const known = dispatchers.get(settings);
    if (known) return known;
    const made = new SandboxDispatcher(createSandbox(readSettings(settings)), timers);
    dispatchers.set(settings, made);
    return made;
  };
}
