// One attempt → the HTTP call that asks it, and the pipe for its answer. Same protocol on both sides: the client's bytes,
// with what must differ spliced in. Otherwise the request goes through the hub, decoded once for all attempts.
import { randomBytes } from 'node:crypto';
import { GatewayError, isGatewayError, type UpstreamFailure } from '../errors.ts';
import type { Loss } from '../ir/loss.ts';
import { parseJson, isObject } from '../lib/json.ts';
import type { ProtocolName } from '../protocols/capabilities.ts';
import { findEmbeddings, isEmbedding, readEmbeddings, translateEmbeddings } from '../protocols/embeddings.ts';
import { findRules } from '../protocols/model-rules.ts';
import type { AnswerPipe, Protocol, SpliceEdits } from '../protocols/protocol.ts';
import { findProtocol } from '../protocols/registry.ts';
import { passThroughEdits } from '../protocols/suffixes.ts';
import { createTranslation, readRequest, type ClientRequest } from '../protocols/translate.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Endpoint } from '../routing/snapshot.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import { decodeBody, type Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { readHeader } from './incoming.ts';
import { describeKept } from './keep.ts';
import { withoutForeign } from './proofs.ts';
import { ownerOf, sourceFor, type Source } from './recall.ts';
import { passesThrough } from './unserved.ts';
import { retainable } from './retainable.ts';

export interface PreparedCall {
  readonly request: UpstreamRequest;
  readonly pipe: AnswerPipe;
  /** The wire that the upstream speaks; its errors are read by it. */
  readonly wire: Protocol;
}

/** What differs between a call that passes through and one that is translated. */
interface Written {
  readonly path: string;
  readonly body: readonly Uint8Array[];
  readonly headers: Readonly<Record<string, string>>;
  readonly pipe: AnswerPipe;
}

const noLoss: readonly string[] = [];
const noHeaders: Readonly<Record<string, string>> = {};

/** The call, or why this attempt cannot even be begun (then another one may). Throws GatewayError for the client's faults. */
export function translate(
  gateway: Gateway,
  exchange: Exchange,
  attempt: Attempt,
): PreparedCall | UpstreamFailure {
  const { connection, endpoint, provider, target } = attempt;
  const credential = connection.credential && gateway.secrets.read(connection.credential);
  if (connection.credential && credential === undefined) {
    return { class: 'authentication', message: `The credential of ${connection.key} could not be resolved.` };
  }
  const same = passesThrough(exchange, attempt);
  // What the client's own wire takes is passed on in the dialect in which it came.
  const wire = same ? exchange.protocol : findUpstream(exchange.protocol, endpoint.protocol);
  if (!wire)
    return {
      class: 'unsupported',
      message: `${target} speaks ${endpoint.protocol}, which this version does not.`,
    };
  exchange.loss = noLoss;
  exchange.respell = undefined;
  let written: Written;
  try {
    written = same
      ? passThrough(gateway, exchange, attempt, wire)
      : translateBody(gateway, exchange, attempt, wire);
  } catch (error) {
    // Another target may be able to say what this one cannot; every other fault is the client's.
    if (!isGatewayError(error) || error.code !== 'unsupported_feature') throw error;
    return { class: 'unsupported', message: error.message };
  }
  const { profile, sandbox } = provider;
  return {
    wire,
    pipe: written.pipe,
    request: {
      method: 'POST',
      baseUrl: endpoint.baseUrl,
      path: written.path,
      headers: buildHeaders(exchange, attempt, wire, written.headers, credential),
      body: written.body,
      sandbox,
      reach: endpoint.reach,
      connectTimeout: profile.connectTimeout,
    },
  };
}

function passThrough(gateway: Gateway, exchange: Exchange, attempt: Attempt, wire: Protocol): Written {
  const { endpoint, model, suffixes = [] } = attempt;
  const { stream } = exchange;
  const { body, peek } = changeBody(gateway, exchange, attempt, wire);
  const askForUsage = stream && !peek.reportsUsage && !endpoint.quirks.includes('no-stream-options');
  const added =
    suffixes.length === 0 || isEmbedding(wire)
      ? undefined
      : passThroughEdits(wire.name, model, suffixes, peek);
  // Filled in place: a call that passes through pays for every object that is made only to be copied.
  const edits: { -readonly [name in keyof SpliceEdits]: SpliceEdits[name] } = {};
  if (model !== peek.model) edits.model = model;
  if (askForUsage) edits.includeUsage = true;
  if (stream && !peek.stream) edits.stream = true;
  if (added?.insert !== undefined) edits.insert = added.insert;
  return {
    path: wire.peek.path(model, stream),
    pipe: stream ? wire.peek.streamPipe({ withholdUsage: askForUsage }) : wire.peek.unaryPipe(),
    headers: added?.headers ?? noHeaders,
    body: wire.peek.splice(body, peek, edits),
  };
}

// Only rules of the operator make a passed-through body be parsed and written again.
function changeBody(gateway: Gateway, exchange: Exchange, attempt: Attempt, wire: Protocol): Source {
  const { snapshot, incoming } = exchange;
  const { changes, model, endpoint, facts } = attempt;
  const source = withoutForeign(gateway, exchange, attempt, sourceFor(exchange, attempt));
  if (!changes || isEmbedding(wire)) return source;
  const { body } = source;
  const value = parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  if (!isObject(value)) return source;
  const rules = findRules(model, endpoint.quirks);
  const maxOutput = facts?.maxOutput;
  const target = maxOutput === undefined ? { model, rules } : { model, rules, maxOutput };
  const changed = Buffer.from(JSON.stringify(wire.changeBody(value, changes, target)));
  return { body: changed, peek: wire.peek.request(changed, snapshot.limits, incoming) };
}

function translateBody(gateway: Gateway, exchange: Exchange, attempt: Attempt, upstream: Protocol): Written {
  const { clock, callProofs } = gateway;
  const { endpoint, model, provider, facts, suffixes, changes } = attempt;
  const { stream, protocol, incoming } = exchange;
  if (isEmbedding(protocol) && isEmbedding(upstream)) {
    exchange.embedding ??= readEmbeddings(protocol, exchange.body!, incoming);
    const { embedding } = exchange;
    const { loss, ...written } = translateEmbeddings(embedding, protocol, upstream, model, clock.now);
    noteLoss(exchange, attempt, loss);
    return { ...written, headers: {} };
  }
  const translation = createTranslation({
    request: describeKept(exchange, decodeFor(gateway, exchange, attempt)),
    upstream,
    model,
    issuer: provider.id,
    maxOutput: facts?.maxOutput,
    contextWindow: facts?.context,
    version: endpoint.headers['anthropic-version'],
    quirks: endpoint.quirks,
    suffixes,
    changes,
    stream,
    proofs: retainable(exchange) ? callProofs.of(ownerOf(exchange)) : undefined,
    newId: createId,
    now: clock.now,
  });
  noteLoss(exchange, attempt, translation.loss);
  const { respelled } = exchange;
  exchange.respelled = undefined;
  exchange.respell = respelled ? undefined : translation.repair;
  return { ...translation, body: respelled ?? translation.body, pipe: translation.pipe({ stream }) };
}

// Within one wire bare proofs of reasoning would survive the translation: each reader gets its own alone.
function decodeFor(gateway: Gateway, exchange: Exchange, attempt: Attempt): ClientRequest {
  const { protocol, body, peek } = exchange;
  if (attempt.endpoint.protocol !== protocol.name) return decodeBody(exchange);
  const own = withoutForeign(gateway, exchange, attempt, { body: body!, peek: peek! });
  return own.body === body ? decodeBody(exchange) : readRequest(protocol, own.body, own.peek);
}

/** Whether the upstream refused the request for how it was written, and it can be written otherwise: worth one more call. */
export function respell(exchange: Exchange, failure: UpstreamFailure): boolean {
  exchange.respelled = exchange.respell?.(failure);
  exchange.respell = undefined;
  return exchange.respelled !== undefined;
}

function findUpstream(client: Protocol, name: ProtocolName): Protocol | undefined {
  return isEmbedding(client) ? findEmbeddings(name) : findProtocol(name);
}

function noteLoss(exchange: Exchange, { target }: Attempt, loss: readonly Loss[]): void {
  exchange.loss = loss.map(({ path }) => path);
  if (exchange.loss.length === 0 || exchange.snapshot.onLoss !== 'reject') return;
  const paths = exchange.loss.join(', ');
  throw new GatewayError(
    'unsupported_feature',
    `${target} cannot express ${paths} (defaults.onLoss is reject).`,
  );
}

/** Ids in the vendors' manner: a prefix and 24 letters and digits. */
function createId(prefix: string): string {
  return prefix + randomBytes(12).toString('hex');
}

/** None of the client's headers travels except those that its own wire names; no credential of a client ever does. */
function buildHeaders(
  { incoming, stream, protocol }: Exchange,
  { endpoint }: Attempt,
  wire: Protocol,
  added: Readonly<Record<string, string>>,
  credential: string | undefined,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    ...fixedHeaders(endpoint, stream ? wire.streamContentType : 'application/json'),
  };
  if (protocol.name === wire.name) {
    // The body is written for the version that the client names.
    for (const name of wire.requestHeaders) {
      const value = readHeader(incoming.headers, name);
      if (value !== undefined) headers[name] = value;
    }
  }
  for (const name in added) {
    const own = headers[name];
    headers[name] = own === undefined ? added[name]! : joinNames(own, added[name]!);
  }
  return credential === undefined ? headers : Object.assign(headers, credentialHeaders(endpoint, credential));
}

