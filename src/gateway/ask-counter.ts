// One provider's own counter, asked for one request. It costs nothing and promises nothing: neither accounts nor breakers
// learn from it, and who has no counter for a model is not asked again while its endpoint stands in the configuration.
import type { UpstreamFailure } from '../errors.ts';
import { encodeUtf8, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson } from '../lib/json.ts';
import { findCounter, isCounting } from '../protocols/counters.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Endpoint } from '../routing/snapshot.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import { callOnce } from './call-once.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { hideCredential } from './hide-credential.ts';
import type { Responder } from './responder.ts';
import { translate } from './translate.ts';

/** `gone`: the client. A failure: nobody else would say anything better, or another has to be asked. */
export type CounterAnswer = number | UpstreamFailure | 'gone' | undefined;

const without = new WeakMap<Endpoint, Set<string>>();
const mostWithout = 256;

/**
 * The count; a failure; undefined where this target has no counter. `patience`: milliseconds. Throws GatewayError for the
 * client's faults.
 */
export async function askCounter(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  attempt: Attempt,
  patience: number,
): Promise<CounterAnswer> {
  const { endpoint, model } = attempt;
  const counter = findCounter(endpoint.protocol);
  if (!counter || without.get(endpoint)?.has(model)) return undefined;
  const prepared = translate(gateway, exchange, attempt);
  if ('class' in prepared) return prepared;
  const chat = parseJson(utf8(Buffer.concat(prepared.request.body)));
  if (!isObject(chat)) return undefined;
  const own = isCounting(exchange.protocol) && exchange.protocol.name === endpoint.protocol;
  const body = counter.wrap(own ? counter.unwrap(chat) : chat, model, own && !attempt.changes);
  const request: UpstreamRequest = {
    ...prepared.request,
    path: counter.path(model),
    body: [encodeUtf8(JSON.stringify(body))],
  };
  const answer = await callOnce(gateway, request, responder, patience);
  if (answer === 'gone' || !('text' in answer)) return answer;
  if (answer.status === 404 || answer.status === 405 || answer.status === 501) forgo(endpoint, model);
  if (answer.status < 200 || answer.status > 299) {
    const failure = prepared.wire.errors.decode(answer.status, answer.headers, answer.text);
    return hideCredential(failure, request.headers);
  }
  return (
    counter.read(parseJson(answer.text)) ?? {
      class: 'upstream',
      message: 'The counter answered without a count.',
    }
  );
}

// A 404 may mean the model alone, and names are a client's: their number is bounded.
function forgo(endpoint: Endpoint, model: string): void {
  let models = without.get(endpoint);
  if (!models || models.size >= mostWithout) without.set(endpoint, (models = new Set()));
  models.add(model);
}
