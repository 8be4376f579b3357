// Login and logout, whether one is required, and the first password. These four paths are all that is open to anybody.
import type { H3, H3Event } from 'h3';
import { GatewayError } from '../errors.ts';
import { checkLock, countBadCredential, forgive } from '../gateway/lockout.ts';
import { isObject } from '../lib/json.ts';
import { addressId } from '../routing/world/lockout.ts';
import { PasswordError } from './accounts.ts';
import { authorizeManagement, checkDoor, findLogin, type ManagementRequest } from './auth.ts';
import { framed, issueCookie, json, openDoor, placeCookie, readBody, type Frame } from './guarded.ts';
import { renderCookie } from './session-token.ts';

export interface LoginParts extends Frame {
  /** Writes `auth.requireLogin` into the configuration; answers what the write queue says. */
  requireLogin(required: boolean, actor: string): Promise<Response>;
}

/** Attempts of one address in a minute, right or wrong; guesses alone are what the lock counts. */
const perMinute = 20;

/** One guess may come from many addresses: the account itself locks after so many times the failures of one. */
const accountFactor = 10;

type Route = (parts: LoginParts, event: H3Event, request: ManagementRequest) => Promise<Response>;

/** The exact list of what needs no credential. */
export const publicRoutes: readonly (readonly ['GET' | 'POST' | 'PUT', string, Route])[] = [
  ['POST', '/api/auth/login', login],
  ['POST', '/api/auth/logout', logout],
  ['GET', '/api/auth/status', status],
  ['GET', '/api/settings/require-login', viewRequired],
];

export function addLoginRoutes(app: H3, parts: LoginParts): void {
  for (const [method, path, route] of publicRoutes) {
    app.on(
      method,
      path,
      framed(parts, (event, request) => {
        checkDoor(request, openDoor(parts));
        return route(parts, event, request);
      }),
    );
  }
  for (const method of ['POST', 'PUT'] as const) {
    app.on(
      method,
      '/api/settings/require-login',
      framed(parts, (event, request) => change(parts, event, request)),
    );
  }
}

const recent = new WeakMap<LoginParts, Map<string, { since: number; count: number }>>();

/** Every attempt costs a digest: one address gets so many in a minute. Throws GatewayError 429. */
function slowDown(parts: LoginParts, address: string): void {
  let counts = recent.get(parts);
  if (!counts) recent.set(parts, (counts = new Map()));
  const now = parts.clock.now();
  const id = addressId(address);
  const known = counts.get(id);
  const current = known && now - known.since < 60_000 ? known : { since: now, count: 0 };
  if (counts.size > 10_000) counts.clear();
  counts.set(id, current);
  if (++current.count > perMinute) {
    const retryAfter = Math.max(1, Math.ceil((current.since + 60_000 - now) / 1000));
    throw new GatewayError('locked_out', 'Too many logins from this address.', { retryAfter });
  }
}

async function login(
  parts: LoginParts,
  event: H3Event,
  { address, cookie }: ManagementRequest,
): Promise<Response> {
  const { accounts, world, clock, trail } = parts;
  const snapshot = parts.snapshot();
  // Of their own kind: a good inference key must not forgive guesses at the password.
  const guesser = `login ${addressId(address)}`;
  const account = 'login account';
  const local = address === '::1' || address.startsWith('127.');
  try {
    slowDown(parts, address);
    checkLock(world, guesser, clock.now());
    // Strangers must not be able to lock the operator out of the machine itself.
    if (!local) checkLock(world, account, clock.now());
  } catch (error) {
    trail.refuse({ action: 'auth.login.locked', actor: 'anonymous' });
    throw error;
  }
  const { password } = await readPassword(event, true);
  await accounts.refresh();
  if (!accounts.hasPassword) {
    trail.refuse({ action: 'auth.login.setup_required', actor: 'anonymous' });
    const message = 'No password is set: start with INITIAL_PASSWORD, or run `omniroute password reset`.';
    return json(403, { error: { code: 'setup_required', message }, needsSetup: true });
  }
  if (!(await accounts.verify(password ?? ''))) {
    countBadCredential(world, guesser, snapshot, clock.now());
    const { lockout } = snapshot.access;
    const settings = { ...lockout, failures: lockout.failures * accountFactor };
    world.record({ kind: 'credential-refused', address: account, settings }, clock.now());
    trail.note({ action: 'auth.login.failed', actor: 'anonymous', status: 'refused' });
    throw new GatewayError('wrong_password', 'The password is wrong.');
  }
  forgive(world, guesser, clock.now());
  // Whatever login the browser brought ends here; the new one has a name that nobody could have planted.
  const old = await findLogin(cookie, parts);
  if (old) await accounts.close(old.id);
  const expiresAt = clock.now() + parts.login().lifetime;
  const { id } = await accounts.open(expiresAt);
  trail.note({ action: 'auth.login.success', actor: 'login', status: 'success' });
  const response = json(200, { success: true });
  response.headers.append('set-cookie', await issueCookie(parts, event, id, expiresAt));
  return response;
}

