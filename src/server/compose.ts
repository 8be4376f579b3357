// The only place that wires: parts in, a gateway and its server out. Everything can be replaced by a test.
import { toNodeHandler, type H3 } from 'h3';
import { priceTokens } from '../catalog/prices.ts';
import { createCallProofs } from '../gateway/call-proofs.ts';
import { createDeadlines } from '../gateway/deadlines.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { createLifecycle } from '../gateway/lifecycle.ts';
import { createProofIssuers } from '../gateway/proofs.ts';
import { createTokenCounter } from '../gateway/tokens/counter.ts';
import { createSlots } from '../routing/slots.ts';
import { systemClock } from '../lib/clock.ts';
import type { ListenAddress } from '../lib/listen-address.ts';
import { systemTimers } from '../lib/timers.ts';
import type { Ledger, SecretReader } from '../routing/ports.ts';
import type { SnapshotRef } from '../routing/snapshot.ts';
import { createWorld } from '../routing/world/memory.ts';
import { createResponseStore } from '../state/responses.ts';
import { requestOutside } from '../upstream/outward.ts';
import { createTransport } from '../upstream/transport.ts';
import { drain } from './drain.ts';
import { ExposureError, findExposure } from './exposure.ts';
import { createApp, createListener } from './lanes.ts';
import { listen, type Listening } from './listen.ts';

/** What has no default: the rules, the secrets, and where rows go. */
export type GatewayParts = Pick<Gateway, 'snapshots' | 'secrets' | 'ledger'> & Partial<Gateway>;

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly app: H3;
  /** One request, in memory, through h3. */
  fetch(request: Request): Promise<Response>;
}

/** A gateway without a socket. */
export function createGateway(parts: GatewayParts): RunningGateway {
  const { clock = systemClock, timers = systemTimers, secrets } = parts;
  const gateway: Gateway = {
    world: createWorld(),
    transport: createTransport(),
    random: Math.random,
    deadlines: createDeadlines(clock, timers),
    lifecycle: createLifecycle(),
    slots: createSlots(clock, timers),
    responses: createResponseStore(clock),
    proofs: createProofIssuers(),
    callProofs: createCallProofs(),
    tokens: createTokenCounter({ timers }),
    fetchOutside: requestOutside,
    price: priceTokens,
    report: (error, requestId) => console.error(`request ${requestId}:`, error),
    health: () => ({}),
    ...parts,
    clock,
    timers,
    secrets,
  };
  const app = createApp(gateway);
  return { gateway, app, fetch: async (request) => app.fetch(request) };
}

export interface ServerOptions extends GatewayParts {
  readonly listen: ListenAddress;
}

export interface RunningServer extends RunningGateway {
  readonly url: string;
  /** Binds the new address before it leaves the old one; throws and changes nothing when that fails. */
  rebind(address: ListenAddress): Promise<void>;
  /** Drains and closes; true when every running request could finish. Repeated calls give the same promise. */
  close(): Promise<boolean>;
}

/** Binds and serves. Throws when the configuration must not be exposed there, or the address is taken. */
export async function createServer({ listen: address, ...parts }: ServerOptions): Promise<RunningServer> {
  const running = createGateway(parts);
  const { gateway, app } = running;
  const fallback = toNodeHandler(app);
  const listener = createListener(gateway, (request, response) => void fallback(request, response));
  const bind = (wanted: ListenAddress): Promise<Listening> => {
    const fault = findExposure(wanted, gateway.snapshots.current);
    if (fault !== undefined) throw new ExposureError(fault);
    return listen(listener, wanted);
  };
  let current = await bind(address);
  const leaving = new Set<Listening>();
  let closing: Promise<boolean> | undefined;
  return {
    ...running,
    get url() {
      return current.url;
    },
    rebind: async (wanted) => {
      const next = await bind(wanted);
      const old = current;
      current = next;
      leaving.add(old);
      void old.close().then(() => leaving.delete(old));
    },
    close: () =>
      (closing ??= drain(gateway, [current, ...leaving], gateway.snapshots.current.timing.drainTimeout)),
  };
}

export type { Ledger, SecretReader, SnapshotRef };
