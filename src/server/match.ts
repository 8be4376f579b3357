// Path → route, with rou3, h3's own router. Built once from the table.
import { addRoute, createRouter, findRoute } from 'rou3';
import type { Route } from '../gateway/incoming.ts';
import { families, routes, type RouteRow } from './routes.ts';

export interface Match {
  readonly route: Route;
  readonly rest?: string;
}

const router = createRouter<Route>();
const applications = createRouter<true>();
const methods = [...new Set(routes.map(({ method }) => method))];
for (const row of routes) {
  if (row.lane === 'data') addRoute(router, row.method, row.path, toRoute(row));
  else addRoute(applications, row.method, row.path, true);
}

/** Whether the h3 application alone has this path, with whatever method. */
export function isApplicationPath(path: string): boolean {
  return methods.some((method) => findRoute(applications, method, path) !== undefined);
}

/** The route of the table, or undefined when it has none for this method and path. */
export function matchRoute(method: string, path: string): Match | undefined {
  const found = findRoute(router, method === 'HEAD' ? 'GET' : method, path);
  if (!found) return undefined;
  const rest = found.params?.rest;
  return rest === undefined ? { route: found.data } : { route: found.data, rest: decode(rest) };
}

/** What to say about a path without a route: 404, or 405 with the methods that it has; OPTIONS is always answered. */
export function matchNothing(path: string): Route {
  const allow = methods.filter((method) => findRoute(router, method, path) !== undefined);
  const family = families.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  const protocol = family?.[1] ?? 'openai-chat';
  return allow.length > 0 ? { operation: 'none', protocol, allow } : { operation: 'none', protocol };
}

/** Methods of the table that share this row's path. */
export function allowOf(path: string): readonly string[] {
  return routes.filter((row) => row.path === path).map(({ method }) => method);
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
