// The facts that routing may read: what the peek and the headers say, and from the decoded body exactly what the rules
// of the snapshot demand. A body that no rule asks about is never parsed for them.
import { hash } from 'node:crypto';
import { isSystem } from '../ir/message.ts';
import { joinText } from '../ir/parts.ts';
import type { ModelRequest } from '../ir/request.ts';
import { operations } from '../protocols/capabilities.ts';
import type { DemandableFact, Facts } from '../routing/facts.ts';
import { decodeBody, type Exchange } from './exchange.ts';
import { conversationOf } from './recall.ts';
import { readHeader, type Incoming } from './incoming.ts';

/** Facts that only the decoded body knows. */
const bodyFacts = [
  'hasTools',
  'hasImages',
  'hasAudio',
  'hasFiles',
  'hasReasoning',
  'hasResponseSchema',
  'messageCount',
] as const satisfies readonly DemandableFact[];

/** Headers that name a conversation, the explicit ones first; the others are what Claude Code, Codex and opencode send. */
const sessionHeaders = [
  'x-session-id',
  'x_session_id',
  'x-claude-code-session-id',
  'session-id',
  'session_id',
  'x-session-affinity',
] as const;

/** Longest session id and metadata value that rules get to see. */
const longestSession = 64;
const longestMetadata = 256;
const metadataPrefix = 'x-omniroute-metadata-';

/** Throws GatewayError 400 when a demanded fact needs a body that cannot be decoded. */
export function readFacts(exchange: Exchange): Facts {
  const { peek, body, principal, route, stream, address, incoming, snapshot } = exchange;
  const { model, inputTokens, maxOutputTokens } = peek!;
  const operation = isOperation(route.operation) ? route.operation : 'chat';
  const session = readSession(exchange);
  const facts: { -readonly [fact in keyof Facts]: Facts[fact] } = {
    model: model!,
    protocol: route.protocol,
    operation,
    stream,
    principal: principal!,
    address,
    bodyBytes: body!.length,
    inputTokens,
  };
  if (maxOutputTokens !== undefined) facts.maxOutputTokens = maxOutputTokens;
  if (session !== undefined) facts.session = session;
  const { demands } = snapshot;
  if (demands.size === 0) return facts;
  if (demands.has('metadata')) facts.metadata = readMetadata(incoming);
  if (bodyFacts.some((fact) => demands.has(fact))) Object.assign(facts, readBody(exchange, operation));
  return facts;
}

function isOperation(name: Exchange['route']['operation']): name is Facts['operation'] {
  return (operations as readonly string[]).includes(name);
}

// A name that the client gives costs nothing. Without one, rules that read the session get a fingerprint of how the
// conversation began, which takes the decoded body; nobody else pays for that.
function readSession(exchange: Exchange): string | undefined {
  const { snapshot, incoming, route, principal } = exchange;
  // Texts to embed are no conversation, and must not move one.
  if (route.operation === 'embeddings') return undefined;
  const demanded = snapshot.demands.has('session');
  // A key whose conversations are bounded has them remembered, whether they are kept together or not.
  const counted = principal?.limits?.sessions !== undefined;
  if (!demanded && !counted && !snapshot.sessions.affinity) return undefined;
  const named = findSession(incoming);
  if (named !== undefined) return `ext:${named}`;
  if (demanded) return fingerprint(decodeBody(exchange).request);
  return exchange.recalled?.previous && conversationOf(exchange.recalled.previous);
}

/** 16 hex digits over the system text, the first user message and the names of the tools: what stays from turn to turn. */
function fingerprint({ messages, tools }: ModelRequest): string {
  const system = messages.filter(isSystem).map(({ parts }) => joinText(parts, '\n'));
  const first = messages.find(({ role }) => role === 'user');
  const names = tools.map((tool) => tool.name).toSorted();
  const text = JSON.stringify([system, first ? joinText(first.parts, '\n') : '', names]);
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** What the client calls this conversation; undefined when it does not say. */
export function findSession({ headers }: Incoming): string | undefined {
  for (const name of sessionHeaders) {
    const value = readHeader(headers, name);
    if (value !== undefined && value !== '') return value.slice(0, longestSession);
  }
  return undefined;
}

function readBody(exchange: Exchange, operation: Facts['operation']): Partial<Facts> {
  return operation === 'embeddings' ? noConversation : describeBody(decodeBody(exchange).request);
}

const noConversation: Partial<Facts> = {
  hasTools: false,
  hasImages: false,
  hasAudio: false,
  hasFiles: false,
  hasReasoning: false,
  hasResponseSchema: false,
  messageCount: 0,
};

function describeBody({ messages, tools, reasoning, output }: ModelRequest): Partial<Facts> {
  const kinds = new Set(messages.flatMap(({ parts }) => parts.flatMap(listKinds)));
  return {
    hasTools: tools.length > 0,
    hasImages: kinds.has('image'),
    hasAudio: kinds.has('audio'),
    hasFiles: kinds.has('file'),
    hasReasoning: reasoning !== undefined,
    hasResponseSchema: output.format?.kind === 'schema',
    messageCount: messages.length,
  };
}

type Part = ModelRequest['messages'][number]['parts'][number];

function listKinds(part: Part): readonly Part['kind'][] {
  return part.kind === 'tool-result' ? [part.kind, ...part.parts.map(({ kind }) => kind)] : [part.kind];
}

// A prototype-less record: a header may be called X-OmniRoute-Metadata-__proto__.
function readMetadata({ headers }: Incoming): Readonly<Record<string, string>> {
  const metadata = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(metadataPrefix)) continue;
    const value = readHeader(headers, name);
    if (value !== undefined) metadata[name.slice(metadataPrefix.length)] = value.slice(0, longestMetadata);
  }
  return metadata;
}
