// Two snapshots → what changes and for whom: the reload report, `plan` and the dashboard show it. Compares meaning,
// never text: a combo that moved to another file is no change, an alias whose target's target moved is one.
import type { SourcePosition } from '../diagnostics.ts';
import { renderCanonical } from '../lib/stable-hash.ts';
import { isModelAllowed } from './decide.ts';
import { diffState, type StateChange } from './diff/state.ts';
import { diffPolicies, type PolicyChange } from './diff/policies.ts';
import { diffProviders, diffSettings, type ProviderChange, type SettingChange } from './diff/settings.ts';
import { createMeaning, type Meaning } from './diff/meaning.ts';
import type { ClientKey, Snapshot } from './snapshot.ts';

export type ChangeKind = 'added' | 'removed' | 'changed';

export interface NameChange {
  readonly name: string;
  readonly kind: ChangeKind;
  /** What it stood for and stands for, as in `priority(a/x, b/y)`; absent where it stood for nothing. */
  readonly before?: string;
  readonly after?: string;
  /** Ids of the keys that may ask for it, before or after. */
  readonly who: Audience;
  readonly at?: SourcePosition | undefined;
}

/** `everybody`, or some keys by id; `anonymous` also callers without a key. */
export type Audience = 'everybody' | { readonly keys: readonly string[]; readonly anonymous: boolean };

export interface KeyChange {
  readonly id: string;
  readonly kind: ChangeKind;
  /** What about it changed: `enabled`, `models`, `tags`, `role`, `noLog`, `digest`. */
  readonly fields: readonly string[];
  /** Names that it may ask for now and could not before, and the other way round. */
  readonly gains: readonly string[];
  readonly loses: readonly string[];
  readonly at?: SourcePosition | undefined;
}

export interface Changes {
  readonly from: string;
  readonly to: string;
  /** Sorted by name, as everything here. */
  readonly names: readonly NameChange[];
  /** Alias patterns; which names they catch depends on what is asked for. */
  readonly patterns: readonly Omit<NameChange, 'who'>[];
  readonly keys: readonly KeyChange[];
  readonly policies: readonly PolicyChange[];
  readonly providers: readonly ProviderChange[];
  readonly settings: readonly SettingChange[];
  readonly state: readonly StateChange[];
}

export function diffSnapshots(previous: Snapshot, next: Snapshot): Changes {
  const [before, after] = [createMeaning(previous), createMeaning(next)];
  const all = new Set([...before.names(), ...after.names()]);
  const names = diffNames(all, before, after);
  return {
    from: previous.revision,
    to: next.revision,
    names,
    patterns: diffPatterns(before, after),
    keys: diffKeys(all, names, before, after),
    policies: diffPolicies(previous, next),
    providers: diffProviders(previous, next),
    settings: diffSettings(previous, next),
    state: diffState(previous, next),
  };
}

/** Whether anything at all is different for anybody. */
export function isEmptyDiff({ names, patterns, keys, policies, providers, settings }: Changes): boolean {
  return [names, patterns, keys, policies, providers, settings].every((list) => list.length === 0);
}

function diffNames(all: ReadonlySet<string>, before: Meaning, after: Meaning): readonly NameChange[] {
  const changes: NameChange[] = [];
  const findAudience = createAudience([before, after]);
  for (const name of all) {
    const [was, is] = [before.of(name), after.of(name)];
    if (was === is) continue;
    changes.push({
      ...describe(name, was, is),
      who: findAudience(name),
      at: after.at(name) ?? before.at(name),
    });
  }
  return changes.sort(byName);
}

function diffPatterns(before: Meaning, after: Meaning): Changes['patterns'] {
  const [was, is] = [before.patterns(), after.patterns()];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((pattern) => was.get(pattern)?.text !== is.get(pattern)?.text)
    .map((pattern) => ({
      ...describe(pattern, was.get(pattern)?.text, is.get(pattern)?.text),
      at: is.get(pattern)?.at ?? was.get(pattern)?.at,
    }))
    .sort(byName);
}

function describe(
  name: string,
  before: string | undefined,
  after: string | undefined,
): Omit<NameChange, 'who' | 'at'> {
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return { name, kind, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function diffKeys(
  all: ReadonlySet<string>,
  names: readonly NameChange[],
  before: Meaning,
  after: Meaning,
): readonly KeyChange[] {
  const [was, is] = [byId(before.snapshot), byId(after.snapshot)];
  const moved = names.map(({ name }) => name);
  const changes: KeyChange[] = [];
  for (const id of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(id), is.get(id)];
    const fields = old && now ? compareKeys(old, now) : [];
    // Only a key that changed itself can gain or lose a name that did not change.
    const asked = !old || !now || fields.length > 0 ? all : moved;
    const gains: string[] = [];
    const loses: string[] = [];
    for (const name of asked) {
      const [could, can] = [mayAsk(old, name, before), mayAsk(now, name, after)];
      if (could !== can) (can ? gains : loses).push(name);
    }
    if (fields.length + gains.length + loses.length === 0 && old && now) continue;
    const kind = old ? (now ? 'changed' : 'removed') : 'added';
    changes.push({ id, kind, fields, gains: gains.sort(), loses: loses.sort(), at: (now ?? old)?.key.at });
  }
  return changes.sort((a, b) => compareText(a.id, b.id));
}

interface KnownKey {
  readonly digest: string;
  readonly key: ClientKey;
}

function byId({ keys }: Snapshot): ReadonlyMap<string, KnownKey> {
  return new Map(keys.names().map((digest) => [keys.get(digest)!.id, { digest, key: keys.get(digest)! }]));
}

function compareKeys(before: KnownKey, after: KnownKey): readonly string[] {
  const fields = (['enabled', 'models', 'tags', 'role', 'noLog'] as const).filter(
    (field) => renderCanonical(before.key[field]) !== renderCanonical(after.key[field]),
  );
  return before.digest === after.digest ? fields : [...fields, 'digest'];
}

function mayAsk(known: KnownKey | undefined, name: string, meaning: Meaning): boolean {
  if (!known?.key.enabled) return false;
  const resolved = meaning.resolve(name);
  return resolved !== undefined && isModelAllowed(known.key.models, name, resolved);
}

function createAudience(meanings: readonly Meaning[]): (name: string) => Audience {
  const sides = meanings.map((meaning) => ({ meaning, keys: [...byId(meaning.snapshot)] }));
  const anonymous = meanings.some(({ snapshot }) => !snapshot.access.requireApiKey);
  return (name) => {
    const allowed = new Set<string>();
    let restricted = false;
    for (const { meaning, keys } of sides) {
      if (meaning.of(name) === undefined) continue;
      for (const [id, known] of keys) {
        if (mayAsk(known, name, meaning)) allowed.add(id);
        else if (known.key.enabled) restricted = true;
      }
    }
    return restricted || (!anonymous && allowed.size === 0)
      ? { keys: [...allowed].sort(), anonymous }
      : 'everybody';
  };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
