// GET, DELETE /v1/responses/{id}, its input items, and cancel: what the gateway keeps for a key, and for nobody else.
import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { listTurns, type KeptItem, type Turn } from '../state/responses.ts';
import { callOnce } from './call-once.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { ownerOf, storeOf } from './recall.ts';
import { replyJson } from './reply.ts';
import type { Responder } from './responder.ts';
import { credentialHeaders } from './translate.ts';

/** Answers the sub-paths of one kept answer. Throws 404 for what is not there or not this key's, 400 for a bad query. */
export async function replyStored(gateway: Gateway, exchange: Exchange, responder: Responder): Promise<void> {
  const { incoming, route } = exchange;
  const turn = find(gateway, exchange);
  if (route.operation === 'response-cancel') {
    throw new GatewayError('invalid_body', 'Cannot cancel a synchronous response.');
  }
  if (route.operation === 'response-items') {
    replyJson(exchange, responder, 200, page(listItems(turn), new URLSearchParams(incoming.query)));
  } else if (incoming.method === 'DELETE') {
    gateway.responses.delete(ownerOf(exchange), turn.id);
    if (turn.issuer.how === 'kept') await forgetUpstream(gateway, exchange, responder, turn);
    replyJson(exchange, responder, 200, { id: turn.id, object: 'response', deleted: true });
  } else {
    if (new URLSearchParams(incoming.query).get('stream') === 'true') {
      throw new GatewayError('unsupported_feature', 'A finished answer is not streamed again.', {
        param: 'stream',
      });
    }
    replyJson(exchange, responder, 200, { ...readObject(turn.head), output: turn.output.map(readItem) });
  }
}

/** Milliseconds for the upstream's own deletion. */
const patience = 15_000;

/** Deletes the answer where it is kept, too. Throws 502 when that cannot be said: a client must not believe it gone. */
async function forgetUpstream(
  gateway: Gateway,
  { snapshot }: Exchange,
  responder: Responder,
  { id, issuer }: Turn,
): Promise<void> {
  const provider = snapshot.providers.get(issuer.provider);
  const connection = provider?.connections.find(({ key }) => key === issuer.connection);
  const endpoint = provider?.endpoints.find(({ protocol }) => protocol === 'openai-responses');
  const credential = connection?.credential && gateway.secrets.read(connection.credential);
  const where = `The gateway has forgotten the answer, ${issuer.provider} may still keep it`;
  if (!provider || !connection || !endpoint || (connection.credential && credential === undefined)) {
    throw new GatewayError('upstream_error', `${where}: its account is no longer configured.`);
  }
  const answer = await callOnce(
    gateway,
    {
      method: 'DELETE',
      baseUrl: endpoint.baseUrl,
      path: `/responses/${encodeURIComponent(id)}`,
      headers: {
        accept: 'application/json',
        ...endpoint.headers,
        ...credentialHeaders(endpoint, credential),
      },
      body: [],
      sandbox: provider.sandbox,
      reach: endpoint.reach,
      connectTimeout: provider.profile.connectTimeout,
    },
    responder,
    patience,
  );
  if (answer === 'gone') return;
  const status = 'text' in answer ? answer.status : undefined;
  if (status !== undefined && ((status >= 200 && status < 300) || status === 404)) return;
  throw new GatewayError('upstream_error', `${where}: it answered ${status ?? 'nothing'} to the deletion.`);
}

function find(gateway: Gateway, exchange: Exchange): Turn {
  const id = exchange.incoming.rest ?? '';
  const turn = storeOf(gateway, exchange).get(ownerOf(exchange), id, exchange.snapshot.responses);
  if (turn) return turn;
  throw new GatewayError('not_found', `Response with id '${id.slice(0, 200)}' not found.`);
}

/** Everything that the model was given: the conversation before, then the turn's own input. Oldest first. */
function listItems(last: Turn): readonly JsonObject[] {
  return listTurns(last).flatMap((turn) => [
    ...readInput(turn),
    ...(turn === last ? [] : turn.output.map(readItem)),
  ]);
}

function readInput({ id, input }: Turn): readonly JsonObject[] {
  const items = parseJson(`[${utf8(input)}]`);
  if (!Array.isArray(items)) return [];
  return items.filter(isObject).map((item, index) => complete(item, `${id}/${index}`));
}

// What clients may leave out and lists must have: a type, an id that stays the same, content as parts.
function complete(item: JsonObject, place: string): JsonObject {
  const { type = 'message', id, role, content } = item;
  const known =
    typeof id === 'string' ? id : `${prefixOf(type)}_${hash('sha256', place, 'hex').slice(0, 40)}`;
  if (type !== 'message' || typeof content !== 'string') return { ...item, id: known, type };
  const part =
    role === 'assistant'
      ? { type: 'output_text', text: content, annotations: [] }
      : { type: 'input_text', text: content };
  return { status: 'completed', ...item, id: known, type, content: [part] };
}

const prefixes: Readonly<Record<string, string>> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'cto',
};

function prefixOf(type: unknown): string {
  return (typeof type === 'string' && prefixes[type]) || 'item';
}

/** A page as OpenAI gives it: newest first unless asked otherwise. */
function page(oldestFirst: readonly JsonObject[], query: URLSearchParams) {
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'asc or desc');
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalid('limit', 'a number from 1 to 100');
  const items = order === 'asc' ? oldestFirst : oldestFirst.toReversed();
  const after = query.get('after');
  const begin = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== null && begin === 0) throw invalid('after', 'the id of an item of this list');
  const data = items.slice(begin, begin + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: begin + limit < items.length,
  };
}

function invalid(param: string, what: string): GatewayError {
  return new GatewayError('invalid_body', `"${param}" must be ${what}.`, { param });
}

function readItem({ json }: KeptItem): JsonObject {
  return readObject(json);
}

function readObject(json: Uint8Array): JsonObject {
  return parseJson(utf8(json)) as JsonObject;
}
