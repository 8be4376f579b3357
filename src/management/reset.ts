// An operator forgives: rests, breakers and observed quotas are forgotten, of everything or of what the request names.
import { GatewayError } from '../errors.ts';
import { isObject, parseJson } from '../lib/json.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';

export interface ResetOutcome {
  readonly ok: true;
  /** Entries that were there and are gone. */
  readonly resetCount: number;
  readonly message: string;
}

interface Wanted {
  readonly provider?: string;
  /** `provider@connection`. */
  readonly connection?: string;
  /** With `connection`: its rest for this model only; with `provider`: that target. */
  readonly model?: string;
}

/**
 * `body`: JSON with `provider`, `connection` and `model`, each optional, or nothing for everything. Throws GatewayError
 * 400 for a body that says something else, 404 for a name that the configuration does not have.
 */
export function resetResilience(
  body: string,
  snapshot: Snapshot,
  world: MutableWorld,
  now: number,
): ResetOutcome {
  const { provider, connection, model } = readWanted(body, snapshot);
  const before = countEntries(world, now);
  const owner = provider ?? connection?.slice(0, connection.indexOf('@'));
  const report = world.report(now);
  for (const { connections } of snapshot.providers.values()) {
    for (const account of connections) {
      if (owner !== undefined && account.provider !== owner) continue;
      if (connection !== undefined && account.key !== connection) continue;
      const only = model === undefined ? {} : { model };
      world.record({ kind: 'account-cleared', connection: account.key, ...only }, now);
    }
  }
  for (const { id } of report.breakers) {
    if (isMeant(id, owner, connection, model)) world.record({ kind: 'target-cleared', target: id }, now);
  }
  const resetCount = before - countEntries(world, now);
  return { ok: true, resetCount, message: `${resetCount} entries were reset.` };
}

/** Whether the breaker of a target is reset too; those of accounts went with their accounts. */
function isMeant(
  id: string,
  owner: string | undefined,
  connection: string | undefined,
  model: string | undefined,
): boolean {
  if (!id.includes('/')) return false;
  if (owner === undefined) return true;
  if (model !== undefined) return id === `${owner}/${model}`;
  return connection === undefined && id.startsWith(`${owner}/`);
}

function countEntries(world: MutableWorld, now: number): number {
  const { cooldowns, breakers, quotas } = world.report(now);
  return cooldowns.length + breakers.length + quotas.length;
}

function readWanted(body: string, snapshot: Snapshot): Wanted {
  if (body.trim() === '') return {};
  const value = parseJson(body);
  if (!isObject(value)) throw new GatewayError('invalid_body', 'The body is no JSON object.');
  for (const [name, member] of Object.entries(value)) {
    if (!['provider', 'connection', 'model'].includes(name) || typeof member !== 'string')
      throw new GatewayError('invalid_body', `"${name}" is not one of provider, connection, model (texts).`, {
        param: name,
      });
  }
  const wanted: Wanted = value;
  const { provider, connection, model } = wanted;
  const keys = snapshot.providers.values().flatMap(({ connections }) => connections.map(({ key }) => key));
  if (provider !== undefined && !snapshot.providers.has(provider))
    throw new GatewayError('not_found', `There is no provider "${provider}".`);
  if (connection !== undefined && !keys.includes(connection))
    throw new GatewayError('not_found', `There is no connection "${connection}".`);
  if (model !== undefined && provider === undefined && connection === undefined)
    throw new GatewayError('invalid_body', 'A model is reset at a provider or a connection; name one.');
  return wanted;
}
