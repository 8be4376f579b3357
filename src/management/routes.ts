// The management routes of the h3 application. Each is a line that asks for permission, calls, and renders.
import type { H3, H3Event } from 'h3';
import { GatewayError, isGatewayError } from '../errors.ts';
import { findAddress } from '../gateway/address.ts';
import type { Clock } from '../lib/clock.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';
import { accessPages } from './access.ts';
import { authorizeManagement } from './auth.ts';
import type { ComboMetrics } from './combo-metrics.ts';
import type { Answer, Ask, ConfigDesk } from './desk.ts';
import { patchConfig, planConfig, putConfig, rollBack, validateConfig } from './edits/config.ts';
import { insightPages } from './insight.ts';
import { resetResilience } from './reset.ts';
import { viewConfig, viewEffective, viewHistory, viewProposals } from './views/config.ts';
import { viewResilience } from './views/resilience.ts';

/** What the routes need; the server wires it. */
export interface Management {
  readonly world: MutableWorld;
  readonly clock: Clock;
  snapshot(): Snapshot;
  /** Credential of the data folder. */
  readonly token: string;
  /** Loads the configuration again; answers when it is live, unchanged or refused. */
  reload(): Promise<{ readonly kind: 'live' | 'unchanged' | 'refused' } & Readonly<Record<string, unknown>>>;
  status(): Readonly<Record<string, unknown>>;
  renderMetrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  metricsEnabled(): boolean;
  readonly desk: ConfigDesk;
  readonly combos: ComboMetrics;
}

type Page = (desk: ConfigDesk, ask: Ask) => Promise<Answer>;

/** The pages about the configuration; each is a function of the desk and the request. */
const pages: readonly (readonly ['GET' | 'PUT' | 'PATCH' | 'POST', string, Page])[] = [
  ['GET', '/api/config', viewConfig],
  ['PUT', '/api/config', putConfig],
  ['PATCH', '/api/config', patchConfig],
  ['POST', '/api/config/validate', validateConfig],
  ['POST', '/api/config/plan', planConfig],
  ['GET', '/api/config/effective', viewEffective],
  ['GET', '/api/config/history', viewHistory],
  ['POST', '/api/config/rollback', rollBack],
  ['GET', '/api/config/proposals', viewProposals],
];

/** Larger bodies are refused before they are read; one file of a configuration has at most 4 MiB. */
const maxBody = 8 * 1024 * 1024;

export function addManagementRoutes(app: H3, management: Management): void {
  for (const [method, path, page] of pages) {
    app.on(
      method,
      path,
      guarded(management, async (event, actor) => {
        const answer = await page(management.desk, {
          query: event.url.searchParams,
          ifMatch: event.req.headers.get('if-match') ?? undefined,
          actor,
          text: () => readBody(event),
        });
        return json(answer.status, answer.body, answer.etag);
      }),
    );
  }
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
    '/api/resilience',
    guarded(management, async () =>
      json(200, viewResilience(management.snapshot(), management.world, management.clock.now())),
    ),
  );
  app.post(
    '/api/resilience/reset',
    guarded(management, async (event) => {
      const { clock, world } = management;
      return json(200, resetResilience(await readBody(event), management.snapshot(), world, clock.now()));
    }),
  );
  for (const [method, path, page] of [...insightPages, ...accessPages]) {
    app.on(
      method,
      path,
      guarded(management, async (event) => {
        const { world, combos, clock } = management;
        const query = event.url.searchParams;
        const snapshot = management.snapshot();
        const insight = { snapshot, world, combos, now: clock.now(), query, text: () => readBody(event) };
        return json(200, await page(insight));
      }),
    );
  }
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
  run: (event: H3Event, actor: string) => Promise<Response>,
): (event: H3Event) => Promise<Response> {
  return async function guardedRoute(event) {
    try {
      const { headers } = event.req;
      const snapshot = management.snapshot();
      const forwarded = headers.get('x-forwarded-for') ?? undefined;
      const actor = authorizeManagement(
        {
          address: findAddress(event.req.ip ?? '127.0.0.1', forwarded, snapshot.access),
          host: headers.get('host') ?? '',
          origin: headers.get('origin') ?? undefined,
          credential: readCredential(headers),
        },
        { snapshot, token: management.token, world: management.world, now: management.clock.now() },
      );
      return await run(event, actor);
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

async function readBody({ req }: H3Event): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of req.body ?? []) {
    length += chunk.length;
    if (length > maxBody) throw new GatewayError('body_too_large', 'the body is larger than 8 MiB');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new GatewayError('invalid_body', 'the body is not UTF-8', { cause });
  }
}

function json(status: number, value: unknown, etag?: string): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(etag === undefined ? {} : { etag }),
    },
  });
}
