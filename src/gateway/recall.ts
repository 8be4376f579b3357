// `previous_response_id` and `item_reference` of the Responses wire: what an earlier answer of the same key stands for is
// put into the body, so that any upstream can go on. An upstream that keeps the answer itself gets the client's own bytes.
import { GatewayError, type UpstreamFailure } from '../errors.ts';
import { findText, latin1, utf8 } from '../lib/bytes.ts';
import { isTrueAt, stringAt, typeAt } from '../lib/json-scan.ts';
import { isObject, parseJson } from '../lib/json.ts';
import type { RequestPeek, Span } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Facts } from '../routing/facts.ts';
import { sessionIdOf } from '../routing/world/sessions.ts';
import { listTurns, type Issuer, type KeptItem, type ResponseStore, type Turn } from '../state/responses.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';

/** A body and what a scan has found in it. */
export interface Source {
  readonly body: Uint8Array;
  readonly peek: RequestPeek;
}

/** What a request to /v1/responses has to do with earlier and later ones. */
export interface Recalled {
  /** The client lets its answer be kept. */
  readonly store: boolean;
  readonly previous: Turn | undefined;
  /** Its own input items, references resolved: elements of a JSON array, without brackets. */
  readonly input: Uint8Array;
  /** What the client sent; `exchange.body` differs where something was put in. */
  readonly sent: Source;
  /** The one connection that knows by itself all that is named; there the client's own bytes suffice. */
  home: string | undefined;
  /** Everything that was put in, and where. */
  readonly pieces: readonly Piece[];
}

/** Items that were put in, in the order of the conversation. */
type Piece = Uint8Array | { readonly item: KeptItem; readonly issuer: Issuer };

/** Whose answers a request may see: those of its key, or of all without a key. */
export function ownerOf({ principal }: Exchange): string {
  return principal?.key ?? '';
}

/** The store, in which a key that may leave no trace any more finds nothing, not even of earlier days. */
export function storeOf({ responses }: Gateway, exchange: Exchange): ResponseStore {
  if (exchange.principal?.noLog === true) responses.forget(ownerOf(exchange));
  return responses;
}

/** Fills `recalled`, and `body` and `peek` where they name something. Throws GatewayError 400 or 404 for the unknown. */
export function recall(gateway: Gateway, exchange: Exchange): void {
  if (exchange.route.protocol !== 'openai-responses') return;
  const body = exchange.body!;
  const peek = exchange.peek!;
  refuseUnserved(body, peek);
  const { input, store } = peek.spans;
  const responses = storeOf(gateway, exchange);
  const previous = findPrevious(responses, exchange);
  const own = readOwn(responses, exchange, input);
  const named = [...(previous ? [previous.issuer] : []), ...own.issuers];
  const pieces = [...(previous ? listConversation(previous) : []), ...own.pieces];
  const sent = own.spelling ? withInput(exchange, { body, peek }, own.spelling, true) : { body, peek };
  const recalled: Recalled = {
    store: !store || typeAt(body, store) !== 'boolean' || isTrueAt(body, store),
    previous,
    input: own.input,
    sent,
    home: findHome(named),
    pieces,
  };
  exchange.recalled = recalled;
  if (named.length === 0 && !own.spelling) return;
  const whole = putIn(exchange, recalled, pieces);
  exchange.body = whole.body;
  exchange.peek = whole.peek;
}

/** The session of a conversation that only the ids of its answers name. */
export function conversationOf({ root }: Turn): string {
  return `resp:${root.slice(0, 64)}`;
}

/** Lets routing know where such a conversation is: its account may keep it, and has its prompt cache. */
export function stayHome({ world, clock }: Gateway, { recalled, snapshot }: Exchange, facts: Facts): void {
  const previous = recalled?.previous;
  if (!previous || facts.session !== conversationOf(previous)) return;
  const session = sessionIdOf(facts.principal.key, facts.session);
  const now = clock.now();
  if (world.session(session, now, snapshot.sessions.ttl)) return;
  const { connection, target } = previous.issuer;
  world.record({ kind: 'session-served', session, connection, target }, now);
}

