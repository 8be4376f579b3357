// The registry of combo strategies → docs/reference/strategies.md.
import { autoFactors, autoPacks } from '../../src/routing/strategies/auto-weights.ts';
import { strategies } from '../../src/routing/strategies/registry.ts';
import { code, renderPage, renderTable } from '../markdown.ts';
import { compareStrategies } from '../strategy-month.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const table = strategies.map(({ name, meaning, demands }) => [
    code(name),
    meaning,
    demands.map(code).join(', '),
  ]);
  const packs = Object.entries(autoPacks).map(([name, weights]) => [
    code(name),
    ...autoFactors.map((factor) => String(weights[factor])),
  ]);
  const page = renderPage('Strategies', 'src/routing/strategies/', [
    'How a combo orders its targets for one request. Only targets that can be tried now are ordered: their condition ' +
      'and schedule hold, an account has its credential, does not rest and has no open breaker. A nested combo is ' +
      'ordered first and then takes one place, judged by its own first target. Every candidate is tried once, in ' +
      'this order, before any is repeated. `omniroute explain --model NAME` shows the order and its reasons.',
    renderTable(['Name', 'Order', 'Facts that it reads'], table),
    'What a strategy does not know it ranks last, and says so in a reason.',
    '## A simulated month',
    'Six thousand requests in conversations over thirty days, through the real decisions with a clock of their own: ' +
      'four targets that differ in price (3, 2.5, 0.3 and 0 USD per million prompt tokens), speed (0.4 to 2.5 s to the ' +
      'first token) and window (200k to 32k tokens); each has a bad day or two, the first a small daily quota. ' +
      'Affinity is off. The figures compare strategies in this month, they promise nothing about yours; ' +
      '`scripts/strategy-month.ts` has the script.',
    renderTable(
      ['Strategy', 'Served', 'At the first try', 'Cost, USD', 'First token p50, s', 'p95, s', 'Switches'],
      compareStrategies(strategies.map(({ name }) => name)).map((month) => [
        code(month.strategy),
        percent(month.succeeded),
        percent(month.firstTry),
        month.cost.toFixed(2),
        (month.p50 / 1000).toFixed(2),
        (month.p95 / 1000).toFixed(2),
        String(month.switches),
      ]),
    ),
    '## Packs of `auto`',
    'Each factor is a value between 0 and 1; what is unknown counts as 0.5. Single weights can be replaced.',
    renderTable(['Pack', ...autoFactors], packs),
  ]);
  return new Map([['docs/reference/strategies.md', page]]);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
