// The frame around every management route: who asks is known and allowed before the route runs, every answer carries
// the headers that keep browsers honest, and what changes or is refused is in the audit log.
import type { H3Event } from 'h3';
import { GatewayError, isGatewayError } from '../errors.ts';
import { findAddress } from '../gateway/address.ts';
import { proxyMarks } from '../gateway/guard.ts';
import type { Clock } from '../lib/clock.ts';
import { createRequestId } from '../lib/request-id.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';
import type { Accounts } from './accounts.ts';
import type { AuditTrail } from './audit-trail.ts';
import { authorizeManagement, type ManagementDoor, type ManagementRequest } from './auth.ts';
import { renderCookie, type SessionTokens } from './session-token.ts';

/** What the frame needs; the server wires it. */
export interface Frame {
  readonly world: MutableWorld;
  readonly clock: Clock;
  snapshot(): Snapshot;
  /** Credential of the data folder. */
  readonly token: string;
  readonly accounts: Accounts;
  readonly sessions: SessionTokens;
  readonly trail: AuditTrail;
  /** `auth` of the configuration; the lifetime in milliseconds. */
  login(): { readonly required: boolean; readonly lifetime: number };
}

/** Larger bodies are refused before they are read; one file of a configuration has at most 4 MiB. */
const maxBody = 8 * 1024 * 1024;

/** Changes that have rows of their own, with their difference; and what only rehearses one. */
const recorded = /^\/api\/(?:config(?:\/(?:rollback|validate|plan))?|auth\/\w+|settings\/require-login)$/;

/** A route for administrators. */
export function guarded(
  frame: Frame,
  run: (event: H3Event, actor: string) => Promise<Response>,
): (event: H3Event) => Promise<Response> {
  return framed(frame, async (event, request) => {
    const path = new URL(event.req.url).pathname;
    const { method } = request;
    const door = openDoor(frame);
    let admission: Awaited<ReturnType<typeof authorizeManagement>>;
    try {
      admission = await authorizeManagement(request, door);
    } catch (error) {
      noteRefusal(frame, request, path, error);
      throw error;
    }
    const { actor, login } = admission;
    const response = await run(event, actor);
    if (method !== 'GET' && method !== 'HEAD' && !recorded.test(path)) {
      const status = response.status < 400 ? 'success' : 'failed';
      frame.trail.note({ action: 'api.call', actor, status, target: `${method} ${path}` });
    }
    if (login) await renew(frame, event, login, response);
    return response;
  });
}

/** A route that anybody may call; the door is its own business. */
export function framed(
  frame: Frame,
  run: (event: H3Event, request: ManagementRequest) => Promise<Response>,
): (event: H3Event) => Promise<Response> {
  return async function framedRoute(event) {
    const request = readRequest(event, frame.snapshot());
    const origin = { address: request.address, requestId: createRequestId(frame.clock.now()) };
    let response: Response;
    try {
      response = await frame.trail.within(origin, () => run(event, request));
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      response = renderError(error);
    }
    for (const [name, value] of securityHeaders) response.headers.set(name, value);
    response.headers.set('x-request-id', origin.requestId);
    if (isSecure(event)) response.headers.set('strict-transport-security', 'max-age=31536000');
    return response;
  };
}

export function openDoor(frame: Frame): ManagementDoor {
  const { token, world, accounts, sessions } = frame;
  const now = frame.clock.now();
  return {
    token,
    world,
    accounts,
    sessions,
    now,
    snapshot: frame.snapshot(),
    requireLogin: frame.login().required,
  };
}

/** Answers are data for programs of the same origin: nothing frames, sniffs, caches or embeds them. */
const securityHeaders: readonly (readonly [name: string, value: string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
];

function readRequest({ req }: H3Event, snapshot: Snapshot): ManagementRequest {
  const { headers } = req;
  const forwardedFor = headers.get('x-forwarded-for') ?? undefined;
  return {
    method: req.method,
    address: findAddress(req.ip ?? '127.0.0.1', forwardedFor, snapshot.access),
    host: headers.get('host') ?? '',
    origin: headers.get('origin') ?? undefined,
    fetchSite: headers.get('sec-fetch-site') ?? undefined,
    credential: readCredential(headers),
    cookie: headers.get('cookie') ?? undefined,
    forwarded: proxyMarks.some((name) => headers.has(name)),
  };
}

export function readCredential(headers: Headers): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  return bearer ?? headers.get('x-api-key') ?? undefined;
}

/** Only whoever has no credential at all goes unnoted: that is a page that asks whether it is logged in. */
function noteRefusal(frame: Frame, request: ManagementRequest, path: string, error: unknown): void {
  if (!isGatewayError(error)) return;
  const { method, credential, cookie } = request;
  if (error.code === 'admin_required' && credential === undefined && cookie === undefined) return;
  const details = { code: error.code };
  frame.trail.refuse({ action: 'api.refused', actor: 'anonymous', target: `${method} ${path}`, details });
}

/** A login that is used lasts on; not at every request, or each would write. */
async function renew(
  frame: Frame,
  event: H3Event,
  { id, expiresAt }: { readonly id: string; readonly expiresAt: number },
  response: Response,
): Promise<void> {
  const { lifetime } = frame.login();
  const next = frame.clock.now() + lifetime;
  // The route may have ended the login itself.
  if (next - expiresAt < lifetime / 30 || !frame.accounts.find(id)) return;
  frame.accounts.renew(id, next);
  response.headers.append('set-cookie', await issueCookie(frame, event, id, next));
}

export async function issueCookie(
  frame: Frame,
  event: H3Event,
  id: string,
  expiresAt: number,
): Promise<string> {
  const maxAge = Math.floor((expiresAt - frame.clock.now()) / 1000);
  return renderCookie(await frame.sessions.sign(id, expiresAt), { ...placeCookie(event), maxAge });
}

export function placeCookie(event: H3Event): { readonly path: string; readonly secure: boolean } {
  return { path: '/', secure: isSecure(event) };
}

// Whoever lies about it in a request can only harm the cookie of that very request.
function isSecure({ req }: H3Event): boolean {
  const forwarded = req.headers.get('x-forwarded-proto')?.split(',')[0]?.trim();
  return forwarded === 'https' || req.url.startsWith('https:');
}

export function renderError(error: GatewayError): Response {
  const { retryAfter } = error.details;
  const response = json(error.status, { error: { code: error.code, message: error.message } });
  if (retryAfter !== undefined) response.headers.set('retry-after', String(retryAfter));
  return response;
}

export async function readBody({ req }: H3Event, most = maxBody): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of req.body ?? []) {
    length += chunk.length;
    if (length > most) throw new GatewayError('body_too_large', `the body is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new GatewayError('invalid_body', 'the body is not UTF-8', { cause });
  }
}

export function json(status: number, value: unknown, etag?: string): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...(etag === undefined ? {} : { etag }) },
  });
}
