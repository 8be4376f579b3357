// A name as a client or a config file writes it → the target that it means. Pure data in and out, so that the gateway,
// the checks and `diff` agree on what a name is. Order (contract §15.1, one namespace for combos and aliases):
// exact combo or alias → `prefix/model` → alias pattern → the one provider that lists the bare name, or to whose family
// it belongs.
import type { SourcePosition } from '../diagnostics.ts';
import { fillGlob } from '../lib/glob.ts';
import type { Reason, Suffix } from './decision.ts';
import type { GlobIndex } from './globs.ts';
import { keepReason } from './reason-text.ts';
import type { Family, GlobAlias, Target } from './snapshot.ts';

interface Finder<Value> {
  get(name: string): Value | undefined;
}

interface Placed {
  readonly at?: SourcePosition | undefined;
}

/** The part of a snapshot that names need. */
export interface NameTable {
  readonly combos: Finder<Placed>;
  readonly aliases: Finder<Placed & { readonly target: Target }>;
  readonly globs: Pick<GlobIndex<GlobAlias>, 'find'>;
  readonly prefixes: Finder<Placed & { readonly id: string; readonly closed?: boolean }>;
  readonly listings: Finder<readonly string[]>;
  readonly families: Pick<GlobIndex<Family>, 'find'>;
}

export interface Resolved {
  readonly kind: 'resolved';
  readonly target: Target;
  readonly suffixes: readonly Suffix[];
  readonly reasons: readonly Reason[];
}

export interface Unresolved {
  readonly kind: 'invalid' | 'unknown' | 'ambiguous';
  readonly reason: Reason;
  /** Ids of the providers that list an ambiguous name. */
  readonly providers: readonly string[];
}

export type Resolution = Resolved | Unresolved;

const longestName = 256;
const none: readonly Suffix[] = Object.freeze([]);

/**
 * Resolves `name`. `isActive` says whether a provider has a connection that could be used now; it is asked only where
 * several providers list the same bare name.
 */
export function resolveName(
  name: string,
  table: NameTable,
  isActive: (provider: string) => boolean,
): Resolution {
  const fault = findFault(name);
  if (fault) return unresolved('invalid', { code: 'invalid-name', message: fault });
  const long = name.length > 4 && name.slice(-4).toLowerCase() === '[1m]';
  // The suffix may be part of a name that somebody wrote down; nothing else is looked up with it.
  const exact = long ? lookUpExact(name, table) : undefined;
  if (exact) return exact.resolution;

  const base = long ? name.slice(0, -4) : name;
  const found = lookUp(base, table, isActive);
  if (found && found.kind !== 'unlisted') return withSuffix(found.resolution, long, false);
  // `-thinking` is part of many real ids; it is a wish only where the name without it is known and with it is not.
  if (base.length > 9 && base.endsWith('-thinking')) {
    const plain = lookUp(base.slice(0, -9), table, isActive);
    if (plain?.kind === 'known') return withSuffix(plain.resolution, long, true);
  }
  if (found) return withSuffix(found.resolution, long, false);
  return unresolved('unknown', {
    code: 'unknown-name',
    message: `No combo, alias or model is called "${name}".`,
  });
}

// `unlisted`: a provider was named, but it does not list the model, so that a suffix may still be cut off.
interface Found {
  readonly kind: 'known' | 'unlisted' | 'ambiguous';
  readonly resolution: Resolution;
}

function lookUpExact(name: string, table: NameTable): Found | undefined {
  const combo = table.combos.get(name);
  if (combo) return keepFound(name, combo, describeCombo);
  const alias = table.aliases.get(name);
  return alias && keepFound(name, alias, describeAlias);
}

// What a combo or an alias stands for is the same for as long as it is there.
const exactFinds = new WeakMap<Placed, { readonly name: string; readonly found: Found }>();

function keepFound<Entry extends Placed>(
  name: string,
  entry: Entry,
  describe: (name: string, entry: Entry) => Found,
): Found {
  const known = exactFinds.get(entry);
  if (known?.name === name) return known.found;
  const found = describe(name, entry);
  exactFinds.set(entry, { name, found });
  return found;
}

function describeCombo(name: string, { at }: Placed): Found {
  const target: Target = { kind: 'combo', combo: name, weight: 1, at };
  return known(target, keepReason({ code: 'combo', message: `"${name}" is a combo.`, at }));
}

function describeAlias(name: string, { target, at }: Placed & { readonly target: Target }): Found {
  const message = `"${name}" is an alias of ${renderTarget(target)}.`;
  return known(target, keepReason({ code: 'alias', message, at }));
}

function lookUp(name: string, table: NameTable, isActive: (provider: string) => boolean): Found | undefined {
  const exact = lookUpExact(name, table);
  if (exact) return exact;
  const slash = name.indexOf('/');
  if (slash > 0 && slash < name.length - 1) {
    const provider = table.prefixes.get(name.slice(0, slash));
    if (provider) return byPrefix(name.slice(slash + 1), provider, table);
  }
  const pattern = table.globs.find(name);
  if (pattern) {
    const { entry, captures } = pattern;
    const target: Target =
      entry.target.kind === 'combo'
        ? entry.target
        : { ...entry.target, model: fillGlob(entry.target.model, captures) };
    // `my-../x` holds no step, what the pattern's wildcard took of it does.
    const step = target.kind === 'model' ? findStep(target.model) : undefined;
    if (step !== undefined)
      return { kind: 'known', resolution: unresolved('invalid', { code: 'invalid-name', message: step }) };
    const message = `"${name}" matches the alias pattern "${entry.pattern}" and becomes ${renderTarget(target)}.`;
    return known(target, { code: 'alias-glob', message, at: entry.at });
  }
  return byBareName(name, table, isActive);
}

