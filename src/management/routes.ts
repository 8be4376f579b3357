// The management routes of the h3 application. Each is a line that asks for permission, calls, and renders.
import type { H3 } from 'h3';
import { accessPages } from './access.ts';
import type { ComboMetrics } from './combo-metrics.ts';
import type { Answer, Ask, ConfigDesk } from './desk.ts';
import { patchConfig, planConfig, putConfig, rollBack, validateConfig } from './edits/config.ts';
import { pullConfig, rejectProposal } from './edits/proposals.ts';
import { addExplainRoutes, type ExplainParts } from './explain.ts';
import { guarded, json, readBody } from './guarded.ts';
import { insightPages } from './insight.ts';
import { addLoginRoutes } from './login.ts';
import { resetResilience } from './reset.ts';
import { viewAudit } from './views/audit.ts';
import { viewConfig, viewEffective, viewHistory, viewProposals } from './views/config.ts';
import { viewResilience } from './views/resilience.ts';

/** What the routes need; the server wires it. */
export interface Management extends ExplainParts {
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
const pages: readonly (readonly ['GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE', string, Page])[] = [
  ['GET', '/api/config', viewConfig],
  ['PUT', '/api/config', putConfig],
  ['PATCH', '/api/config', patchConfig],
  ['POST', '/api/config/validate', validateConfig],
  ['POST', '/api/config/plan', planConfig],
  ['GET', '/api/config/effective', viewEffective],
  ['GET', '/api/config/history', viewHistory],
  ['POST', '/api/config/rollback', rollBack],
  ['GET', '/api/config/proposals', viewProposals],
  ['DELETE', '/api/config/proposals', rejectProposal],
  ['POST', '/api/config/pull', pullConfig],
];

export function addManagementRoutes(app: H3, management: Management): void {
  addLoginRoutes(app, {
    ...management,
    requireLogin: async (required, actor) => {
      const edits = [{ op: 'set', pointer: '/auth/requireLogin', value: required }];
      const text = async (): Promise<string> => JSON.stringify({ edits });
      const ask = { query: new URLSearchParams(), ifMatch: undefined, actor, text };
      const answer = await patchConfig(management.desk, ask);
      return json(answer.status, answer.body);
    },
  });
  addExplainRoutes(app, management);
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
      // A command beside us may have set another password.
      await management.accounts.refresh();
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
    '/api/compliance/audit-log',
    guarded(management, async (event) => {
      const { rows, headers } = await viewAudit(management.reader, event.url.searchParams);
      const response = json(200, rows);
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
      return response;
    }),
  );
  app.get(
    '/metrics',
    guarded(management, async () => {
      if (!management.metricsEnabled())
        return json(404, {
          error: { code: 'not_found', message: 'observability.metrics.enabled is false.' },
        });
      const { contentType, text } = await management.renderMetrics();
      return new Response(text, { headers: { 'content-type': contentType } });
    }),
  );
}
