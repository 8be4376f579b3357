// One effective value with everything that is known about where it comes from: place, commit and person, or the flag,
// variable or default that set it. Secrets stay references.
import type { LoadResult, Provenance } from '../config/load.ts';
import { parseReference, renderReference } from '../config/references.ts';
import type { SourcePosition } from '../diagnostics.ts';
import { maskSecrets } from '../diagnostics/secret-shapes.ts';
import { GatewayError } from '../errors.ts';
import { parsePointer, renderPointer } from '../lib/json-pointer.ts';
import { pathOf } from './evaluate.ts';
import type { Repository } from './repository.ts';

/** What `GET /api/config/effective` and `omniroute blame` say about one value. */
export interface EffectiveValue {
  readonly pointer: string;
  readonly value: unknown;
  readonly source: Provenance['kind'];
  /** Flag or variables that set it. */
  readonly names?: readonly string[];
  readonly at?: SourcePosition;
  readonly revision: string;
  /** Who last changed that line; absent where it is not committed. */
  readonly commit?: {
    readonly id: string;
    readonly author: string;
    readonly at: string;
    readonly subject: string;
  };
}

export interface EffectiveParts {
  readonly repository: Pick<Repository, 'blame'> | undefined;
  reading(): LoadResult;
  revision(): string;
}

/** Throws GatewayError 404 when the configuration has no such value. */
export async function findEffective(
  { reading, repository, revision }: EffectiveParts,
  pointer: string,
): Promise<EffectiveValue> {
  const { config, provenance, folder } = reading();
  const place = resolveIndices(config, pointer);
  if (!config || place === undefined)
    throw new GatewayError('not_found', `the configuration has no value at "${pointer}"`);
  const found = provenance(place.pointer);
  const at = 'at' in found ? found.at : undefined;
  const blamed = at && (await repository?.blame(pathOf({ folder }, at.file), at.line));
  const names = 'names' in found ? found.names : 'name' in found ? [found.name] : undefined;
  return {
    pointer,
    value: hideSecrets(place.value, place.pointer, provenance),
    source: found.kind,
    ...(names ? { names } : {}),
    ...(at ? { at } : {}),
    revision: revision(),
    ...(blamed
      ? {
          commit: {
            id: blamed.commit,
            author: `${blamed.author} <${blamed.email}>`,
            at: new Date(blamed.at).toISOString(),
            subject: blamed.subject,
          },
        }
      : {}),
  };
}

/** References as people write them; a text that variables were put into shows only their names. */
function hideSecrets(value: unknown, pointer: string, provenance: (pointer: string) => Provenance): unknown {
  const found = provenance(pointer);
  if (found.kind === 'reference') return found.names.map((name) => `\${${name}}`).join(' ');
  if (Array.isArray(value))
    return value.map((item, index) => hideSecrets(item, `${pointer}/${index}`, provenance));
  if (value !== null && typeof value === 'object') {
    if (isReference(value)) return renderReference(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        hideSecrets(member, pointer + renderPointer([name]), provenance),
      ]),
    );
  }
  return typeof value === 'string' && parseReference(value) === undefined ? maskSecrets(value) : value;
}

function isReference(value: object): value is Parameters<typeof renderReference>[0] {
  return 'source' in value && 'name' in value && ['env', 'file', 'secret'].includes(String(value.source));
}

/** The value at a pointer, and the same pointer with indices in place of ids. */
function resolveIndices(
  root: unknown,
  pointer: string,
): { readonly value: unknown; readonly pointer: string } | undefined {
  let value = root;
  const path: (string | number)[] = [];
  for (const segment of parsePointer(pointer)) {
    if (Array.isArray(value)) {
      const index = segment.startsWith('id:')
        ? value.findIndex((item: { readonly id?: unknown }) => item.id === segment.slice(3))
        : /^\d+$/.test(segment)
          ? Number(segment)
          : -1;
      if (index < 0 || index >= value.length) return undefined;
      value = value[index] as unknown;
      path.push(index);
    } else if (value !== null && typeof value === 'object' && Object.hasOwn(value, segment)) {
      value = (value as Readonly<Record<string, unknown>>)[segment];
      path.push(segment);
    } else return undefined;
  }
  return { value, pointer: renderPointer(path) };
}
