// `providers` and the catalog entries behind them → providers with endpoints, connections and lists.
import type { CatalogEndpoint, CatalogProvider } from '../../catalog/catalog.ts';
import type { ResolvedConnection, ResolvedEndpoint, ResolvedProvider } from '../../config/generated/types.ts';
import { isPrivateHost } from '../../lib/address-kind.ts';
import { findNearest } from '../../lib/nearest.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { Connection, Endpoint, Provider, ResilienceProfile, SandboxSettings } from '../snapshot.ts';
import type { CompileContext, CompileStep } from './context.ts';
import { compilePace, compileQuota } from './pace.ts';

/** How the catalog's simulator behaves where the file says nothing about it. */
const simulator: SandboxSettings = { faults: false, seed: 1, behaviours: {} };

export const compileProviders: CompileStep = (context) => {
  const { config, draft } = context;
  const prefixes = createPrefixes(context);
  for (const [id, provider] of Object.entries(config.providers)) {
    const entry = findEntry(id, provider, context);
    const listed = listModels(id, provider.models ?? entry?.models, context);
    draft.providers.push({
      id,
      prefixes: prefixes.get(id) ?? [],
      endpoints: compileEndpoints(id, provider, entry, context),
      connections: compileConnections(id, provider, entry, context),
      sandbox: provider.sandbox ?? (entry?.sandbox ? simulator : false),
      ...(provider.select !== 'fill-first' && { select: provider.select, stickyCalls: provider.stickyCalls }),
      profile: chooseProfile(id, provider, entry, context),
      ...(listed && { models: listed }),
      ...(provider.models && { closed: true }),
      families: entry?.families ?? [],
      ...(entry && { catalog: entry.id }),
      at: context.at(renderPointer(['providers', id]), 'key'),
    } satisfies Provider);
  }
};

function findEntry(
  id: string,
  { catalog: name, sandbox: simulated }: ResolvedProvider,
  context: CompileContext,
): CatalogProvider | undefined {
  const { catalog, report } = context;
  if (name === undefined)
    return catalog.provider(id) ?? (simulated ? catalog.provider('sandbox') : undefined);
  const entry = catalog.provider(name);
  if (!entry) {
    const nearest = findNearest(
      name,
      catalog.providers().map((known) => known.id),
    );
    const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
    report(
      'compile/unknown-catalog',
      renderPointer(['providers', id, 'catalog']),
      `the catalog has no entry "${name}"`,
      hint,
    );
  }
  return entry;
}

// Ids come before prefixes, the file's prefixes before the catalog's; those of the catalog give way silently.
function createPrefixes({ config, catalog, report }: CompileContext): ReadonlyMap<string, readonly string[]> {
  const owners = new Map(Object.keys(config.providers).map((id) => [id, id]));
  const prefixes = new Map<string, string[]>();
  for (const [id, provider] of Object.entries(config.providers)) {
    const own: string[] = [];
    prefixes.set(id, own);
    for (const [index, prefix] of provider.prefixes.entries()) {
      const owner = owners.get(prefix);
      if (owner !== undefined && owner !== id) {
        const pointer = renderPointer(['providers', id, 'prefixes', index]);
        report('compile/prefix-taken', pointer, `"${prefix}" already leads to provider ${owner}`);
      } else if (owner === undefined) {
        owners.set(prefix, id);
        own.push(prefix);
      }
    }
  }
  for (const id of Object.keys(config.providers)) {
    for (const prefix of catalog.provider(id)?.prefixes ?? []) {
      if (owners.has(prefix)) continue;
      owners.set(prefix, id);
      prefixes.get(id)?.push(prefix);
    }
  }
  return prefixes;
}

function listModels(
  id: string,
  models: readonly string[] | undefined,
  { config }: CompileContext,
): readonly string[] | undefined {
  const start = `${id}/`;
  const added = Object.keys(config.models)
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length));
  if (!models && added.length === 0) return undefined;
  return [...new Set([...(models ?? []), ...added])];
}

function compileEndpoints(
  id: string,
  provider: ResolvedProvider,
  entry: CatalogProvider | undefined,
  { report }: CompileContext,
): readonly Endpoint[] {
  const pointer = renderPointer(['providers', id]);
  const wires: readonly Pick<ResolvedEndpoint, 'name' | 'baseUrl' | 'auth' | 'headers' | 'quirks'>[] =
    provider.protocols ??
    (entry?.endpoints ?? []).map(({ protocol }) => ({ name: protocol, headers: {}, quirks: [] }));
  if (wires.length === 0)
    report('compile/no-address', pointer, `nothing says which wire provider "${id}" speaks, and where`);
  return wires.flatMap((wire, index) => {
    const known = entry?.endpoints.find(({ protocol }) => protocol === wire.name);
    const baseUrl = wire.baseUrl ?? known?.baseUrl;
    if (baseUrl === undefined) {
      const place = provider.protocols ? `${pointer}/protocols/${index}` : pointer;
      report('compile/no-address', place, `nothing says where provider "${id}" speaks ${wire.name}`);
      return [];
    }
    const endpoint = compileEndpoint(wire, baseUrl, provider, known);
    if (
      wire.baseUrl !== undefined &&
      endpoint.reach === undefined &&
      !provider.sandbox &&
      isPrivate(baseUrl)
    ) {
      report(
        'compile/private-address',
        `${pointer}/protocols/${index}`,
        `provider "${id}" would send its credential into a private network`,
        'set allowPrivateNetwork: true on the provider if that is meant',
      );
    }
    return [endpoint];
  });
}

