// A timeline as an SVG picture: a lane for each account, its calls and waits as bars, its rests and open breakers behind
// them; below, how full the places were; at the bottom, what had been spent by then.
import { renderUsd } from '../../catalog/prices.ts';
import type { Timeline, TimelineLane } from './scenario.ts';

const row = 28;
const left = 220;
const width = 1000;
const right = 20;

export function renderPicture(timeline: Timeline): string {
  const whole = Math.max(1, timeline.length);
  const x = (at: number): number => left + (Math.min(at, whole) / whole) * (width - left - right);
  const parts: string[] = [];
  let y = 20;
  const draw = (title: string, lines: readonly string[]): void => {
    parts.push(
      `<text x="8" y="${y + 17}">${escape(shorten(title))}<title>${escape(title)}</title></text>`,
      ...lines,
    );
    y += row;
  };
  const accounts = new Set(
    timeline.requests.flatMap(({ attempts }) => attempts.map((one) => one.connection)),
  );
  for (const account of accounts) draw(account, drawAccount(timeline, account, y, x));
  for (const lane of timeline.lanes.filter(hasCeiling))
    draw(`${lane.id} places`, drawLane(lane, whole, y, x));
  if (timeline.spend.length > 0)
    draw(`spend ${renderUsd(timeline.spend.at(-1)!.total)}`, drawSpend(timeline, y, x));
  const height = y + 20;
  const ticks = Array.from({ length: 11 }, (_, index) => {
    const at = (whole * index) / 10;
    return `<text class="tick" x="${x(at).toFixed(1)}" y="${height - 6}">${(at / 1000).toFixed(1)} s</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">
<style>.ok { fill: #1a7f37 } .bad { fill: #cf222e } .queued { fill: #bf8700 } .cooldown { fill: #ffd8a8 } .breaker { fill: #d0bfff } .running { fill: #54aeff } .waiting { fill: #bf8700 } .spend { fill: none; stroke: #8250df; stroke-width: 2 } .tick { font-size: 10px; fill: #666; text-anchor: middle }</style>
<rect width="100%" height="100%" fill="#fff"/>
${[...parts, ...ticks].join('\n')}
</svg>`;
}

type Scale = (at: number) => number;

function drawAccount(
  { requests, states }: Timeline,
  account: string,
  y: number,
  x: Scale,
): readonly string[] {
  const bar = (from: number, until: number): string =>
    `x="${x(from).toFixed(1)}" width="${Math.max(1.5, x(until) - x(from)).toFixed(1)}"`;
  const provider = account.slice(0, account.indexOf('@'));
  const own = states.filter(
    ({ id }) => id === account || id.startsWith(`${account} `) || id.startsWith(`${provider}/`),
  );
  const calls = requests.flatMap(({ attempts, ended }) =>
    attempts.flatMap((one, index) => {
      const next = attempts[index + 1];
      const isHeld = one.end.startsWith('held');
      const until = isHeld ? one.at : next ? next.at - (next.queued ?? 0) : ended;
      return one.connection === account ? [{ ...one, until: Math.max(one.at, until) }] : [];
    }),
  );
  return [
    ...own.map(
      ({ kind, id, from, until }) =>
        `<rect class="${kind}" ${bar(from, until)} y="${y}" height="${row - 4}"><title>${kind} ${escape(id)}</title></rect>`,
    ),
    ...calls.flatMap(({ at, queued }) =>
      queued === undefined
        ? []
        : [
            `<rect class="queued" ${bar(at - queued, at)} y="${y + 18}" height="4"><title>in the queue</title></rect>`,
          ],
    ),
    ...calls.map(
      ({ at, until, target, end }) =>
        `<rect class="${end === 'success' ? 'ok' : 'bad'}" ${bar(at, until)} y="${y + 7}" height="10"><title>${escape(`${target}: ${end}`)}</title></rect>`,
    ),
  ];
}

function hasCeiling({ places, pace }: TimelineLane): boolean {
  return places !== undefined || pace !== undefined;
}

/** Who has a place, from below; who waits for one, on top of it. */
function drawLane({ id, series }: TimelineLane, whole: number, y: number, x: Scale): readonly string[] {
  const peak = series.reduce((most, { running, waiting }) => Math.max(most, running + waiting), 1);
  const scale = (row - 6) / peak;
  return series.flatMap(({ at, running, waiting }, index) => {
    const until = series[index + 1]?.at ?? whole;
    const span = `x="${x(at).toFixed(1)}" width="${(x(until) - x(at)).toFixed(1)}"`;
    const bar = (kind: string, from: number, count: number): string =>
      `<rect class="${kind}" ${span} y="${(y + row - 4 - (from + count) * scale).toFixed(1)}" height="${(count * scale).toFixed(1)}"><title>${escape(`${id}: ${count} ${kind}`)}</title></rect>`;
    return [
      ...(running > 0 ? [bar('running', 0, running)] : []),
      ...(waiting > 0 ? [bar('waiting', running, waiting)] : []),
    ];
  });
}

function drawSpend({ spend, length }: Timeline, y: number, x: Scale): readonly string[] {
  const all = Math.max(1, spend.at(-1)?.total ?? 0);
  const level = (total: number): string => (y + row - 4 - (total / all) * (row - 8)).toFixed(1);
  let points = `${x(0).toFixed(1)},${level(0)}`;
  let before = 0;
  for (const { at, total } of [...spend, { at: length, total: spend.at(-1)?.total ?? 0 }]) {
    points += ` ${x(at).toFixed(1)},${level(before)} ${x(at).toFixed(1)},${level(total)}`;
    before = total;
  }
  return [`<polyline class="spend" points="${points}"><title>spend</title></polyline>`];
}

function shorten(text: string): string {
  return text.length <= 30 ? text : `${text.slice(0, 29)}…`;
}

function escape(text: string): string {
  return text.toWellFormed().replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
