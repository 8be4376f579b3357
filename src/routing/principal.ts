// A declared key → who calls, as rules see it. Authentication and `explain` must agree about it.
import type { Principal } from './facts.ts';
import type { ClientKey } from './snapshot.ts';

/** A caller without a key, on a gateway that serves such. */
export const anonymous: Principal = Object.freeze({
  role: 'anonymous',
  tags: Object.freeze({}),
  noLog: false,
});

export function createPrincipal(key: ClientKey): Principal {
  const { id, tags, models, connections, role = 'inference', noLog = false } = key;
  return { key: id, role, tags, noLog, ...(models && { models }), ...(connections && { connections }) };
}