type Headers = Readonly<Record<string, string>>;

const fixed = new WeakMap<Endpoint, Map<string, Headers>>();

/** What every call of an endpoint carries, made once for each type of answer. */
function fixedHeaders(endpoint: Endpoint, accepted: string): Headers {
  let byType = fixed.get(endpoint);
  if (!byType) fixed.set(endpoint, (byType = new Map()));
  const known = byType.get(accepted);
  if (known) return known;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: accepted.split(';', 1)[0]!,
    'accept-encoding': 'identity',
    'user-agent': 'omniroute',
  };
  for (const [name, value] of Object.entries(endpoint.headers)) headers[name.toLowerCase()] = value;
  byType.set(accepted, headers);
  return headers;
}

/** How an account tells this endpoint who it is. */
export function credentialHeaders(
  { auth }: Endpoint,
  credential: string | undefined,
): Readonly<Record<string, string>> {
  if (credential === undefined || auth === 'none') return {};
  return auth === 'bearer' ? { authorization: `Bearer ${credential}` } : { [auth]: credential };
}

// Lists of names (anthropic-beta) are united; nothing is named twice.
function joinNames(own: string, added: string): string {
  const names = own.split(',').map((name) => name.trim());
  return [...new Set([...names, ...added.split(',').map((name) => name.trim())])].join(',');
}