/** What this attempt gets of a body that passes through: nobody's proofs of reasoning but its own. */
export function sourceFor(exchange: Exchange, { connection, provider }: Attempt): Source {
  const { recalled } = exchange;
  const whole = { body: exchange.body!, peek: exchange.peek! };
  if (!recalled || recalled.sent.body === whole.body) return whole;
  if (recalled.home === connection.key) return recalled.sent;
  const readable = recalled.pieces.filter((piece) => isReadable(piece, provider.id));
  return readable.length === recalled.pieces.length ? whole : putIn(exchange, recalled, readable);
}

/**
 * Whether the upstream that was to go on by itself knows nothing of it after all (it has forgotten, or never kept what it
 * said it would): the same attempt is then worth one more call, with everything in the body.
 */
export function disown({ recalled }: Exchange, { connection }: Attempt, failure: UpstreamFailure): boolean {
  if (!recalled?.home || recalled.home !== connection.key) return false;
  const { status, code, param, message } = failure;
  const unknown =
    code === 'previous_response_not_found' ||
    param === 'previous_response_id' ||
    ((status === 400 || status === 404) && /not found/i.test(message));
  if (unknown) recalled.home = undefined;
  return unknown;
}

// State at the upstream's account is nobody's own here: any key that knows such an id would read it.
function refuseUnserved(body: Uint8Array, { spans }: RequestPeek): void {
  const { conversation, background } = spans;
  if (conversation && typeAt(body, conversation) !== 'null') {
    throw unsupported('conversation', 'use previous_response_id, or send the whole conversation as input');
  }
  if (background && typeAt(body, background) === 'boolean' && isTrueAt(body, background)) {
    throw unsupported('background', 'leave it out and use stream');
  }
}

function unsupported(param: string, way: string): GatewayError {
  return new GatewayError('unsupported_feature', `"${param}" is not served by this gateway; ${way}.`, {
    param,
  });
}

function findPrevious(responses: ResponseStore, exchange: Exchange): Turn | undefined {
  const body = exchange.body!;
  const span = exchange.peek!.spans['previous_response_id'];
  if (!span || typeAt(body, span) === 'null') return undefined;
  const param = 'previous_response_id';
  if (typeAt(body, span) !== 'string') {
    throw new GatewayError('invalid_body', `"${param}" must be a string.`, { param });
  }
  const id = stringAt(body, span);
  const found = responses.get(ownerOf(exchange), id, exchange.snapshot.responses);
  if (found) return found;
  throw new GatewayError('previous_response_not_found', `Previous response with id '${id}' not found.`, {
    param,
  });
}

interface Own {
  readonly input: Uint8Array;
  readonly pieces: readonly Piece[];
  /** Of the answers that are referred to. */
  readonly issuers: readonly Issuer[];
  /** The list as it was understood, where it had to be: of two spellings of one key, another reader might take the other. */
  readonly spelling?: Uint8Array;
}

const nothing: Own = { input: new Uint8Array(), pieces: [], issuers: [] };

function readOwn(store: ResponseStore, exchange: Exchange, span: Span | undefined): Own {
  const body = exchange.body!;
  if (!span || typeAt(body, span) === 'null') return nothing;
  const { start, end } = span;
  if (typeAt(body, span) === 'string') {
    const input = Buffer.concat([messageStart, body.subarray(start, end), messageEnd]);
    return { input, pieces: [input], issuers: [] };
  }
  const list = body.subarray(start, end);
  const inside = trim(list.subarray(1, -1));
  if (!mayRefer(list))
    return inside.length === 0 ? nothing : { input: inside, pieces: [inside], issuers: [] };
  return resolveReferences(store, exchange, parseJson(utf8(list)) as readonly unknown[]);
}

const messageStart = Buffer.from('{"type":"message","role":"user","content":');
const messageEnd = Buffer.from('}');

// Ids of other keys must not slip through to an upstream that would know them: by a reference without a type, or one that
// is spelt with escapes. No honest writer escapes ASCII letters. Of members that stand twice the last one counts.
function mayRefer(list: Uint8Array): boolean {
  if (findText(list, 'item_reference') >= 0) return true;
  if (findText(list, '\\u00') >= 0 && escapedLetter.test(latin1(list))) return true;
  if (findText(list, '"id"') < 0) return false;
  const text = latin1(list);
  return typeNull.test(text) || (idFirst.test(text) && idLast.test(text));
}

const escapedLetter = /\\u00(?:[46][1-9a-f]|5f|[57][0-9a])/i;
const typeNull = /"type"\s*:\s*null/;
const idFirst = /\{\s*"id"\s*:/;
const idLast = /"id"\s*:\s*"[^"]*"\s*\}/;

