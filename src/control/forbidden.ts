// What a change through the API may not do: bring references to the machine's secrets together with addresses of its
// own, read further files, or widen these very rules.
import { catalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import { splitReferences } from '../config/references.ts';
import type { Value } from '../config/edit/value.ts';
import type { Diagnostic, Locate } from '../diagnostics.ts';
import type { DiagnosticRule } from '../diagnostics/rule.ts';
import { escapeSegment } from '../lib/json-pointer.ts';

export const forbiddenRules = [
  {
    code: 'gitops/forbidden-reference',
    severity: 'error',
    meaning: 'A change through the API introduces a reference that `gitops.allowReferences` does not name.',
    action: 'Write it into the file by hand, or allow the reference in the file.',
  },
  {
    code: 'gitops/forbidden-address',
    severity: 'error',
    meaning:
      'A change through the API sends a secret that `gitops.allowReferences` does not name to another address.',
    action: 'Change the address in the file by hand.',
  },
  {
    code: 'gitops/forbidden-include',
    severity: 'error',
    meaning: 'A change through the API makes the configuration read further files.',
    action: 'Change `include` in the file by hand.',
  },
  {
    code: 'gitops/forbidden-widening',
    severity: 'error',
    meaning: 'A change through the API widens `gitops.allowReferences`, the rule that binds it.',
    action: 'Change it in the file by hand.',
  },
] as const satisfies readonly DiagnosticRule[];

type ForbiddenCode = (typeof forbiddenRules)[number]['code'];

export interface Comparison {
  /** As written, before and after. */
  readonly before: Value;
  readonly after: Value;
  /** The rules of the configuration before; a change cannot allow itself anything. */
  readonly allowed: readonly string[];
  readonly config: ResolvedConfig;
  readonly locate: Locate;
}

/** Everything about a change that the API may not do. */
export function findForbidden({ before, after, allowed, config, locate }: Comparison): Diagnostic[] {
  const report = (code: ForbiddenCode, pointer: string, message: string): Diagnostic => {
    const at = locate(pointer);
    return { code, severity: 'error', message, pointer, ...(at ? { at } : {}) };
  };
  const known = listReferences(before);
  const found: Diagnostic[] = [];
  for (const [id, { pointer, reference, owner }] of listReferences(after)) {
    if (known.has(id) || isAllowed(reference, owner, allowed, config)) continue;
    found.push(
      report('gitops/forbidden-reference', pointer, `the API may not introduce \${${reference}} here`),
    );
  }
  const addresses = readAddresses(before);
  for (const [provider, address] of readAddresses(after)) {
    if (address === (addresses.get(provider) ?? '')) continue;
    const owner = `/providers/${escapeSegment(provider)}`;
    const secret = listSecrets(provider, after, config).find(
      (reference) => !isAllowed(reference.replace('catalog ', ''), '', allowed, config),
    );
    // A provider that is new brings its references along, and those are judged above.
    if (secret !== undefined && (addresses.has(provider) || secret.startsWith('catalog ')))
      found.push(
        report(
          'gitops/forbidden-address',
          owner,
          `the API may not send \${${secret.replace('catalog ', '')}} to another address`,
        ),
      );
  }
  const patterns = new Set(readList(before, 'include'));
  for (const [index, pattern] of readList(after, 'include').entries()) {
    if (!patterns.has(pattern))
      found.push(
        report('gitops/forbidden-include', `/include/${index}`, `the API may not include "${pattern}"`),
      );
  }
  for (const kind of config.gitops.allowReferences) {
    if (!allowed.includes(kind) && !allowed.includes(kind.split(':')[0] ?? ''))
      found.push(
        report(
          'gitops/forbidden-widening',
          '/gitops/allowReferences',
          `the API may not allow itself references to "${kind}"`,
        ),
      );
  }
  return found;
}

interface Found {
  readonly pointer: string;
  /** `env:NAME`, without its fallback. */
  readonly reference: string;
  /** Pointer of the entry that holds it. */
  readonly owner: string;
}

// By entry and not by the whole file: a reference that one provider has is still new for another one.
function listReferences(root: Value): Map<string, Found> {
  const found = new Map<string, Found>();
  const visit = (value: Value, pointer: string, owner: string): void => {
    if (value instanceof Map) {
      for (const [name, member] of value) {
        const below = `${pointer}/${escapeSegment(name)}`;
        visit(member, below, depthOf(owner) < 2 ? below : owner);
      }
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const id = item instanceof Map ? item.get('id') : undefined;
        const named = typeof id === 'string' ? `id:${id}` : String(index);
        visit(item, `${pointer}/${index}`, depthOf(owner) < 2 ? `${owner}/${named}` : owner);
      }
    } else if (typeof value === 'string') {
      for (const piece of splitReferences(value)) {
        if (piece.kind !== 'reference') continue;
        const reference = `${piece.reference.source}:${piece.reference.name}`;
        found.set(`${owner} ${reference}`, { pointer, reference, owner });
      }
    }
  };
  visit(root, '', '');
  return found;
}

function depthOf(pointer: string): number {
  return pointer.split('/').length - 1;
}

function isAllowed(
  reference: string,
  owner: string,
  allowed: readonly string[],
  config: ResolvedConfig,
): boolean {
  const [source = ''] = reference.split(':');
  if (allowed.includes(source) || allowed.includes(reference)) return true;
  if (source !== 'env' || !allowed.includes('catalog') || !owner.startsWith('/providers/')) return false;
  // The usual variable of a provider, for as long as it goes to that provider's usual address.
  const id = owner.slice('/providers/'.length).replaceAll('~1', '/').replaceAll('~0', '~');
  const provider = Object.hasOwn(config.providers, id) ? config.providers[id] : undefined;
  const entry = catalog.provider(provider?.catalog ?? id);
  const usual = provider?.protocols === undefined && provider?.proxy === undefined;
  return usual && entry?.key !== undefined && reference === `env:${entry.key}`;
}

/** Where each provider sends its secrets, as written. */
function readAddresses(root: Value): ReadonlyMap<string, string> {
  const providers = root instanceof Map ? root.get('providers') : undefined;
  if (!(providers instanceof Map)) return new Map();
  return new Map(
    [...providers].map(([name, value]) => {
      const read = (key: string): Value => (value instanceof Map ? (value.get(key) ?? null) : null);
      const parts = ['protocols', 'proxy', 'catalog'].map((key) => render(read(key)));
      return [name, parts.every((part) => part === 'null') ? '' : parts.join(' ')];
    }),
  );
}

/** References of a provider; its usual variable when it writes none and has another address. */
function listSecrets(provider: string, root: Value, config: ResolvedConfig): string[] {
  const owner = `/providers/${escapeSegment(provider)}`;
  const written = [...listReferences(root).values()]
    .filter((found) => found.owner === owner)
    .map(({ reference }) => reference);
  const settings = Object.hasOwn(config.providers, provider) ? config.providers[provider] : undefined;
  const usual = catalog.provider(settings?.catalog ?? provider)?.key;
  const implied =
    written.length === 0 &&
    settings?.protocols !== undefined &&
    settings.auth !== 'none' &&
    usual !== undefined;
  return implied ? [`catalog env:${usual}`] : written;
}

function readList(root: Value, key: string): readonly string[] {
  const list = root instanceof Map ? root.get(key) : undefined;
  return Array.isArray(list) ? list.map(String) : [];
}

function render(value: Value): string {
  if (value instanceof Map)
    return `{${[...value].map(([name, member]) => `${name}:${render(member)}`).join()}}`;
  return Array.isArray(value) ? `[${value.map(render).join()}]` : JSON.stringify(value);
}
