// Both ways into the gateway over one route table: Node's listener ahead of h3, and h3 itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { H3 } from 'h3';
import { Exchange } from '../gateway/exchange.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { handle } from '../gateway/handle.ts';
import { createTurnQueue } from '../lib/turn-queue.ts';
import { isApplicationPath, matchNothing, matchRoute, type Match } from './match.ts';
import { createNodeIncoming, createNodeResponder } from './node-lane.ts';
import { routes } from './routes.ts';
import { createWebIncoming, createWebResponder } from './web-lane.ts';

/** The h3 application: every route of the table, and an answer in the right envelope for everything else. */
export function createApp(gateway: Gateway): H3 {
  const serve = (event: { readonly req: Request & { readonly ip?: string | undefined } }) =>
    serveWeb(gateway, event.req);
  // What h3 refuses before any route (a broken escape in a path) is answered in our envelope too; its own would echo the
  // URL. A fault of an application route is reported and hidden.
  const app = new H3({
    silent: true,
    onError: (error, event) => {
      if (!error.unhandled) return serve(event);
      gateway.report(error.cause ?? error, 'application');
      const fault = {
        message: 'The gateway itself failed.',
        type: 'server_error',
        param: null,
        code: 'internal',
      };
      return Response.json({ error: fault }, { status: 500 });
    },
  });
  const declared = new Set<string>();
  for (const { lane, method, path } of routes) {
    if (lane !== 'data' || declared.has(`${method} ${path}`)) continue;
    declared.add(`${method} ${path}`);
    app.on(method, path, serve);
  }
  app.all('/**', serve);
  return app;
}

/**
 * The listener of Node's server. What the table knows never meets h3 (it costs half as much again on small calls);
 * `fallback` is the h3 application.
 */
export function createListener(
  gateway: Gateway,
  fallback: (request: IncomingMessage, response: ServerResponse) => void,
): (request: IncomingMessage, response: ServerResponse) => void {
  const serve = createTurnQueue<ServerResponse<IncomingMessage>>((response) => {
    const request = response.req;
    const { snapshots } = gateway;
    const snapshot = snapshots.current;
    const { path, query } = splitUrl(request.url ?? '/', snapshot.access.basePath);
    const match = path === undefined ? undefined : matchRoute(request.method ?? 'GET', path);
    if (path === undefined || !match) {
      // The application is built once and does not know the base, which a reload may change.
      if (path !== undefined && isApplicationPath(path))
        request.url = query === '' ? path : `${path}?${query}`;
      fallback(request, response);
      return;
    }
    const incoming = createNodeIncoming(request, path, query, match);
    void handle(
      gateway,
      new Exchange(gateway, snapshot, incoming, match.route),
      createNodeResponder(response),
    );
  });
  return (_request, response) => serve(response as ServerResponse<IncomingMessage>);
}

/** One web request through the same line. */
export function serveWeb(
  gateway: Gateway,
  request: Request & { readonly ip?: string | undefined },
): Response | Promise<Response> {
  const snapshot = gateway.snapshots.current;
  const { pathname, search } = new URL(request.url);
  const { path, query } = splitUrl(pathname + search, snapshot.access.basePath);
  const match: Match =
    path === undefined
      ? { route: { operation: 'none', protocol: 'openai-chat' } }
      : (matchRoute(request.method, path) ?? { route: matchNothing(path) });
  const incoming = createWebIncoming(request, path ?? pathname, query, request.ip ?? '127.0.0.1', match);
  const { responder, response } = createWebResponder(request.signal);
  void handle(gateway, new Exchange(gateway, snapshot, incoming, match.route), responder);
  return response;
}

/** Path below the base and query; undefined for a path outside the base. */
function splitUrl(
  url: string,
  basePath: string,
): { readonly path: string | undefined; readonly query: string } {
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  if (basePath === '/' || basePath === '') return { path: whole, query };
  const base = basePath.endsWith('/') ? basePath.slice(0, -1) : basePath;
  if (whole === base) return { path: '/', query };
  return { path: whole.startsWith(`${base}/`) ? whole.slice(base.length) : undefined, query };
}
