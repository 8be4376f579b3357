// The management routes of the h3 application. Each is a line that asks for permission, calls, and renders.
import type { H3, H3Event } from 'h3';
import { isGatewayError, type GatewayError } from '../errors.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { authorizeManagement } from './auth.ts';

/** What the routes need; the server wires it. */
export interface Management {
  snapshot(): Snapshot;
  /** Credential of the data folder. */
  readonly token: string;
  /** Loads the configuration again; answers when it is live, unchanged or refused. */
  reload(): Promise<{ readonly kind: 'live' | 'unchanged' | 'refused' } & Readonly<Record<string, unknown>>>;
  status(): Readonly<Record<string, unknown>>;
  renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  metricsEnabled(): boolean;
}

export function addManagementRoutes(app: H3, management: Management): void {
  app.post(
    '/api/config/reload',
    guarded(management, async () => {
      const outcome = await management.reload();
      return json(outcome.kind === 'refused' ? 422 : 200, outcome);
    }),
  );
  app.get(
    '/api/config/status',
    guarded(management, async () => json(200, management.status())),
  );
  app.get(
    '/metrics',
    guarded(management, async () => {
      if (!management.metricsEnabled())
        return json(404, {
          error: { code: 'not_found', message: 'observability.metrics.enabled is false.' },
        });
      const { contentType, text } = await management.renderMetrics();
      return new Response(text, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } });
    }),
  );
}

function guarded(
  management: Management,
  run: (event: H3Event) => Promise<Response>,
): (event: H3Event) => Promise<Response> {
  return async function guardedRoute(event) {
    try {
      const { headers } = event.req;
      authorizeManagement(
        {
          host: headers.get('host') ?? '',
          origin: headers.get('origin') ?? undefined,
          credential: readCredential(headers),
        },
        management.snapshot(),
        management.token,
      );
      return await run(event);
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return renderError(error);
    }
  };
}

function readCredential(headers: Headers): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  return bearer ?? headers.get('x-api-key') ?? undefined;
}

function renderError(error: GatewayError): Response {
  return json(error.status, { error: { code: error.code, message: error.message } });
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}
