// src/catalog/providers/*.yaml and the pinned price package → src/catalog/generated and the reference pages of
// providers and models. Routing runs in a browser: it must need neither YAML nor the two megabytes of the package.
import { waitForUpdate, type ModelInfo, type Provider as PriceProvider } from '@pydantic/genai-prices';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { CatalogEndpoint, FamilyRow, ProviderRow } from '../../src/catalog/catalog.ts';
import type { ModelRow } from '../../src/catalog/models.ts';
import { quirkTable, type Quirk } from '../../src/catalog/quirks.ts';
import { matchGlob } from '../../src/lib/glob.ts';
import { generatedMark } from '../markdown.ts';
import { renderModelsPage, renderProvidersPage, renderQuirksPage } from '../catalog-pages.ts';
import { asOf, convertModel } from '../catalog-prices.ts';

const folder = join(import.meta.dirname, '../../src/catalog/providers');
const packageName = '@pydantic/genai-prices';

/** A provider's file as it is written. */
interface ProviderFile {
  readonly name: string;
  readonly docs: string;
  readonly prefixes?: readonly string[];
  readonly key?: string;
  readonly auth?: CatalogEndpoint['auth'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly prices?: string;
  readonly endpoints: readonly (Partial<CatalogEndpoint> & Pick<CatalogEndpoint, 'protocol'>)[];
  readonly families?: readonly string[];
  /** false: the ids of the price list are no ids of this provider. */
  readonly listed?: boolean;
  readonly unlisted?: readonly string[];
  readonly models?: Readonly<Record<string, Omit<FamilyRow, 'glob' | 'retires'>>>;
  /** Day → patterns of the models that end then; of several days the earliest holds. */
  readonly retires?: Readonly<Record<string, readonly string[]>>;
  readonly sandbox?: boolean;
}

const fileKeys = new Set([
  'name', 'docs', 'prefixes', 'key', 'auth', 'headers', 'prices', 'endpoints', 'families', 'listed', 'unlisted', 'models', 'retires', 'sandbox',
]); // prettier-ignore

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const priceList = await readPriceList();
  const rows: ProviderRow[] = [];
  const models = new Map<string, readonly ModelRow[]>();
  for (const name of (await readdir(folder)).toSorted()) {
    const id = basename(name, '.yaml');
    const file = checkFile(id, parse(await readFile(join(folder, name), 'utf8')));
    const prices = file.prices === undefined ? [] : convertPrices(id, file.prices, priceList);
    if (file.prices !== undefined) models.set(file.prices, prices);
    rows.push(convertFile(id, file, prices));
  }
  checkNames(rows);
  const source = `${packageName} ${readVersion()}`;
  const digest = createHash('sha256')
    .update(JSON.stringify([rows, [...models]]))
    .digest('hex');
  return new Map([
    ['src/catalog/generated/providers.ts', renderProviders(rows)],
    ['src/catalog/generated/models.ts', renderModels(models, source, digest)],
    ['docs/reference/providers.md', renderProvidersPage(rows)],
    ['docs/reference/models.md', renderModelsPage(rows, models, source)],
    ['docs/reference/quirks.md', renderQuirksPage(rows)],
  ]);
}

async function readPriceList(): Promise<ReadonlyMap<string, PriceProvider>> {
  const providers = await waitForUpdate();
  if (!providers) throw new Error(`${packageName} has no data`);
  return new Map(providers.map((provider) => [provider.id, provider]));
}

function readVersion(): string {
  const path = join(import.meta.dirname, '../../node_modules', packageName, 'package.json');
  const { version } = createRequire(import.meta.url)(path) as { readonly version: string };
  return version;
}

function checkFile(id: string, file: ProviderFile): ProviderFile {
  const unknown = Object.keys(file).filter((key) => !fileKeys.has(key));
  if (unknown.length > 0) throw new Error(`${id}.yaml: unknown key ${unknown.join(', ')}`);
  for (const endpoint of file.endpoints) {
    if (endpoint.baseUrl?.endsWith('/')) throw new Error(`${id}.yaml: ${endpoint.baseUrl} ends with a slash`);
    for (const quirk of endpoint.quirks ?? []) {
      if (!Object.hasOwn(quirkTable, quirk)) throw new Error(`${id}.yaml: unknown quirk ${String(quirk)}`);
    }
  }
  return file;
}

