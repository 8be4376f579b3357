// A timeline as an SVG picture: a lane for each account, its calls as bars, its rests and open breakers behind them.
import type { Timeline } from './scenario.ts';

const lane = 28;
const left = 220;
const width = 1000;

export function renderPicture({ requests, states, length }: Timeline): string {
  const calls = requests.flatMap(({ attempts, ended }) =>
    attempts.map((one, index) => ({ ...one, until: attempts[index + 1]?.at ?? ended })),
  );
  const lanes = [...new Set(calls.map(({ connection }) => connection))];
  const whole = Math.max(1, length);
  const x = (at: number): number => left + (Math.min(at, whole) / whole) * (width - left - 20);
  const bar = (from: number, until: number): string =>
    `x="${x(from).toFixed(1)}" width="${Math.max(1.5, x(until) - x(from)).toFixed(1)}"`;
  const rows = lanes.flatMap((name, index) => {
    const y = 20 + index * lane;
    const provider = name.slice(0, name.indexOf('@'));
    const own = states.filter(
      ({ id }) => id === name || id.startsWith(`${name} `) || id.startsWith(`${provider}/`),
    );
    return [
      `<text x="8" y="${y + 17}">${escape(name)}</text>`,
      ...own.map(
        ({ kind, id, from, until }) =>
          `<rect class="${kind}" ${bar(from, until)} y="${y}" height="${lane - 4}"><title>${kind} ${escape(id)}</title></rect>`,
      ),
      ...calls
        .filter(({ connection }) => connection === name)
        .map(
          ({ at, until, target, end }) =>
            `<rect class="${end === 'success' ? 'ok' : 'bad'}" ${bar(at, until)} y="${y + 7}" height="10"><title>${escape(`${target}: ${end}`)}</title></rect>`,
        ),
    ];
  });
  const height = 40 + lanes.length * lane;
  const ticks = Array.from({ length: 11 }, (_, index) => {
    const at = (whole * index) / 10;
    return `<text class="tick" x="${x(at).toFixed(1)}" y="${height - 6}">${(at / 1000).toFixed(1)} s</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">
<style>.ok { fill: #1a7f37 } .bad { fill: #cf222e } .cooldown { fill: #ffd8a8 } .breaker { fill: #d0bfff } .tick { font-size: 10px; fill: #666; text-anchor: middle }</style>
<rect width="100%" height="100%" fill="#fff"/>
${[...rows, ...ticks].join('\n')}
</svg>`;
}

function escape(text: string): string {
  return text.toWellFormed().replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
