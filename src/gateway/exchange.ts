// One request on its way through the stages: the only mutable per-request object. It holds the snapshot that it began
// with, so that a reload never changes the rules under a running request.
import type { ErrorCode } from '../errors.ts';
import type { EmbeddingRequest } from '../ir/embeddings.ts';
import { createRequestId } from '../lib/request-id.ts';
import type { Protocol, RequestPeek, WireUsage } from '../protocols/protocol.ts';
import { readRequest, type ClientRequest, type Translation } from '../protocols/translate.ts';
import type { Attempt, Outcome, Reason } from '../routing/decision.ts';
import type { Facts, Principal } from '../routing/facts.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { chooseWire } from './choose-wire.ts';
import type { Gateway } from './gateway.ts';
import type { Incoming, Route } from './incoming.ts';
import type { Recalled } from './recall.ts';
import type { Slot } from '../routing/slots.ts';

/** Edges of the stages, milliseconds since arrival; in their order, undefined for what did not come about. */
export class Marks {
  read: number | undefined;
  decide: number | undefined;
  send: number | undefined;
  head: number | undefined;
  first: number | undefined;
  end: number | undefined;
}

/** One upstream call as the usage row shows it. */
export interface AttemptRecord {
  readonly target: string;
  readonly class?: string;
  readonly status?: number;
  readonly milliseconds: number;
}

export class Exchange {
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly incoming: Incoming;
  readonly route: Route;
  /** The wire of the client, for its envelope and its stream. */
  readonly protocol: Protocol;
  /** Epoch milliseconds of arrival. */
  readonly at: number;
  /** Monotonic milliseconds of arrival. */
  readonly began: number;
  readonly marks = new Marks();

  /** Set by `guard`: headers that CORS adds to every answer, flat. */
  cors: readonly string[] = [];
  /** Set by `guard`. */
  address = '';
  principal: Principal | undefined;
  /** Set by `admit`: the place that the key's limits gave; given back at the end. */
  place: Slot | undefined;
  /** Set by `decide`: a policy forbids keeping anything of it. Ask `retainable()`, the key may forbid it too. */
  noLog = false;
  /** Set by `read`. */
  body: Uint8Array | undefined;
  peek: RequestPeek | undefined;
  /** The body decoded, once a fact or a translation has needed it. */
  request: ClientRequest | undefined;
  /** The same for a request for embeddings. */
  embedding: EmbeddingRequest | undefined;
  stream = false;
  /** Set by `recall`: what a request to /v1/responses has to do with earlier answers. */
  recalled: Recalled | undefined;
  /** The connection that refused the proofs of reasoning in this request. */
  distrusted: string | undefined;
  /** Set by `translate`: another way to write the request, where the upstream refuses this one; and what it wrote. */
  respell: Translation['repair'] | undefined;
  respelled: readonly Uint8Array[] | undefined;
  facts: Facts | undefined;
  reasons: readonly Reason[] = [];
  /** The combo that the request was for, once decided. */
  combo: string | undefined;
  /** The attempt that runs, or the one that answered. */
  attempt: Attempt | undefined;
  readonly outcomes: Outcome[] = [];
  readonly attempts: AttemptRecord[] = [];
  /** Milliseconds spent waiting for upstreams; the rest of the time is ours. */
  waited = 0;
  /** What a translation could not express. */
  loss: readonly string[] = [];
  usage: WireUsage | undefined;
  outputCharacters = 0;
  /** Nano-USD of the answer, null while or because it is unknown. */
  cost: number | null = null;
  /** Status that the client saw; 0 until then. */
  status = 0;
  errorCode: ErrorCode | undefined;
  /** Status and headers of a stream are on their way; there is no way back to another status. */
  committed = false;

  constructor(gateway: Gateway, snapshot: Snapshot, incoming: Incoming, route: Route) {
    this.snapshot = snapshot;
    this.incoming = incoming;
    this.route = route;
    this.protocol = chooseWire(route, incoming);
    this.at = gateway.clock.now();
    this.id = createRequestId(this.at);
    this.began = gateway.clock.monotonic();
  }
}

/** The decoded body: parsed at most once per request, and never for one that only passes through. Throws GatewayError 400. */
export function decodeBody(exchange: Exchange): ClientRequest {
  exchange.request ??= readRequest(exchange.protocol, exchange.body!, exchange.peek!);
  return exchange.request;
}