type NamedProvider = NonNullable<ReturnType<NameTable['prefixes']['get']>>;

function byPrefix(model: string, { id, closed, at }: NamedProvider, table: NameTable): Found {
  if (table.listings.get(model)?.includes(id)) {
    return known(
      { kind: 'model', provider: id, model, weight: 1, at },
      { code: 'prefix', message: `Model "${model}" at provider ${id}.`, at },
    );
  }
  if (closed) {
    const message = `Provider ${id} does not serve "${model}".`;
    return { kind: 'unlisted', resolution: unresolved('unknown', { code: 'not-served', message, at }) };
  }
  const reason: Reason = {
    code: 'unlisted',
    message: `Model "${model}" at provider ${id}, which does not list it.`,
    at,
  };
  return {
    kind: 'unlisted',
    resolution: resolved({ kind: 'model', provider: id, model, weight: 1, at }, reason),
  };
}

function byBareName(
  name: string,
  table: NameTable,
  isActive: (provider: string) => boolean,
): Found | undefined {
  const listed = table.listings.get(name);
  const providers = listed ?? table.families.find(name)?.entry.providers;
  if (!providers) return undefined;
  const only = providers.length === 1;
  const active = only ? providers : providers.filter(isActive);
  if (active.length === 1) {
    const provider = active[0]!;
    return known(
      { kind: 'model', provider, model: name, weight: 1 },
      explainChoice(name, provider, providers, listed !== undefined),
    );
  }
  const message = `Several providers know "${name}": write ${providers.map((id) => `${id}/${name}`).join(' or ')}.`;
  return {
    kind: 'ambiguous',
    resolution: unresolved('ambiguous', { code: 'ambiguous', message }, providers),
  };
}

function explainChoice(
  name: string,
  provider: string,
  providers: readonly string[],
  listed: boolean,
): Reason {
  if (providers.length > 1) {
    return {
      code: 'listed-active',
      message: `Of ${providers.join(', ')} only ${provider} has a usable connection.`,
    };
  }
  return listed
    ? { code: 'listed', message: `Only provider ${provider} lists "${name}".` }
    : { code: 'family', message: `"${name}" belongs to the models of provider ${provider}.` };
}

/** A name as it was written, then without what its suffixes ask for: rules about the one are about the other. */
export function listSpellings(name: string, suffixes: readonly Suffix[]): readonly [string, ...string[]] {
  if (suffixes.length === 0) return [name];
  // A target may have brought a suffix that the name does not hold.
  const base = suffixes.includes('1m') && name.toLowerCase().endsWith('[1m]') ? name.slice(0, -4) : name;
  const plain = suffixes.includes('thinking') && base.endsWith('-thinking') ? base.slice(0, -9) : base;
  return [name, ...new Set([base, plain])];
}

/** `provider/model` or the combo's name. */
export function renderTarget(target: Target): string {
  return target.kind === 'combo' ? target.combo : `${target.provider}/${target.model}`;
}

function withSuffix(resolution: Resolution, long: boolean, thinking: boolean): Resolution {
  if (resolution.kind !== 'resolved' || (!long && !thinking)) return resolution;
  const suffixes: Suffix[] = [];
  const reasons: Reason[] = [];
  if (long) {
    suffixes.push('1m');
    reasons.push({ code: 'suffix-1m', message: 'The suffix [1m] asks for the long context window.' });
  }
  if (thinking) {
    suffixes.push('thinking');
    reasons.push({ code: 'suffix-thinking', message: 'The suffix -thinking asks for reasoning.' });
  }
  return { ...resolution, suffixes, reasons: [...reasons, ...resolution.reasons] };
}

function known(target: Target, reason: Reason): Found {
  return { kind: 'known', resolution: resolved(target, reason) };
}

function resolved(target: Target, reason: Reason): Resolved {
  return { kind: 'resolved', target, suffixes: none, reasons: [reason] };
}

function unresolved(kind: Unresolved['kind'], reason: Reason, providers: readonly string[] = []): Unresolved {
  return { kind, reason, providers };
}

// Names end up in URLs (`/models/{model}:generateContent`) and headers, hence no control characters and no path steps.
function findFault(name: string): string | undefined {
  if (name.length === 0) return 'The model name is empty.';
  if (name.length > longestName) return `The model name is longer than ${longestName} characters.`;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code < 32 || (code >= 127 && code < 160)) return 'The model name holds a control character.';
  }
  return findStep(name);
}

function findStep(name: string): string | undefined {
  if (!name.includes('./') && !name.endsWith('.')) return undefined;
  const step = name.split('/').find((part) => part === '.' || part === '..');
  return step === undefined ? undefined : `The model name holds the path step "${step}".`;
}
