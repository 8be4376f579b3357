// What a client gave by URL, for an upstream that takes it as bytes only: fetched once per request, before the attempt
// that needs it. The address is checked at the connection (no private networks, redirects included); number, size and
// time are bounded, because anybody with a key may name any URL.
import type { UpstreamFailure } from '../errors.ts';
import { imageTypeOf } from '../ir/image-type.ts';
import type { Part, Source } from '../ir/parts.ts';
import type { ModelRequest } from '../ir/request.ts';
import { findProtocol } from '../protocols/registry.ts';
import type { Attempt } from '../routing/decision.ts';
import { AddressRefusedError } from '../upstream/address-guard.ts';
import type { OutwardAnswer } from '../upstream/outward.ts';
import { decodeBody, type Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';

/** Distinct URLs of one request. */
const mostUrls = 16;
/** Milliseconds for one, and for all of a request. */
const oneTimeout = 10_000;
const allTimeout = 20_000;
const mostRedirects = 3;

type Bytes = Extract<Source, { kind: 'data' }>;

/**
 * Puts the bytes into the decoded request. Undefined when there is nothing to fetch; else resolves with why this attempt
 * cannot be made, or with undefined.
 */
export function fetchMedia(
  gateway: Gateway,
  exchange: Exchange,
  { endpoint }: Attempt,
): Promise<UpstreamFailure | undefined> | undefined {
  const { protocol, route } = exchange;
  if (route.operation !== 'chat' || endpoint.protocol === protocol.name) return undefined;
  const needs = findProtocol(endpoint.protocol)?.needsBytes;
  if (needs === undefined) return undefined;
  const { request } = decodeBody(exchange);
  const wanted = new Map<string, Part['kind']>();
  for (const part of listParts(request)) {
    const url = urlOf(part);
    if (url !== undefined && needs(part)) wanted.set(url, part.kind);
  }
  if (wanted.size === 0) return undefined;
  if (wanted.size > mostUrls) return Promise.resolve(refusal(`more than ${mostUrls} URLs cannot be fetched`));
  return fetchAll(gateway, exchange, wanted);
}

async function fetchAll(
  { clock, fetchOutside }: Gateway,
  exchange: Exchange,
  wanted: ReadonlyMap<string, Part['kind']>,
): Promise<UpstreamFailure | undefined> {
  const began = clock.monotonic();
  const fetched = new Map<string, Bytes>();
  let room = exchange.snapshot.limits.maxBodySize;
  try {
    // One after the other, so that no more than a body's worth is ever held.
    for (const [url, kind] of wanted) {
      const timeout = Math.min(oneTimeout, began + allTimeout - clock.monotonic());
      if (timeout <= 0) return refusal('fetching all URLs takes too long');
      const answer = await fetchOutside(url, {
        maxBytes: room,
        timeout,
        redirects: mostRedirects,
        headers: { accept: kind === 'image' ? 'image/*' : '*/*', 'user-agent': 'omniroute' },
      });
      if (answer.status !== 200) return refusal(`a URL answers with status ${answer.status}`);
      const source = readAnswer(answer);
      if (kind === 'image' && !source.mediaType.startsWith('image/')) return refusal('a URL is no picture');
      room -= answer.body.length;
      fetched.set(url, source);
    }
  } catch (error) {
    // Nothing about the network behind us: neither addresses nor what a name resolves to.
    const reason = error instanceof AddressRefusedError ? 'is out of reach' : 'cannot be fetched';
    return refusal(`a URL of the request ${reason}`);
  } finally {
    exchange.waited += clock.monotonic() - began;
  }
  const known = decodeBody(exchange);
  exchange.request = { ...known, request: replaceUrls(known.request, fetched) };
  return undefined;
}

function readAnswer({ headers, body }: OutwardAnswer): Bytes {
  const data = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
  const said = String(headers['content-type'] ?? '')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
  const isVague = said === '' || said === 'application/octet-stream' || said === 'binary/octet-stream';
  const mediaType = isVague ? (imageTypeOf(data) ?? 'application/octet-stream') : said;
  return { kind: 'data', mediaType, data };
}

function* listParts({ messages }: ModelRequest): Iterable<Part> {
  for (const { parts } of messages)
    for (const part of parts) {
      yield part;
      if (part.kind === 'tool-result') yield* part.parts;
    }
}

function urlOf(part: Part): string | undefined {
  const source =
    part.kind === 'image' || part.kind === 'file' || part.kind === 'audio' ? part.source : undefined;
  return source?.kind === 'url' ? source.url : undefined;
}

function replaceUrls(request: ModelRequest, fetched: ReadonlyMap<string, Bytes>): ModelRequest {
  const replace = (part: Part): Part => {
    if (part.kind === 'tool-result') return { ...part, parts: part.parts.map(replace) };
    const source = fetched.get(urlOf(part) ?? '');
    return source && (part.kind === 'image' || part.kind === 'file' || part.kind === 'audio')
      ? { ...part, source }
      : part;
  };
  const messages = request.messages.map((message) => ({ ...message, parts: message.parts.map(replace) }));
  return { ...request, messages };
}

function refusal(reason: string): UpstreamFailure {
  return { class: 'unsupported', message: `This upstream takes bytes only, and ${reason}.` };
}
