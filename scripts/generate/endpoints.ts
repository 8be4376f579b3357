// src/server/routes.ts → docs/reference/endpoints.md
import { routes } from '../../src/server/routes.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const rows = routes
    .filter(({ aliasOf }) => aliasOf === undefined)
    .map(({ method, path, verb, meaning, protocol, operation }) => [
      code(`${method} ${renderPath(path, verb)}`),
      protocol ?? '',
      operation ?? '',
      meaning,
    ]);
  const aliases = routes
    .filter((row) => row.aliasOf !== undefined)
    .map(({ method, path, verb, aliasOf = '' }) => [
      code(`${method} ${renderPath(path, verb)}`),
      code(renderPath(aliasOf, verb)),
    ]);
  const page = renderPage('Endpoints', 'src/server/routes.ts', [
    'A path that is not listed is answered by [`not_found`](errors.md), a method that is not by `method_not_allowed`. ' +
      'Errors come in the envelope of the protocol that stands in the row.',
    renderTable(['Endpoint', 'Protocol', 'Operation', 'Meaning'], rows),
    '## Other spellings',
    'Clients in the wild double a prefix or leave one out. These paths do what the path beside them does.',
    renderTable(['Also', 'Is'], aliases),
  ]);
  return new Map([['docs/reference/endpoints.md', page]]);
}

/** A pattern of rou3, which writes a wildcard as `**:name`, as people write paths. */
export function renderPath(path: string, verb?: string): string {
  if (verb !== undefined) return path.replace(/(?:models\/)?\*\*:rest$/, `models/{model}:${verb}`);
  return path.replace(/\*\*:(\w+)/, '{$1…}').replaceAll(/:(\w+)/g, '{$1}');
}
