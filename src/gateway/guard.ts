// The first stage: who may talk to this gateway at all. Client address and its filter, drain, Host (DNS rebinding),
// Origin and CORS.
import { isIPv4 } from 'node:net';
import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { findAddress } from './address.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { responseHeaders } from './headers.ts';
import { readHeader } from './incoming.ts';
import { isAdmitted } from '../routing/ip-filter.ts';

type Access = Snapshot['access'];

/** Throws GatewayError for a request that may not pass; sets `exchange.cors` and `exchange.address`. */
export function guard(gateway: Gateway, exchange: Exchange): void {
  const { incoming, snapshot } = exchange;
  const { access } = snapshot;
  const host = readHeader(incoming.headers, 'host') ?? '';
  const origin = readHeader(incoming.headers, 'origin');
  exchange.address = findAddress(incoming.peer, readHeader(incoming.headers, 'x-forwarded-for'), access);
  // Before anything else is told, be it only that the gateway shuts down.
  if (!isAdmitted(exchange.address, access, gateway.world, exchange.at)) {
    throw new GatewayError('address_not_allowed', 'This address is not served.');
  }
  const allowed = origin !== undefined && (isNamed(origin, access) || isSameOrigin(origin, host));
  if (allowed) exchange.cors = renderCors(origin, access);
  if (gateway.lifecycle.draining && exchange.route.operation !== 'health') {
    throw createDrainingError();
  }
  if (isOpen(snapshot)) checkAnonymous(exchange);
  if (incoming.method === 'OPTIONS' && origin !== undefined && !allowed) throw refuseOrigin(origin);
}

/** For whoever comes, or is still here, while the gateway ends. */
export function createDrainingError(): GatewayError {
  return new GatewayError('draining', 'The gateway is shutting down.', {
    retryAfter: 1,
    headers: { Connection: 'close' },
  });
}

/**
 * Whoever needs no key must at least be on this machine: the Host that a rebound DNS name or a proxy on the same host
 * brings, and the web pages of others, are refused. Throws 403.
 */
export function checkAnonymous({ incoming, snapshot }: Exchange): void {
  const { headers } = incoming;
  const host = readHeader(headers, 'host') ?? '';
  const origin = readHeader(headers, 'origin');
  // A proxy that writes its own Host still says for whom it calls.
  const proxied = proxyMarks.find((name) => headers[name] !== undefined);
  if (proxied !== undefined) {
    throw new GatewayError(
      'host_not_allowed',
      `Without a key the gateway answers to this machine only, not through a proxy (${proxied}). Declare keys.`,
    );
  }
  if (!isLoopbackHost(host)) {
    throw new GatewayError(
      'host_not_allowed',
      `Without a key the gateway answers to loopback names only, not to "${host.slice(0, 100)}".`,
    );
  }
  if (origin !== undefined) {
    if (!isNamed(origin, snapshot.access) && !isSameOrigin(origin, host)) throw refuseOrigin(origin);
  } else if (
    // Browsers leave Origin out of some requests, but not where they come from; a link that a person follows is none.
    readHeader(headers, 'sec-fetch-site') === 'cross-site' &&
    readHeader(headers, 'sec-fetch-mode') !== 'navigate'
  ) {
    throw refuseOrigin('another site');
  }
}

export const proxyMarks = [
  'x-forwarded-for',
  'forwarded',
  'x-forwarded-host',
  'x-real-ip',
  'cf-connecting-ip',
  'via',
];

/** Nobody needs a key: any credential is ignored, and only this machine may call. */
export function isOpen({ keys, access }: Snapshot): boolean {
  return keys.size === 0 && !access.requireApiKey;
}

/** Answers OPTIONS: headers beside the CORS ones, flat. */
export function renderPreflight({ incoming, route }: Exchange): readonly string[] {
  const methods = [...(route.allow ?? []), 'OPTIONS'].join(', ');
  if (readHeader(incoming.headers, 'origin') === undefined) return ['Allow', methods];
  // `*` would not cover Authorization, so the wanted names are given back.
  const wanted = readHeader(incoming.headers, 'access-control-request-headers');
  return [
    'Access-Control-Allow-Methods',
    methods,
    'Access-Control-Allow-Headers',
    wanted !== undefined && /^[\w\-, ]{1,2000}$/.test(wanted) ? wanted : '*',
    'Access-Control-Max-Age',
    '600',
  ];
}

function refuseOrigin(origin: string): GatewayError {
  return new GatewayError(
    'origin_not_allowed',
    `The origin "${origin.slice(0, 100)}" is not named in server.cors.origins.`,
  );
}

function isNamed(origin: string, { corsOrigins }: Access): boolean {
  return corsOrigins.includes('*') || corsOrigins.includes(origin);
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

const exposed = Object.keys(responseHeaders).join(', ');

function renderCors(origin: string, { corsOrigins }: Access): readonly string[] {
  const allow = corsOrigins.includes('*') ? '*' : origin;
  const vary = allow === '*' ? [] : ['Vary', 'Origin'];
  return ['Access-Control-Allow-Origin', allow, 'Access-Control-Expose-Headers', exposed, ...vary];
}

/** `localhost`, `*.localhost`, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    (name.startsWith('127.') && isIPv4(name))
  );
}
