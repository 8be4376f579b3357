// What `start` says once it serves: where, by which file and revision, which providers are ready, and what to try.
import type { SecretReader } from '../routing/ports.ts';
import type { Connection, Provider, SecretReference, Snapshot } from '../routing/snapshot.ts';
import type { Terminal } from './terminal.ts';

export interface BannerFacts {
  readonly version: string;
  readonly url: string;
  readonly file: string;
  readonly snapshot: Snapshot;
  readonly secrets: SecretReader;
}

/** A provider that can be called, or what it waits for. */
export interface ProviderState {
  readonly provider: string;
  readonly ready: boolean;
  /** `simulator`, `2 accounts`, `set OPENAI_API_KEY`. */
  readonly note: string;
}

export function renderBanner(facts: BannerFacts, { paint }: Pick<Terminal, 'paint'>): readonly string[] {
  const states = describeProviders(facts.snapshot, facts.secrets);
  const ready = states.filter((state) => state.ready);
  const waiting = states.filter((state) => !state.ready);
  const width = Math.max(0, ...waiting.map(({ provider }) => provider.length));
  const model = findExample(facts.snapshot, new Set(ready.map(({ provider }) => provider)));
  return [
    `${paint('bold', `OmniRoute ${facts.version}`)} serves ${paint('cyan', facts.url)}`,
    `  file      ${facts.file}, revision ${facts.snapshot.revision}`,
    `  ready     ${ready.map(({ provider, note }) => (note === '' ? provider : `${provider} (${note})`)).join(', ') || 'no provider'}`,
    ...waiting.map(
      ({ provider, note }, index) =>
        `  ${paint('dim', index === 0 ? 'waiting' : '       ')}   ${provider.padEnd(width)}  ${paint('dim', note)}`,
    ),
    ...(model === undefined ? [] : ['', ...renderExample(facts.url, model)]),
  ];
}

/** Every provider of the snapshot, in the order of the file. */
export function describeProviders({ providers }: Snapshot, secrets: SecretReader): readonly ProviderState[] {
  return providers.values().map((provider) => describeProvider(provider, secrets));
}

function describeProvider({ id, connections, sandbox }: Provider, secrets: SecretReader): ProviderState {
  if (sandbox) return { provider: id, ready: true, note: 'simulator' };
  const enabled = connections.filter((connection) => connection.enabled);
  const missing = (connection: Connection): SecretReference | undefined =>
    connection.credential && secrets.read(connection.credential) === undefined
      ? connection.credential
      : undefined;
  const usable = enabled.filter((connection) => !missing(connection));
  if (usable.length === 1) return { provider: id, ready: true, note: '' };
  if (usable.length > 1) return { provider: id, ready: true, note: `${usable.length} accounts` };
  const wanted = enabled.map(missing).filter((reference) => reference !== undefined);
  const note =
    wanted.length === 0 ? 'no account is enabled' : [...new Set(wanted.map(renderWish))].join(' or ');
  return { provider: id, ready: false, note };
}

function renderWish({ source, name }: SecretReference): string {
  if (source === 'env') return `set ${name}`;
  return source === 'file' ? `write ${name}` : `store the secret ${name}`;
}

/** A name that answers: a combo with a ready target, else a listed model of a ready provider. */
function findExample({ combos, providers }: Snapshot, ready: ReadonlySet<string>): string | undefined {
  for (const combo of combos.values()) {
    if (combo.targets.some((target) => target.kind === 'model' && ready.has(target.provider)))
      return combo.name;
  }
  for (const { id, models = [] } of providers.values()) {
    const [first] = models;
    if (ready.has(id) && first !== undefined) return `${id}/${first}`;
  }
  return undefined;
}

function renderExample(url: string, model: string): readonly string[] {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello' }] });
  return [
    `  curl -i ${url}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -d '${body.replaceAll("'", "'\\''")}'`,
  ];
}