function convertPrices(
  id: string,
  name: string,
  list: ReadonlyMap<string, PriceProvider>,
): readonly ModelRow[] {
  const found = list.get(name);
  if (!found) throw new Error(`${id}.yaml: ${packageName} has no provider ${name}`);
  return found.models.map((model: ModelInfo) => convertModel(name, model));
}

function convertFile(id: string, file: ProviderFile, prices: readonly ModelRow[]): ProviderRow {
  const auth = file.auth ?? 'bearer';
  const unlisted = file.unlisted ?? [];
  const listed = prices
    .filter(
      (row) =>
        !row.facts.deprecated &&
        !unlisted.some((glob) => matchGlob(glob, row.id)) &&
        !isRetired(row.id, file),
    )
    .map((row) => row.id)
    .toSorted();
  return {
    id,
    name: file.name,
    docs: file.docs,
    prefixes: file.prefixes ?? [],
    ...(file.key !== undefined && { key: file.key }),
    endpoints: file.endpoints.map((endpoint) => ({
      protocol: endpoint.protocol,
      ...(endpoint.baseUrl !== undefined && { baseUrl: endpoint.baseUrl }),
      auth: endpoint.auth ?? auth,
      headers: { ...file.headers, ...endpoint.headers },
      quirks: (endpoint.quirks ?? []) satisfies readonly Quirk[],
    })),
    families: file.families ?? [],
    ...(listed.length > 0 && file.listed !== false && { models: listed }),
    sandbox: file.sandbox ?? false,
    ...(file.prices !== undefined && { prices: file.prices }),
    facts: listFacts(file),
  };
}

// The last fact that matches holds, hence the latest day first.
function listFacts({ models = {}, retires = {} }: ProviderFile): readonly FamilyRow[] {
  const days = Object.keys(retires).toSorted().toReversed();
  return [
    ...Object.entries(models).map(([glob, facts]) => ({ glob, ...facts })),
    ...days.flatMap((day) => (retires[day] ?? []).map((glob) => ({ glob, retires: day }))),
  ];
}

function isRetired(model: string, file: ProviderFile): boolean {
  const last = listFacts(file).findLast(
    ({ glob, retires }) => retires !== undefined && matchGlob(glob, model),
  );
  return last?.retires !== undefined && last.retires <= asOf;
}

function checkNames(rows: readonly ProviderRow[]): void {
  const owners = new Map<string, string>();
  for (const { id, prefixes } of rows) {
    for (const name of [id, ...prefixes]) {
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`${name} is a name of ${owner} and of ${id}`);
      owners.set(name, id);
    }
  }
}

function renderProviders(rows: readonly ProviderRow[]): string {
  const lines = rows.map((row) => `  ${JSON.stringify(row)},`);
  return [
    `// ${generatedMark} from src/catalog/providers/*.yaml. Do not edit.`,
    `import type { ProviderRow } from '../catalog.ts';`,
    '',
    'export const providerRows: readonly ProviderRow[] = [',
    ...lines,
    '];',
    '',
  ].join('\n');
}

function renderModels(
  models: ReadonlyMap<string, readonly ModelRow[]>,
  source: string,
  digest: string,
): string {
  const blocks = [...models]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, rows]) =>
      [`  ${JSON.stringify(name)}: [`, ...rows.map((row) => `    ${JSON.stringify(row)},`), '  ],'].join(
        '\n',
      ),
    );
  return [
    `// ${generatedMark} from ${source}. Do not edit.`,
    `import type { ModelRow } from '../models.ts';`,
    '',
    `export const priceSource = ${JSON.stringify(source)};`,
    `export const catalogDigest = ${JSON.stringify(digest)};`,
    '',
    'export const modelRows: Readonly<Record<string, readonly ModelRow[]>> = {',
    ...blocks,
    '};',
    '',
  ].join('\n');
}
