// Path → route, with rou3, h3's own router. Built once from the table.
import { addRoute, createRouter, findRoute } from 'rou3';
import type { Route } from '../gateway/incoming.ts';
import { families } from './data-routes.ts';
import { routes, type RouteRow } from './routes.ts';

export interface Match {
  readonly route: Route;
  /** What the wildcard matched, decoded. */
  readonly rest?: string;
  /** The id in `models/{id}:verb`, decoded. */
  readonly model?: string;
}

/** What one method of one path leads to: a route, or several by the verb behind the last colon. */
interface Entry {
  readonly match?: Match;
  readonly verbs?: Map<string, Route>;
}

const router = createRouter<Entry>();
/** path → method, for paths without a wildcard. */
const exacts = new Map<string, Map<string, Match>>();
const applications = createRouter<true>();
const methods = [...new Set(routes.map(({ method }) => method))];
const shared = new Map<string, Map<string, Route>>();
for (const row of routes) {
  if (row.lane === 'data') declare(row);
  else addRoute(applications, row.method, row.path, true);
}

/** Whether the h3 application alone has this path, with whatever method. */
export function isApplicationPath(path: string): boolean {
  return methods.some((method) => findRoute(applications, method, path) !== undefined);
}

/** The route of the table, or undefined when it has none for this method and path. */
export function matchRoute(method: string, path: string): Match | undefined {
  // Most paths are spelled out in the table; the router would first look for them too, at twice the price.
  const exact = exacts.get(path)?.get(method);
  if (exact) return exact;
  const found = findRoute(router, method === 'HEAD' ? 'GET' : method, path);
  if (!found) return undefined;
  const { match, verbs } = found.data;
  const rest = found.params?.rest;
  if (verbs) return matchVerb(decode(rest ?? ''), verbs);
  return rest === undefined || !match ? match : { route: match.route, rest: decode(rest) };
}

/** What to say about a path without a route: 404, or 405 with the methods that it has; OPTIONS is always answered. */
export function matchNothing(path: string): Route {
  const allow = methods.filter((method) => matchRoute(method, path) !== undefined);
  const family = families.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  const protocol = family?.[1] ?? 'openai-chat';
  return allow.length > 0 ? { operation: 'none', protocol, allow } : { operation: 'none', protocol };
}

/** Methods of the table that share this row's path. */
export function allowOf(path: string): readonly string[] {
  return [...new Set(routes.filter((row) => row.path === path).map(({ method }) => method))];
}

function declare(row: RouteRow): void {
  const { method, path, verb } = row;
  if (verb === undefined) {
    const match = { route: toRoute(row) };
    addRoute(router, method, path, { match });
    if (/[*:]/.test(path)) return;
    const byMethod = exacts.get(path) ?? new Map<string, Match>();
    // The router, too, takes the first of two.
    if (!byMethod.has(method)) byMethod.set(method, match);
    exacts.set(path, byMethod);
    return;
  }
  const key = `${method} ${path}`;
  const verbs = shared.get(key) ?? new Map<string, Route>();
  verbs.set(verb, { ...toRoute(row), verb });
  if (!shared.has(key)) addRoute(router, method, path, { verbs });
  shared.set(key, verbs);
}

// Ids have slashes and colons themselves, and some clients write no `models/` before an id with a slash.
function matchVerb(rest: string, verbs: ReadonlyMap<string, Route>): Match | undefined {
  const colon = rest.lastIndexOf(':');
  const route = verbs.get(rest.slice(colon + 1));
  const model = rest.slice(0, Math.max(0, colon)).replace(/^(?:v1(?:beta)?\/)*(?:models\/)?/, '');
  return route && model !== '' ? { route, model } : undefined;
}

function toRoute({ operation = 'none', protocol = 'openai-chat', path }: RouteRow): Route {
  return { operation, protocol, allow: allowOf(path) };
}

// The SDKs escape slashes in ids (`a%2Fb`); a broken escape is taken as it stands.
function decode(rest: string): string {
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}
