// Whether an account may serve a target: first what the file says of it, then what has happened to it.
import { renderDuration } from '../lib/duration.ts';
import { matchGlob } from '../lib/glob.ts';
import type { Reason } from './decision.ts';
import type { Connection, Provider, Target } from './snapshot.ts';
import { readSpent } from './world/quota.ts';
import type { World } from './world/world.ts';

/** Why an account is left out. */
export type Fault = Pick<Reason, 'code' | 'message' | 'at' | 'until'>;

/** An account, and the model that it would be called for. */
export interface Candidate {
  readonly account: Connection;
  /** As the upstream calls it. */
  readonly model: string;
}

/** Why the file does not let this account serve the target; `allowed`: accounts that the client's key may use. */
export function findBar(
  { id, key, enabled, models }: Connection,
  target: Target & { readonly kind: 'model' },
  allowed: readonly string[] | undefined,
): Fault | undefined {
  if (!enabled) return { code: 'connection-disabled', message: `${key} is switched off.` };
  if (target.connections && !target.connections.includes(id)) {
    return { code: 'connection-not-chosen', message: `the target does not list ${key}.`, at: target.at };
  }
  if (allowed && !allowed.some((glob) => matchGlob(glob, key))) {
    return { code: 'connection-not-allowed', message: `the client key may not use ${key}.` };
  }
  if (models && !models.some((glob) => matchGlob(glob, target.model))) {
    return { code: 'connection-not-chosen', message: `${key} does not serve this model.` };
  }
  return undefined;
}

/** What keeps the account from being called at this moment. */
export function findObstacle({ account, model }: Candidate, world: World, now: number): Fault | undefined {
  const { key, provider, credential, quota } = account;
  if (credential && !world.hasCredential(key)) {
    const message = `${key} needs \${${credential.source}:${credential.name}}.`;
    return { code: 'no-credential', message };
  }
  const rest = world.cooldown(key, model, now);
  if (rest) {
    const message = `${key} rests after ${rest.class}${renderWait(rest.until - now)}.`;
    return { code: 'cooling', message, until: rest.until };
  }
  const spent = readSpent(world.quota(key), quota?.threshold, now);
  if (spent) {
    const message = `${key} has used up "${spent.window}"${renderWait(spent.resetAt! - now)}.`;
    return { code: 'quota-spent', message, until: spent.resetAt! };
  }
  const call = { provider, connection: key, model };
  if (world.permit(call, now) === 'wait') {
    const opening = world.opening(call);
    const message = `the breaker of ${key} is open${renderWait(opening - now)}.`;
    return { code: 'breaker-open', message, until: opening };
  }
  return undefined;
}

/** Whether any connection of the provider could be used now. */
export function hasUsableConnection(provider: Provider, world: World): boolean {
  return provider.connections.some(
    (connection) => connection.enabled && (!connection.credential || world.hasCredential(connection.key)),
  );
}

function renderWait(milliseconds: number): string {
  return Number.isFinite(milliseconds)
    ? ` for ${renderDuration(Math.ceil(milliseconds / 1000) * 1000)} more`
    : '';
}