async function logout(parts: LoginParts, event: H3Event, { cookie }: ManagementRequest): Promise<Response> {
  const found = await findLogin(cookie, parts);
  if (found) {
    await parts.accounts.close(found.id);
    parts.trail.note({ action: 'auth.logout', actor: 'login', status: 'success' });
  }
  const response = json(200, { success: true });
  response.headers.append('set-cookie', renderCookie('', { ...placeCookie(event), maxAge: 0 }));
  return response;
}

/** Any credential counts; a wrong one is counted like everywhere. */
async function status(parts: LoginParts, _event: H3Event, request: ManagementRequest): Promise<Response> {
  const authenticated = await authorizeManagement(request, openDoor(parts)).then(
    () => true,
    () => false,
  );
  return json(200, { authenticated });
}

async function viewRequired({ accounts, login: settings }: LoginParts): Promise<Response> {
  const { hasPassword } = accounts;
  return json(200, { requireLogin: settings().required, hasPassword, setupComplete: hasPassword });
}

/** `{ requireLogin?, password?, currentPassword? }`. Never open to anybody, not even while no password is set. */
async function change(parts: LoginParts, event: H3Event, request: ManagementRequest): Promise<Response> {
  const { accounts, trail } = parts;
  const { actor } = await authorizeManagement(request, openDoor(parts));
  const { password, currentPassword, requireLogin } = await readPassword(event, false);
  if (password !== undefined) {
    // A browser that was left open must not be enough to take the account.
    if (actor === 'login' || (actor === 'loopback' && accounts.hasPassword)) {
      slowDown(parts, request.address);
      if (!(await accounts.verify(currentPassword ?? ''))) {
        trail.note({ action: 'auth.password.refused', actor, status: 'refused' });
        throw new GatewayError('wrong_password', 'The current password is missing or wrong.');
      }
    }
    try {
      await accounts.setPassword(password);
    } catch (error) {
      if (!(error instanceof PasswordError)) throw error;
      throw new GatewayError('invalid_body', error.message, { param: 'password' });
    }
    await trail.write({ action: 'auth.password.changed', actor, status: 'success' });
  }
  if (requireLogin === undefined || requireLogin === parts.login().required)
    return json(200, { success: true });
  const answer = await parts.requireLogin(requireLogin, actor);
  return answer.ok ? json(200, { success: true }) : answer;
}

interface PasswordBody {
  readonly password?: string;
  readonly currentPassword?: string;
  readonly requireLogin?: boolean;
}

/** Throws GatewayError 400; no message repeats a value. */
async function readPassword(event: H3Event, required: boolean): Promise<PasswordBody> {
  let body: unknown;
  try {
    body = JSON.parse(await readBody(event, 16 * 1024));
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('invalid_json', 'the body is not JSON');
  }
  const invalid = (param: string, message: string): GatewayError =>
    new GatewayError('invalid_body', message, { param });
  if (!isObject(body)) throw invalid('body', 'the body must be a JSON object');
  const { password, currentPassword, requireLogin } = body as Readonly<Record<string, unknown>>;
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value.length >= 1 && value.length <= 200;
  if (required ? !isText(password) : password !== undefined && !isText(password))
    throw invalid('password', '"password" must be a text of 1 to 200 characters');
  if (currentPassword !== undefined && !isText(currentPassword))
    throw invalid('currentPassword', '"currentPassword" must be a text of 1 to 200 characters');
  if (requireLogin !== undefined && typeof requireLogin !== 'boolean')
    throw invalid('requireLogin', '"requireLogin" must be true or false');
  if (!required && password === undefined && requireLogin === undefined)
    throw invalid('body', 'give "requireLogin", "password", or both');
  return { password, currentPassword, requireLogin } as PasswordBody;
}
