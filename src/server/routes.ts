// Every path of the data plane as data: the fast lane and h3 both declare exactly these, docs/reference/endpoints.md is
// generated from here. Query strings take no part in matching.
import type { Route } from '../gateway/incoming.ts';
import type { ProtocolName } from '../protocols/capabilities.ts';
import { dataRoutes } from './data-routes.ts';

export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE' | 'PUT' | 'PATCH';
  /** rou3 pattern; `**:rest` is a wildcard. */
  readonly path: string;
  /** `data` runs the gateway's line; `app` belongs to the h3 application alone. */
  readonly lane: 'data' | 'app';
  readonly operation?: Route['operation'];
  /** The wildcard ends in `{model}:verb`; several rows share such a path. */
  readonly verb?: string;
  /** Wire of the client and family of its errors. */
  readonly protocol?: ProtocolName;
  readonly meaning: string;
  /** `anybody` needs no credential, `client` shows a client key what is its own; all others want an administrator. */
  readonly access?: 'anybody' | 'client';
  /** The path that this one stands for. */
  readonly aliasOf?: string;
}

/** The whole table: what the gateway serves, then what only the application serves. */
export const routes: readonly RouteRow[] = [
  ...dataRoutes,
  {
    method: 'POST',
    path: '/api/config/reload',
    lane: 'app',
    meaning: 'Loads the configuration again; answers when it is live (200) or refused (422).',
  },
  {
    method: 'GET',
    path: '/api/config/status',
    lane: 'app',
    meaning: 'Which revision serves since when, and what is wrong with the newest text.',
  },
  {
    method: 'GET',
    path: '/api/config',
    lane: 'app',
    meaning:
      'The text of the configuration with its ETag; `?path=` one subtree as written, `?file=` one file.',
  },
  {
    method: 'PUT',
    path: '/api/config',
    lane: 'app',
    meaning: 'Replaces one whole file; wants If-Match.',
  },
  {
    method: 'PATCH',
    path: '/api/config',
    lane: 'app',
    meaning: 'Edits by pointers: `{ edits: [{ op, pointer, value }] }`.',
  },
  {
    method: 'POST',
    path: '/api/config/validate',
    lane: 'app',
    meaning: 'What is wrong with a text, with edits, or with what is on disk.',
  },
  {
    method: 'POST',
    path: '/api/config/plan',
    lane: 'app',
    meaning: 'What a text or edits would change, and for whom.',
  },
  {
    method: 'GET',
    path: '/api/config/effective',
    lane: 'app',
    meaning: 'One effective value (`?path=`): where it stands, who set it, when.',
  },
  {
    method: 'GET',
    path: '/api/config/history',
    lane: 'app',
    meaning: 'Commits that touched the files.',
  },
  {
    method: 'POST',
    path: '/api/config/rollback',
    lane: 'app',
    meaning: 'The files as they were at a commit of their history.',
  },
  {
    method: 'GET',
    path: '/api/config/proposals',
    lane: 'app',
    meaning: 'Branches that wait for a merge, with the secrets that wait for them.',
  },
  {
    method: 'DELETE',
    path: '/api/config/proposals',
    lane: 'app',
    meaning: 'Rejects the proposal of `?branch=`: the branch goes, and its secrets.',
  },
  {
    method: 'POST',
    path: '/api/config/pull',
    lane: 'app',
    meaning: 'Takes over now what the remote has and what compiles.',
  },
  {
    method: 'GET',
    path: '/api/resilience',
    lane: 'app',
    meaning: 'Which accounts rest, which breakers are open, what is left of quotas and retry budgets.',
  },
  {
    method: 'POST',
    path: '/api/resilience/reset',
    lane: 'app',
    meaning: 'Forgets rests, breakers and quotas: `{ provider?, connection?, model? }`, nothing for all.',
  },
  {
    method: 'GET',
    path: '/api/sessions',
    lane: 'app',
    meaning: 'Conversations that are remembered, and where.',
  },
  {
    method: 'GET',
    path: '/api/combos/metrics',
    lane: 'app',
    meaning: 'How the combos fared since the start; `?combo=` for one.',
  },
  { method: 'DELETE', path: '/api/combos/metrics', lane: 'app', meaning: 'Forgets these figures.' },
  {
    method: 'GET',
    path: '/api/models/availability',
    lane: 'app',
    meaning: 'Models that no account of a provider can serve now, and why.',
  },
  {
    method: 'POST',
    path: '/api/models/availability',
    lane: 'app',
    meaning: 'Who can serve a model (`{model}`), or clear its rests (`{provider, model}`).',
  },
  {
    method: 'GET',
    path: '/api/policies',
    lane: 'app',
    meaning: 'Policies in their order, breakers, and addresses that are locked after bad credentials.',
  },
  {
    method: 'POST',
    path: '/api/policies',
    lane: 'app',
    meaning: 'Lifts a lock: `{ action: "unlock", identifier }`.',
  },
  {
    method: 'GET',
    path: '/api/settings/ip-filter',
    lane: 'app',
    meaning: 'Who is served by address, and who is banned for a time.',
  },
  {
    method: 'PUT',
    path: '/api/settings/ip-filter',
    lane: 'app',
    meaning: 'Bans an address for a time or lifts a ban: `{ tempBan?, removeBan? }`.',
  },
  {
    method: 'POST',
    path: '/api/auth/login',
    lane: 'app',
    access: 'anybody',
    meaning: 'A login with the password, as a cookie.',
  },
  {
    method: 'POST',
    path: '/api/auth/logout',
    lane: 'app',
    access: 'anybody',
    meaning: 'Ends the login of the cookie.',
  },
  {
    method: 'GET',
    path: '/api/auth/status',
    lane: 'app',
    access: 'anybody',
    meaning: 'Whether the caller is an administrator.',
  },
  {
    method: 'GET',
    path: '/api/settings/require-login',
    lane: 'app',
    access: 'anybody',
    meaning: 'Whether a login is required, and whether a password is set.',
  },
  {
    method: 'POST',
    path: '/api/settings/require-login',
    lane: 'app',
    meaning: 'Sets or changes the password, and whether a login is required.',
  },
  { method: 'PUT', path: '/api/settings/require-login', lane: 'app', meaning: 'The same.' },
  {
    method: 'GET',
    path: '/api/compliance/audit-log',
    lane: 'app',
    meaning: 'The audit log, newest first; filters and paging in the query, the count in headers.',
  },
  {
    method: 'POST',
    path: '/api/routing/explain',
    lane: 'app',
    meaning: 'Where a request would go, and why; no token is spent.',
  },
  {
    method: 'GET',
    path: '/api/requests/:id/why',
    lane: 'app',
    access: 'client',
    meaning: 'Why a recorded request went where it went.',
  },
  { method: 'GET', path: '/metrics', lane: 'app', meaning: 'Metrics in the Prometheus text format.' },
];
