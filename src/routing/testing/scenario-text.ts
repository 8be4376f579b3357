// A timeline as text: each request with its calls, then what was left alone, how full the lanes were, what it cost.
import { renderUsd } from '../../catalog/prices.ts';
import { renderDuration } from '../../lib/duration.ts';
import type { Timeline, TimelineAttempt, TimelineLane, TimelineSpend } from './scenario.ts';

export function renderTimeline(timeline: Timeline): string {
  const { requests, states, lanes } = timeline;
  const lines = requests.flatMap(({ at, model, key, outcome, ended, attempts, retryAfter }) => {
    const who = key === undefined ? '' : ` with ${key}`;
    const again = retryAfter === undefined ? '' : `, again in ${retryAfter} s`;
    return [
      `${time(at)}  ${model}${who} → ${outcome} (${renderDuration(ended - at)}${again})`,
      ...attempts.map(renderAttempt),
    ];
  });
  const kept = states.map(
    ({ kind, id, from, until }) => `${time(from)}  ${kind} ${id} until ${time(until).trim()}`,
  );
  return [
    ...lines,
    ...titled('what was left alone', kept),
    ...titled('places', lanes.map(renderLane)),
    ...titled('spend', renderSpend(timeline)),
  ].join('\n');
}

function renderAttempt({ at, target, connection, end, queued, cost }: TimelineAttempt): string {
  const waited = queued === undefined ? '' : `, ${renderDuration(queued)} in the queue`;
  const paid = typeof cost === 'number' ? `, ${renderUsd(cost)}` : '';
  return `${time(at)}    ${target} as ${connection}: ${end}${waited}${paid}`;
}

function renderLane({ id, places, pace, series }: TimelineLane): string {
  const most = (name: 'running' | 'waiting' | 'begun'): number =>
    series.reduce((peak, sample) => Math.max(peak, sample[name]), 0);
  const parts = [
    `at most ${most('running')}${places === undefined ? '' : ` of ${places}`} at the same time`,
    `${most('waiting')} in the queue`,
    ...(pace ? [`${most('begun')} of ${pace.count} calls in ${renderDuration(pace.per)}`] : []),
  ];
  return `  ${id}: ${parts.join(', ')}`;
}

function renderSpend({ spend, unpriced }: Timeline): readonly string[] {
  const all = spend.at(-1)?.total;
  const rest = unpriced === 0 ? [] : [`  ${count(unpriced, 'answer')} of unknown price`];
  if (all === undefined) return rest;
  return [
    `  ${renderUsd(all)} for ${count(spend.length, 'answer')}`,
    ...sumBy(spend, ({ target }) => target),
    ...sumBy(spend, ({ key }) => (key === undefined ? undefined : `key ${key}`)),
    ...rest,
  ];
}

function sumBy(
  spend: readonly TimelineSpend[],
  nameOf: (one: TimelineSpend) => string | undefined,
): readonly string[] {
  const sums = new Map<string, { cost: number; answers: number }>();
  for (const one of spend) {
    const name = nameOf(one);
    if (name === undefined) continue;
    const { cost, answers } = sums.get(name) ?? { cost: 0, answers: 0 };
    sums.set(name, { cost: cost + one.cost, answers: answers + 1 });
  }
  return [...sums]
    .sort(([, a], [, b]) => b.cost - a.cost)
    .map(([name, { cost, answers }]) => `  ${name}  ${renderUsd(cost)} for ${count(answers, 'answer')}`);
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

function time(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`.padStart(11);
}