function resolveReferences(store: ResponseStore, exchange: Exchange, items: readonly unknown[]): Own {
  const issuers: Issuer[] = [];
  const pieces = items.map((item): Piece => {
    if (!isReference(item)) return Buffer.from(JSON.stringify(item));
    const found = store.findItem(ownerOf(exchange), item.id, exchange.snapshot.responses);
    if (!found) {
      throw new GatewayError(
        'not_found',
        `Item with id '${item.id.slice(0, 200)}' not found. Items of answers without "store", of another key, or too long ago are not kept; send the item itself.`,
        { param: 'input' },
      );
    }
    const { turn } = found;
    issuers.push(turn.issuer);
    return { item: found.item, issuer: turn.issuer };
  });
  return { input: join(pieces), pieces, issuers, spelling: Buffer.from(JSON.stringify(items)) };
}

// OpenAI takes a reference without its type, too.
function isReference(item: unknown): item is { readonly id: string } {
  if (!isObject(item) || typeof item['id'] !== 'string') return false;
  const type = item['type'] ?? 'item_reference';
  return type === 'item_reference' && ('type' in item || Object.keys(item).length === 1);
}

function listConversation(last: Turn): readonly Piece[] {
  return listTurns(last).flatMap(({ input, output, issuer }) => [
    ...(input.length === 0 ? [] : [input]),
    ...output.map((item) => ({ item, issuer })),
  ]);
}

function findHome(issuers: readonly Issuer[]): string | undefined {
  const [first] = issuers;
  if (!first || issuers.some(({ how, connection }) => how !== 'kept' || connection !== first.connection)) {
    return undefined;
  }
  return first.connection;
}

// What the gateway translated carries a seal, which the pass-through takes off by itself.
function isReadable(piece: Piece, provider: string): boolean {
  if (piece instanceof Uint8Array || piece.item.sort === 'plain' || piece.issuer.how === 'translated')
    return true;
  return piece.item.sort === 'proof' && piece.issuer.provider === provider;
}

/** The body as it was sent, with these items as its input and without the id that stood for them. */
function putIn(exchange: Exchange, { sent }: Recalled, pieces: readonly Piece[]): Source {
  return withInput(exchange, sent, Buffer.concat([bracketOpen, join(pieces), bracketClose]), false);
}

function withInput(
  { protocol, snapshot, incoming }: Exchange,
  { body, peek }: Source,
  list: Uint8Array,
  keepsId: boolean,
): Source {
  const { input, previous_response_id: id } = peek.spans;
  const edits = [
    ...(input ? [{ ...input, bytes: list }] : []),
    ...(id && !keepsId ? [{ ...id, bytes: jsonNull }] : []),
  ].toSorted((a, b) => a.start - b.start);
  const parts: Uint8Array[] = [];
  let at = 0;
  if (!input) {
    at = body.indexOf(brace) + 1;
    parts.push(body.subarray(0, at), inputMember, list, comma);
  }
  for (const { start, end, bytes } of edits) {
    parts.push(body.subarray(at, start), bytes);
    at = end;
  }
  parts.push(body.subarray(at));
  const whole = Buffer.concat(parts);
  if (whole.length > snapshot.limits.maxBodySize) {
    throw new GatewayError(
      'body_too_large',
      `With the conversation that it continues, the body is larger than the ${snapshot.limits.maxBodySize} bytes of server.maxBodySize.`,
      { param: 'previous_response_id' },
    );
  }
  return { body: whole, peek: protocol.peek.request(whole, snapshot.limits, incoming) };
}

const brace = 0x7b;
const bracketOpen = Buffer.from('[');
const bracketClose = Buffer.from(']');
const comma = Buffer.from(',');
const jsonNull = Buffer.from('null');
const inputMember = Buffer.from('"input":');

function join(pieces: readonly Piece[]): Uint8Array {
  return Buffer.concat(
    pieces.flatMap((piece, index) => {
      const bytes = piece instanceof Uint8Array ? piece : piece.item.json;
      return index === 0 ? [bytes] : [comma, bytes];
    }),
  );
}

function trim(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && bytes[start]! <= 0x20) start++;
  while (end > start && bytes[end - 1]! <= 0x20) end--;
  return bytes.subarray(start, end);
}