function compileEndpoint(
  wire: Pick<ResolvedEndpoint, 'name' | 'auth' | 'headers' | 'quirks'>,
  baseUrl: string,
  provider: ResolvedProvider,
  known: CatalogEndpoint | undefined,
): Endpoint {
  const auth = wire.auth ?? provider.auth ?? known?.auth ?? 'bearer';
  // An address that stands in the file or the catalog cannot be exchanged by DNS; without a credential nothing can be
  // stolen there either. A name needs the word of the operator.
  const isMeant =
    provider.allowPrivateNetwork || ((auth === 'none' || known?.baseUrl === baseUrl) && isPrivate(baseUrl));
  return {
    protocol: wire.name,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    auth,
    ...(isMeant && { reach: 'private' as const }),
    headers: uniteHeaders(
      wire.name === 'anthropic-messages' ? { 'anthropic-version': '2023-06-01' } : {},
      known?.headers ?? {},
      provider.headers,
      wire.headers,
    ),
    quirks: [...new Set<string>([...(known?.quirks ?? []), ...provider.quirks, ...wire.quirks])],
  };
}

function isPrivate(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && isPrivateHost(new URL(baseUrl).hostname);
}

type AccountPart = Pick<
  ResolvedConnection,
  'id' | 'enabled' | 'priority' | 'apiKey' | 'oauth' | 'models' | 'maxConcurrent' | 'quota' | 'pace'
>;

function compileConnections(
  id: string,
  provider: ResolvedProvider,
  entry: CatalogProvider | undefined,
  { at, report, config }: CompileContext,
): readonly Connection[] {
  const pointer = renderPointer(['providers', id]);
  const open = needsNoKey(provider, entry);
  const usual = !open && entry?.key !== undefined ? ({ source: 'env', name: entry.key } as const) : undefined;
  const written: readonly AccountPart[] = provider.connections ?? [
    { id: 'default', enabled: true, priority: 1 },
  ];
  const connections = written.map((connection, index) => {
    const place = provider.connections ? `${pointer}/connections/${index}` : pointer;
    const credential = connection.apiKey ?? usual;
    if (!credential && !open && !connection.oauth) {
      report('compile/no-credential', place, `connection "${id}@${connection.id}" has no key`);
    }
    const pace = connection.pace ?? provider.pace ?? (open ? undefined : config.resilience.pace);
    return {
      id: connection.id,
      key: `${id}@${connection.id}`,
      provider: id,
      priority: connection.priority,
      enabled: provider.enabled && connection.enabled,
      ...(connection.models && { models: connection.models }),
      ...(credential && { credential }),
      ...(connection.maxConcurrent !== undefined && { maxConcurrent: connection.maxConcurrent }),
      ...(pace && { pace: compilePace(pace) }),
      ...(connection.quota && { quota: compileQuota(connection.quota) }),
      at: at(place, provider.connections ? 'value' : 'key'),
    } satisfies Connection;
  });
  return connections.sort((a, b) => a.priority - b.priority);
}

function chooseProfile(
  id: string,
  provider: ResolvedProvider,
  entry: CatalogProvider | undefined,
  { draft, report }: CompileContext,
): ResilienceProfile {
  const usual = needsNoKey(provider, entry)
    ? 'local'
    : provider.connections?.some(({ oauth }) => oauth)
      ? 'oauth'
      : 'apikey';
  const profile = draft.profiles.get(provider.profile ?? usual);
  if (profile) return profile;
  const nearest = findNearest(provider.profile ?? usual, draft.profiles.keys());
  const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
  report(
    'compile/unknown-profile',
    renderPointer(['providers', id, 'profile']),
    `there is no profile "${provider.profile}"`,
    hint,
  );
  return draft.profiles.get('default')!;
}

function needsNoKey(provider: ResolvedProvider, entry: CatalogProvider | undefined): boolean {
  if (provider.auth !== undefined) return provider.auth === 'none';
  if (provider.protocols?.length && provider.protocols.every(({ auth }) => auth === 'none')) return true;
  return isSandbox(provider, entry) || (entry?.endpoints.every(({ auth }) => auth === 'none') ?? false);
}

function isSandbox(provider: ResolvedProvider, entry: CatalogProvider | undefined): boolean {
  return provider.sandbox !== undefined || (entry?.sandbox ?? false);
}

// Header names are the same in any case; a later one replaces an earlier one.
function uniteHeaders(...all: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    all.flatMap((headers) => Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  );
}
