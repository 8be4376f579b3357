// Where a configuration names its own things, as one table: what a rename rewrites, what a delete must not leave behind.
// A glob with a wildcard names nothing in particular and stays; an exact name in a list of globs is a name.
import { parsePointer, renderPointer } from '../../lib/json-pointer.ts';
import { readId, type Value } from './value.ts';

/** What can be named: by its kind and, for an account, its provider. */
export interface Subject {
  readonly kind: 'name' | 'provider' | 'connection' | 'key' | 'policy' | 'budget' | 'rateLimit' | 'profile';
  readonly name: string;
  /** Of a connection. */
  readonly provider?: string;
}

/**
 * How a text names things. `model`: a combo, an alias or `provider/model`. `account`: `provider`, `provider/model`,
 * `provider@connection` or `provider@connection/model`. `own`: a connection of the provider that the target names.
 */
type Spelling =
  | 'model'
  | 'account'
  | 'own'
  | 'provider'
  | 'key'
  | 'profile'
  | 'budget'
  | 'rateLimit'
  | 'rule';

interface Row {
  /** Pointer pattern; `*` is any member or item. */
  readonly at: string;
  readonly spelling: Spelling;
  /** The key of the member is the text, not its value. */
  readonly key?: true;
  /** Segments above the text that go with it when its subject goes: a test without its model is no test. */
  readonly drop: number;
}

const row = (at: string, spelling: Spelling, drop = 0): Row => ({ at, spelling, drop });
const rowOfKeys = (at: string, spelling: Spelling, drop = 0): Row => ({ at, spelling, drop, key: true });

const matches = ['/policies/*', '/budgets/*', '/rateLimits/*', '/invariants/*', '/cache/exact'].flatMap(
  (owner) => [
    row(`${owner}/match/keys/*`, 'key'),
    row(`${owner}/match/models/*`, 'model'),
    row(`${owner}/match/providers/*`, 'provider'),
  ],
);

/** Every place of the language that names something of the same configuration. */
export const uses: readonly Row[] = [
  row('/aliases/*', 'model'),
  row('/combos/*/targets/*', 'model'),
  row('/combos/*/targets/*/model', 'model', 1),
  row('/combos/*/targets/*/connections/*', 'own'),
  row('/combos/*/onContextOverflow/*', 'model'),
  row('/combos/*/onContentPolicy/*', 'model'),
  row('/combos/*/handoff/model', 'model'),
  row('/keys/*/models/*', 'model'),
  row('/keys/*/allowedModels/*', 'model'),
  row('/keys/*/connections/*', 'account'),
  ...matches,
  row('/policies/*/route', 'model'),
  row('/policies/*/allowModels/*', 'model'),
  row('/policies/*/blockModels/*', 'model'),
  row('/policies/*/allowProviders/*', 'provider'),
  row('/policies/*/blockProviders/*', 'provider'),
  row('/policies/*/preferProviders/*', 'provider'),
  row('/budgets/*/onExceeded/route', 'model', 1),
  row('/rateLimits/*/onExceeded/route', 'model', 1),
  row('/invariants/*/onlyModels/*', 'model'),
  row('/invariants/*/neverModels/*', 'model'),
  row('/invariants/*/onlyProviders/*', 'provider'),
  row('/invariants/*/neverProviders/*', 'provider'),
  row('/evals/*/models/*', 'model'),
  row('/evals/*/cases/*/model', 'model'),
  row('/providers/*/profile', 'profile'),
  rowOfKeys('/models/*', 'account'),
  row('/tests/*/request/model', 'model', 2),
  row('/tests/*/request/key', 'key', 2),
  ...['breakers', 'cooldowns', 'quota', 'latency', 'credentials'].map((section) =>
    rowOfKeys(`/tests/*/given/${section}/*`, 'account', 3),
  ),
  row('/tests/*/given/sessions/*', 'account', 3),
  rowOfKeys('/tests/*/given/spend/*', 'budget', 3),
  rowOfKeys('/tests/*/given/usage/*', 'rateLimit', 3),
  row('/tests/*/expect/attempts/*', 'account', 3),
  row('/tests/*/expect/target', 'account', 2),
  row('/tests/*/expect/charges/*', 'rule', 3),
  row('/tests/*/expect/reasons/*', 'rule', 3),
];

/** One place that names the subject. */
export interface Use {
  /** Of the text, list items by index. */
  readonly pointer: string;
  readonly text: string;
  readonly key: boolean;
  /** What goes when the subject goes. */
  readonly drop: string;
  /** The text after a rename of the subject. */
  rename(to: string): string;
}

