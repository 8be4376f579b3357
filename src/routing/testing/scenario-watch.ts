// What changes while a scenario runs: breakers and rests that begin and end, lanes that fill and empty.
import type { Slots } from '../slots.ts';
import type { MutableWorld } from '../world/world.ts';

/** Times in milliseconds since the start. */
export interface TimelineState {
  readonly kind: 'breaker' | 'cooldown';
  readonly id: string;
  readonly from: number;
  readonly until: number;
}

/** Who has a place at an account, at a combo's target or under a key's limit, and who waits for one. */
export interface TimelineLane {
  readonly id: string;
  /** Most at the same time; absent: as many as come. */
  readonly places?: number;
  /** Calls that may begin in any stretch of `per` milliseconds. */
  readonly pace?: { readonly count: number; readonly per: number };
  /** Each change; `begun` counts in the window of the pace. */
  readonly series: readonly {
    readonly at: number;
    readonly running: number;
    readonly waiting: number;
    readonly begun: number;
  }[];
}

/** Notes, after every event, which breakers and rests have begun; each ends when it said it would, or is lifted. */
export function watchStates(world: MutableWorld, start: number) {
  const states = new Map<string, TimelineState>();
  function look(now: number): void {
    const report = world.report(now);
    const seen = new Set<string>();
    const note = (kind: TimelineState['kind'], id: string, since: number, until: number): void => {
      const name = `${kind} ${id} ${since}`;
      seen.add(name);
      states.set(name, { kind, id, from: since - start, until: until - start });
    };
    for (const { connection, model, since, until } of report.cooldowns) {
      const id = model === undefined ? connection : `${connection} ${model}`;
      note('cooldown', id, since, until ?? now + 86_400_000);
    }
    for (const { id, since, opens, state } of report.breakers)
      if (state !== 'closed' && since !== undefined) note('breaker', id, since, opens ?? now);
    for (const [name, state] of states)
      if (!seen.has(name) && state.until > now - start) states.set(name, { ...state, until: now - start });
  }
  return { look, list: () => [...states.values()].sort((a, b) => a.from - b.from) };
}

/** Notes how the lanes stand, where that has changed. */
export function watchLanes(start: number) {
  const lanes = new Map<string, { readonly lane: Omit<TimelineLane, 'series'>; readonly series: Sample[] }>();
  function look(now: number, slots: Slots): void {
    // A lane without a past is forgotten by the slots when it is empty.
    for (const id of new Set([...slots.ids(), ...lanes.keys()])) {
      const { ceiling, running, waiting, begun } = slots.look(id);
      let known = lanes.get(id);
      if (!known) {
        const places = Number.isFinite(ceiling.concurrent) ? { places: ceiling.concurrent! } : {};
        known = { lane: { id, ...places, ...(ceiling.rate && { pace: ceiling.rate }) }, series: [] };
        lanes.set(id, known);
      }
      const last = known.series.at(-1);
      const sample = { at: now - start, running, waiting, begun };
      if (last && last.running === running && last.waiting === waiting && last.begun === begun) continue;
      // Of several changes at one moment the last one is what it comes to.
      if (last?.at === sample.at) known.series.pop();
      known.series.push(sample);
    }
  }
  return {
    look,
    list: (): readonly TimelineLane[] =>
      [...lanes.values()]
        .map(({ lane, series }) => ({ ...lane, series }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

type Sample = TimelineLane['series'][number];
