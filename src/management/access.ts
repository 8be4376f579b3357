// The routes about who is kept out: locks after bad credentials, bans for a time, and the lists of the file beside them.
// Bans and locks are state; the lists are configuration and change where configuration changes.
import { GatewayError } from '../errors.ts';
import { parseAddress } from '../lib/address.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { Insight } from './insight.ts';
import { viewResilience } from './views/resilience.ts';

type Page = (insight: Insight) => Promise<unknown> | unknown;

export const accessPages: readonly (readonly ['GET' | 'PUT' | 'POST', string, Page])[] = [
  ['GET', '/api/policies', viewPolicies],
  ['POST', '/api/policies', unlock],
  ['GET', '/api/settings/ip-filter', viewFilter],
  ['PUT', '/api/settings/ip-filter', changeBans],
];

const defaultBan = 3_600_000;
/** A year: a ban is for a time, what is meant for ever stands in the file. */
const longestBan = 365 * 24 * 3_600_000;
const longestReason = 200;

function viewPolicies({ snapshot, world, now }: Insight): unknown {
  return {
    policies: snapshot.policies.policies.map(({ id, shadow, at }) => ({ id, shadow, at: at ?? null })),
    circuitBreakers: viewResilience(snapshot, world, now).circuitBreakers,
    lockedIdentifiers: world.lockedAddresses(now).map(({ address, until }) => ({
      identifier: address,
      lockedUntil: until,
      remainingMs: until - now,
    })),
  };
}

async function unlock({ world, now, text }: Insight): Promise<unknown> {
  const body = await readObject(text);
  const { action, identifier } = body;
  if (action !== 'unlock' || typeof identifier !== 'string' || identifier === '')
    throw wrong('Send {"action": "unlock", "identifier"}.', 'action');
  world.record({ kind: 'lock-cleared', address: identifier }, now);
  return { success: true, action: 'unlocked', identifier };
}

function viewFilter({ snapshot, world, now }: Insight): unknown {
  const { mode, blacklist, whitelist } = snapshot.access.ipFilter;
  const tempBans = world.bannedAddresses(now).map(({ address, until, reason }) => ({
    ip: address,
    until: new Date(until).toISOString(),
    reason: reason ?? null,
    remainingMs: until - now,
  }));
  return { enabled: mode !== 'off', mode, blacklist, whitelist, tempBans };
}

async function changeBans(insight: Insight): Promise<unknown> {
  const { world, now } = insight;
  const { tempBan, removeBan, ...others } = await readObject(insight.text);
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw wrong(
      `"${other.slice(0, 40)}" is configuration: PATCH /api/config at /network/ipFilter.`,
      other.slice(0, 40),
    );
  if (tempBan === undefined && removeBan === undefined)
    throw wrong('Send {"tempBan": {"ip", "durationMs"?, "reason"?}} or {"removeBan": "<ip>"}.', 'tempBan');
  const ban = tempBan === undefined ? undefined : readBan(tempBan);
  if (removeBan !== undefined) {
    if (typeof removeBan !== 'string') throw wrong('"removeBan" must be an address.', 'removeBan');
    world.record({ kind: 'ban-cleared', address: removeBan }, now);
  }
  if (ban) {
    const { ip: address, duration, reason } = ban;
    const until = now + duration;
    world.record({ kind: 'address-banned', address, until, ...(reason !== undefined && { reason }) }, now);
  }
  return viewFilter(insight);
}

function readBan(value: unknown): {
  readonly ip: string;
  readonly duration: number;
  readonly reason?: string;
} {
  if (!isObject(value)) throw wrong('"tempBan" must be an object.', 'tempBan');
  const { ip, durationMs: duration = defaultBan, reason } = value;
  if (typeof ip !== 'string' || !parseAddress(ip))
    throw wrong('"tempBan.ip" must be an address.', 'tempBan.ip');
  if (typeof duration !== 'number' || !(duration >= 1 && duration <= longestBan))
    throw wrong(`"tempBan.durationMs" must lie between 1 and ${longestBan}.`, 'tempBan.durationMs');
  if (reason === undefined || reason === null) return { ip, duration };
  if (typeof reason !== 'string' || reason.length > longestReason)
    throw wrong(`"tempBan.reason" must be a text of at most ${longestReason} characters.`, 'tempBan.reason');
  return { ip, duration, reason };
}

async function readObject(text: () => Promise<string>): Promise<JsonObject> {
  const body = parseJson(await text());
  if (!isObject(body)) throw wrong('Send one JSON object.', '');
  return body;
}

function wrong(message: string, param: string): GatewayError {
  return new GatewayError('invalid_body', message, { param });
}
