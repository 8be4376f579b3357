// How bytes leave: one call to one origin through an undici Dispatcher, with timeouts, back-pressure and abort.
// undici lives in this folder and nowhere else.
import type { UpstreamFailure } from '../errors.ts';
import type { Timers } from '../lib/timers.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { Reach, ResolveHost } from './address-guard.ts';
import { createCall, splitUrl, type Address } from './call.ts';
import { createPools } from './pools.ts';
import { createSandboxPool } from './sandbox/pool.ts';
import type { SandboxSettings } from '../routing/snapshot.ts';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Absolute URL that `path` is appended to, without a trailing slash. */
  readonly baseUrl: string;
  /** From its slash on, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces that are sent in order, never copied into one. */
  readonly body: readonly Uint8Array[];
  /** The simulator answers, and behaves like this; false for a real upstream. */
  readonly sandbox: SandboxSettings | false;
  /** Where the connection may lead; the internet only when left out. */
  readonly reach?: Reach | undefined;
  /** Milliseconds until a connection stands. All later waits are watched by the caller. */
  readonly connectTimeout: number;
}

/** Events of one call, in this order: onHead, onData*, then exactly one of onEnd or onFailure. */
export interface UpstreamHandler {
  onHead(status: number, headers: RawHeaders): void;
  /** False pauses the upstream until `resume()`. */
  onData(chunk: Uint8Array): boolean;
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  resume(): void;
  /** Ends the call now; no further event is delivered. */
  abort(): void;
}

export interface Transport {
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Gives up the connections to all other origins; their running calls finish. */
  retain(origins: ReadonlySet<string>): void;
  /** Ends idle connections and waits for running calls, at most `milliseconds`. */
  close(milliseconds: number): Promise<void>;
}

export interface TransportOptions {
  /** Timers of the simulator; tests step them. */
  readonly timers?: Timers;
  /** Stands for DNS in tests. */
  readonly resolve?: ResolveHost;
  /** Hears of connections that were refused because of their address. */
  readonly onRefused?: (refusal: { readonly origin: string; readonly address: string }) => void;
}

/** Pools per origin, and the simulator for the providers that are marked `sandbox`; nothing connects before a call. */
export function createTransport({ timers, resolve, onRefused }: TransportOptions = {}): Transport {
  const pools = createPools(resolve);
  const findSandbox = createSandboxPool(timers);
  const addresses = new Map<string, Address>();
  return {
    send: (request, handler) => {
      const { baseUrl, sandbox, connectTimeout, reach = 'public' } = request;
      let address = addresses.get(baseUrl);
      if (!address) addresses.set(baseUrl, (address = splitUrl(baseUrl)));
      return createCall(
        (origin) => (sandbox ? findSandbox(sandbox) : pools.get(origin, connectTimeout, reach)),
        address,
        request,
        handler,
        onRefused,
      );
    },
    retain: (origins) => {
      addresses.clear();
      pools.retain(origins);
    },
    close: (milliseconds) => pools.close(milliseconds),
  };
}
