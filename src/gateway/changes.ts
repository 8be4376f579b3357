// What the operator's rules change in a request that stays in its wire. Only such a request is parsed; without changes
// the client's bytes go out as they came.
import { GatewayError } from '../errors.ts';
import { encodeUtf8, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { findRules } from '../protocols/model-rules.ts';
import type { Protocol, RequestPeek } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Exchange } from './exchange.ts';

export interface OutgoingBody {
  readonly body: Uint8Array;
  /** Of these very bytes: its spans are good for splicing them. */
  readonly peek: RequestPeek;
}

/** The body for one attempt at an upstream of the client's own wire. Throws GatewayError 400 for a field that cannot be bounded. */
export function changeBytes(
  { body, peek, snapshot }: Pick<Exchange, 'body' | 'peek' | 'snapshot'>,
  { changes, model, endpoint, facts }: Pick<Attempt, 'changes' | 'model' | 'endpoint' | 'facts'>,
  wire: Protocol,
): OutgoingBody {
  if (!changes) return { body: body!, peek: peek! };
  const maxOutput = facts?.maxOutput;
  const changed = wire.changeBody(parseOnce(body!), changes, {
    model,
    rules: findRules(model, endpoint.quirks),
    ...(maxOutput === undefined ? {} : { maxOutput }),
  });
  const bytes = encodeUtf8(JSON.stringify(changed));
  return { body: bytes, peek: wire.peek.request(bytes, snapshot.limits) };
}

// Each attempt may change the same body in another way.
const parsed = new WeakMap<Uint8Array, JsonObject>();

function parseOnce(body: Uint8Array): JsonObject {
  let value: unknown = parsed.get(body);
  if (value === undefined) {
    value = parseJson(utf8(body));
    if (!isObject(value)) throw new GatewayError('invalid_json', 'The body is not one JSON object.');
    parsed.set(body, value);
  }
  return value as JsonObject;
}
