// A whole gateway on a free port over a hand-made snapshot, and a client that can call it through both lanes.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { assembleSnapshot, type SnapshotParts } from '../../src/routing/assemble.ts';
import type { Ledger, UsageRow } from '../../src/routing/ports.ts';
import { createSnapshotRef, type ResilienceProfile } from '../../src/routing/snapshot.ts';
import { createServer, type RunningServer } from '../../src/server/compose.ts';
import { copyRow } from '../../src/state/batch.ts';
import { makeEndpoint, makeProvider, profile } from './routing.ts';

export const lanes = ['node', 'web'] as const;

export type Lane = (typeof lanes)[number];

export interface Rig {
  readonly server: RunningServer;
  readonly rows: UsageRow[];
  /** Faults that the gateway reported of itself; a test that leaves one here fails in `close`. */
  readonly faults: unknown[];
  ask(lane: Lane, call: Call): Promise<Answer>;
  close(): Promise<void>;
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The answer did not come to its proper end. */
  readonly broken: boolean;
}

export function createMemoryLedger(rows: UsageRow[]): Ledger {
  return {
    append: (row) => void rows.push(copyRow(row)),
    flush: async () => {},
    close: async () => {},
    dropped: 0,
  };
}

export async function startRig(parts: SnapshotParts, replace: Partial<Gateway> = {}): Promise<Rig> {
  const rows: UsageRow[] = [];
  const faults: unknown[] = [];
  const server = await createServer({
    snapshots: createSnapshotRef(assembleSnapshot({ revision: 'abc123abc123', ...parts })),
    secrets: { read: (reference) => `secret-of-${reference.name}`, epoch: 3 },
    ledger: createMemoryLedger(rows),
    report: (error) => void faults.push(error),
    listen: { host: '127.0.0.1', port: 0 },
    ...replace,
  });
  return {
    server,
    rows,
    faults,
    ask: (lane, call) => (lane === 'node' ? askSocket(server.url, call) : askFetch(server, call)),
    close: async () => {
      await server.close();
      if (faults.length > 0) throw new AggregateError(faults, 'the gateway reported faults of its own');
    },
  };
}

/** A provider at this URL; `numbers` change its profile. */
export function providerAt(id: string, baseUrl: string, numbers: Partial<ResilienceProfile> = {}) {
  return makeProvider(id, { endpoints: [makeEndpoint({ baseUrl })], profile: { ...profile, ...numbers } });
}

export const chat = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Say hello' }],
  ...more,
});

function serialize({ body, headers = {} }: Call): {
  readonly payload?: string | Buffer;
  readonly headers: Record<string, string>;
} {
  if (body === undefined) return { headers };
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return { payload, headers: { 'content-type': 'application/json', ...headers } };
}

/** One call over a socket of its own, so that nothing stays open. */
export function askSocket(url: string, call: Call): Promise<Answer> {
  const { payload, headers } = serialize(call);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(
    `${url}${call.path ?? '/v1/chat/completions'}`,
    { method: call.method ?? 'POST', headers, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      const settle = (broken: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
          broken,
        });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => settle(false));
      response.on('error', () => settle(true));
    },
  );
  request.on('error', reject);
  request.end(payload);
  return promise;
}

export async function askFetch(server: RunningServer, call: Call): Promise<Answer> {
  const { payload, headers } = serialize(call);
  const method = call.method ?? 'POST';
  const response = await server.fetch(
    new Request(`http://127.0.0.1${call.path ?? '/v1/chat/completions'}`, {
      method,
      headers,
      ...(payload === undefined ? {} : { body: payload }),
    }),
  );
  const chunks: Uint8Array[] = [];
  let broken = false;
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
  } catch {
    broken = true;
  }
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: Buffer.concat(chunks).toString(),
    broken,
  };
}
