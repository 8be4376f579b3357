// The registry of combo strategies → docs/reference/strategies.md.
import { autoFactors, autoPacks } from '../../src/routing/strategies/auto-weights.ts';
import { strategies } from '../../src/routing/strategies/registry.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

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
    '## Packs of `auto`',
    'Each factor is a value between 0 and 1; what is unknown counts as 0.5. Single weights can be replaced.',
    renderTable(['Pack', ...autoFactors], packs),
  ]);
  return new Map([['docs/reference/strategies.md', page]]);
}
