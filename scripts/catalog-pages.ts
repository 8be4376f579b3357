// The reference pages about providers, models and quirks.
import type { ProviderRow } from '../src/catalog/catalog.ts';
import type { ModelRow } from '../src/catalog/models.ts';
import type { KindPrices, TokenPrices } from '../src/catalog/prices.ts';
import { quirkTable } from '../src/catalog/quirks.ts';
import { code, renderPage, renderTable } from './markdown.ts';

export function renderProvidersPage(rows: readonly ProviderRow[]): string {
  const table = rows.map((row) => [
    code(row.id),
    row.prefixes.map(code).join(', '),
    row.key === undefined ? 'no key' : code(row.key),
    row.endpoints.map(({ protocol, baseUrl }) => `${protocol} ${baseUrl ?? '(your baseUrl)'}`).join('; '),
    row.families.map(code).join(', '),
  ]);
  return renderPage('Providers', 'src/catalog/providers/*.yaml', [
    'What the catalog knows. A provider of this table needs nothing more than `providers: { <id>: {} }` and its variable; ' +
      'everything in the row can be replaced in the file. The first wire is used for clients that speak none of them. ' +
      'A bare model name that matches a family, and that no combo or alias has, goes to its provider.',
    renderTable(['Id', 'Prefixes', 'Key from', 'Wires', 'Families of bare names'], table),
  ]);
}

export function renderModelsPage(
  rows: readonly ProviderRow[],
  models: ReadonlyMap<string, readonly ModelRow[]>,
  source: string,
): string {
  const blocks: string[] = [];
  for (const { id, prices, models: listed } of rows) {
    if (prices === undefined || !listed) continue;
    const table = (models.get(prices) ?? [])
      .filter((row) => listed.includes(row.id))
      .map((row) => [
        code(row.id),
        row.facts.context?.toLocaleString('en') ?? '',
        ...renderPrices(row.facts.prices),
      ]);
    blocks.push(`## ${id}`, renderTable(['Model', 'Context', 'Input', 'Cached', 'Output', 'Notes'], table));
  }
  return renderPage('Models', source, [
    `Prices in US dollars per million tokens, from ${source}. An empty cell is unknown, not free. Models that are not ` +
      'listed can be asked for all the same; facts about them go into the `models` section of the file.',
    ...blocks,
  ]);
}

export function renderQuirksPage(rows: readonly ProviderRow[]): string {
  const table = Object.entries(quirkTable).map(([name, { meaning }]) => [
    code(name),
    meaning,
    rows
      .filter((row) => row.endpoints.some((endpoint) => endpoint.quirks.some((quirk) => quirk === name)))
      .map(({ id }) => id)
      .join(', '),
  ]);
  return renderPage('Quirks', 'src/catalog/quirks.ts', [
    'Named deviations from a protocol. A provider or endpoint switches them on with `quirks: [name]`.',
    renderTable(['Name', 'Meaning', 'Catalog providers'], table),
  ]);
}

function renderPrices(prices: TokenPrices | undefined): readonly string[] {
  if (!prices) return ['', '', '', ''];
  const notes = [
    ...(prices.tiers ?? []).map(
      (tier) => `above ${tier.above.toLocaleString('en')} tokens ${renderPair(tier.prices)}`,
    ),
    ...(prices.changes ?? []).map((change) =>
      change.from === undefined
        ? `${renderTime(change.daily?.[0])}–${renderTime(change.daily?.[1])} UTC ${renderPair(change.prices)}`
        : `from ${new Date(change.from).toISOString().slice(0, 10)} ${renderPair(change.prices)}`,
    ),
  ];
  return [renderUsd(prices.input), renderUsd(prices.cacheRead), renderUsd(prices.output), notes.join('; ')];
}

function renderPair({ input, output }: KindPrices): string {
  return `${renderUsd(input)} / ${renderUsd(output)}`;
}

function renderUsd(pico: number | undefined): string {
  return pico === undefined ? '' : String(pico / 1_000_000);
}

function renderTime(milliseconds = 0): string {
  return new Date(milliseconds).toISOString().slice(11, 16);
}