/** What stands at a pointer, as others may name it; undefined for what nobody names. */
export function readSubject(pointer: string): Subject | undefined {
  const [section = '', entry = '', below, item, ...more] = parsePointer(pointer);
  const id = entry.startsWith('id:') ? entry.slice(3) : undefined;
  if (below === undefined) {
    if (entry === '') return undefined;
    if (section === 'combos' || section === 'aliases') return { kind: 'name', name: entry };
    if (section === 'providers') return { kind: 'provider', name: entry };
    const kind = kindsOfLists[section];
    return kind && id !== undefined ? { kind, name: id } : undefined;
  }
  if (section === 'providers' && below === 'connections' && item?.startsWith('id:') && more.length === 0)
    return { kind: 'connection', provider: entry, name: item.slice(3) };
  if (section === 'resilience' && entry === 'profiles' && item === undefined)
    return { kind: 'profile', name: below };
  return undefined;
}

const kindsOfLists: Readonly<Record<string, Subject['kind']>> = {
  keys: 'key',
  policies: 'policy',
  budgets: 'budget',
  rateLimits: 'rateLimit',
};

/** Every use of the subject in one document, in the order of the table. */
export function findUses(root: Value, subject: Subject): Use[] {
  return uses.flatMap((each) => {
    const found: Use[] = [];
    walk(root, parsePointer(each.at), [], (path, text, owner) => {
      const rest = matchText(each.spelling, text, subject, owner);
      if (rest === undefined) return;
      found.push({
        pointer: renderPointer(path),
        text,
        key: each.key === true,
        drop: renderPointer(path.slice(0, path.length - each.drop)),
        rename: (to) => rest(to),
      });
    });
    return found;

    function walk(
      at: Value | undefined,
      pattern: readonly string[],
      path: readonly string[],
      report: (path: readonly string[], text: string, owner: Value | undefined) => void,
      owner?: Value,
    ): void {
      const [segment, ...rest] = pattern;
      if (segment === undefined) {
        if (each.key !== true && typeof at === 'string') report(path, at, owner);
        return;
      }
      if (at instanceof Map) {
        const names = segment === '*' ? [...at.keys()] : at.has(segment) ? [segment] : [];
        for (const name of names) {
          if (each.key === true && rest.length === 0) report([...path, name], name, at);
          else walk(at.get(name), rest, [...path, name], report, at);
        }
      } else if (Array.isArray(at) && segment === '*') {
        // A list keeps the map that it stands in as the owner of its items.
        for (const [index, item] of at.entries()) walk(item, rest, [...path, String(index)], report, owner);
      }
    }
  });
}

/** How the text would read under another name, or undefined when it does not name the subject. */
function matchText(
  spelling: Spelling,
  text: string,
  subject: Subject,
  owner: Value | undefined,
): ((to: string) => string) | undefined {
  const { kind, name } = subject;
  const exact = text === name ? (to: string) => to : undefined;
  const prefixed = (prefix: string, signs: readonly string[]): ((to: string) => string) | undefined =>
    signs.some((sign) => text.startsWith(prefix + sign)) ? (to) => to + text.slice(prefix.length) : undefined;
  switch (spelling) {
    case 'model':
      return kind === 'name' ? exact : kind === 'provider' ? prefixed(name, ['/']) : undefined;
    case 'account': {
      if (kind === 'provider') return exact ?? prefixed(name, ['/', '@']);
      if (kind !== 'connection') return undefined;
      const account = `${subject.provider}@${name}`;
      if (text !== account && !text.startsWith(`${account}/`)) return undefined;
      return (to) => `${subject.provider}@${to}${text.slice(account.length)}`;
    }
    case 'own': {
      const model = owner instanceof Map ? owner.get('model') : undefined;
      const same = typeof model === 'string' && model.startsWith(`${subject.provider}/`);
      return kind === 'connection' && same ? exact : undefined;
    }
    case 'rule':
      return kind === 'policy' || kind === 'budget' || kind === 'rateLimit' ? exact : undefined;
    default:
      return kind === spelling ? exact : undefined;
  }
}

/** The members of a section or list of subjects, by pointer: what goes when the whole section goes. */
export function listSubjects(root: Value, pointer: string): string[] {
  const own = readSubject(pointer);
  const value = parsePointer(pointer).reduce<Value | undefined>(
    (at, segment) =>
      at instanceof Map
        ? at.get(segment)
        : Array.isArray(at)
          ? at.find((item) => readId(item) === segment.slice(3))
          : undefined,
    root,
  );
  const segments = parsePointer(pointer);
  const below =
    value instanceof Map
      ? [...value.keys()]
      : Array.isArray(value)
        ? value.flatMap((item) => (readId(item) === undefined ? [] : [`id:${readId(item)}`]))
        : [];
  const inner = own?.kind === 'provider' ? below.filter((name) => name === 'connections') : own ? [] : below;
  return [
    ...(own ? [pointer] : []),
    ...(segments.length < 3
      ? inner.flatMap((name) => listSubjects(root, renderPointer([...segments, name])))
      : inner.map((name) => renderPointer([...segments, name])).filter((each) => readSubject(each))),
  ];
}
