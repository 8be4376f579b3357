// One attempt → the HTTP call that asks it, and the pipe for its answer. Same protocol on both sides: the client's bytes,
// with `model` and the request for usage spliced in.
import type { UpstreamFailure } from '../errors.ts';
import type { AnswerPipe, Protocol } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Endpoint } from '../routing/snapshot.ts';
import type { UpstreamRequest } from '../upstream/transport.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { readHeader } from './incoming.ts';

export interface PreparedCall {
  readonly request: UpstreamRequest;
  readonly pipe: AnswerPipe;
  /** The wire that the upstream speaks; its errors are read by it. */
  readonly wire: Protocol;
}

/** The call, or why this attempt cannot even be begun (then another one may). */
export function translate(
  gateway: Gateway,
  exchange: Exchange,
  attempt: Attempt,
): PreparedCall | UpstreamFailure {
  const { connection, endpoint, provider, model } = attempt;
  const credential = connection.credential && gateway.secrets.read(connection.credential);
  if (connection.credential && credential === undefined) {
    return { class: 'authentication', message: `The credential of ${connection.key} could not be resolved.` };
  }
  const { protocol: wire, stream } = exchange;
  if (endpoint.protocol !== wire.name) {
    return {
      class: 'internal',
      message: `${attempt.target} speaks ${endpoint.protocol}, the client ${wire.name}.`,
    };
  }
  const body = exchange.body!;
  const peek = exchange.peek!;
  const askForUsage = stream && !peek.reportsUsage && !endpoint.quirks.includes('no-stream-options');
  const { profile } = provider;
  return {
    wire,
    pipe: stream ? wire.peek.streamPipe({ withholdUsage: askForUsage }) : wire.peek.unaryPipe(),
    request: {
      method: 'POST',
      url: endpoint.baseUrl + wire.peek.path(model, stream),
      headers: buildHeaders(exchange, wire, endpoint, credential),
      body: wire.peek.splice(body, peek, {
        ...(model === peek.model ? {} : { model }),
        ...(askForUsage ? { includeUsage: true } : {}),
        ...(stream && !peek.stream ? { stream: true } : {}),
      }),
      sandbox: provider.sandbox,
      connectTimeout: profile.connectTimeout,
    },
  };
}

/** None of the client's headers travels except those that its protocol names; no credential of a client ever does. */
function buildHeaders(
  { incoming, stream }: Exchange,
  wire: Protocol,
  endpoint: Endpoint,
  credential: string | undefined,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'omniroute',
  };
  for (const name of wire.requestHeaders) {
    const value = readHeader(incoming.headers, name);
    if (value !== undefined) headers[name] = value;
  }
  for (const [name, value] of Object.entries(endpoint.headers)) headers[name.toLowerCase()] = value;
  if (credential !== undefined && endpoint.auth !== 'none') {
    if (endpoint.auth === 'bearer') headers.authorization = `Bearer ${credential}`;
    else headers[endpoint.auth] = credential;
  }
  return headers;
}
