// The fault table, every row for every pair of client and upstream protocol that this build speaks, streamed and whole:
// who is tried next, what the client sees, what the world learns, what is recorded and billed.
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { createDeadlines } from '../../src/gateway/deadlines.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { findProtocol } from '../../src/protocols/registry.ts';
import { faultTable, type FaultPlace, type FaultRow } from '../support/fault-table.ts';
import { wholeStream } from '../support/fault-scripts.ts';
import { faultWires, reported, type FaultWire } from '../support/fault-wires.ts';
import { startRig, type Answer, type Rig } from '../support/gateway.ts';
import type { ResilienceProfile } from '../../src/routing/snapshot.ts';
import { makeCombo, makeProvider, makeTarget, profile } from '../support/routing.ts';
import {
  findClosedPort,
  startUpstream,
  type Script,
  type SeenCall,
  type Upstream,
} from '../support/upstream.ts';

/** Each place and the numbers in which its profile differs. */
const numbers: Readonly<Record<FaultPlace, Partial<ResilienceProfile>>> = {
  plain: {},
  closed: {},
  unresolvable: {},
  'no-tls': {},
  'silent-tls': { connectTimeout: 60 },
  hasty: { totalTimeout: 100 },
  impatient: { firstTokenTimeout: 100 },
  restless: { idleTimeout: 250 },
  'on-overflow': {},
  'on-policy': {},
};
const places = Object.keys(numbers) as FaultPlace[];

/** Rests are stretched by nothing, so that the table can name them. */
const random = () => 0;
const price: Gateway['price'] = (_prices, { input = 0, output = 0 }) => input * 10 + output * 100;
const wholePrice = reported.input * 10 + reported.output * 100;

let first: Upstream;
let second: Upstream;
let closedPort: string;
let silent: Server;
const silentSockets = new Set<Socket>();

beforeAll(async () => {
  first = await startUpstream();
  second = await startUpstream();
  closedPort = await findClosedPort();
  silent = createTcpServer((socket) => {
    silentSockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  for (const socket of silentSockets) socket.destroy();
  await Promise.all([first.close(), second.close(), new Promise((resolve) => silent.close(resolve))]);
});

function originOf(place: FaultPlace): string {
  const origin = new URL(first.baseUrl).origin;
  switch (place) {
    case 'closed':
      return new URL(closedPort).origin;
    case 'unresolvable':
      return 'http://no-such-host.invalid';
    case 'no-tls':
      return origin.replace('http:', 'https:');
    case 'silent-tls':
      return `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    default:
      return origin;
  }
}

function startFor(wire: FaultWire): Promise<Rig> {
  const provide = (id: string, origin: string, more: Partial<ResilienceProfile> = {}) =>
    makeProvider(id, {
      endpoints: [wire.endpoint(origin)],
      profile: { ...profile, commitAfter: 60_000, ...more },
    });
  return startRig(
    {
      providers: [
        ...places.map((place) => provide(place, originOf(place), numbers[place])),
        provide('second', new URL(second.baseUrl).origin),
      ],
      combos: places.map((place) => {
        const name = `pair-${place}`;
        const target = `${place}/m`;
        if (place === 'on-overflow')
          return { ...makeCombo(name, 'priority', [target]), onContextOverflow: [makeTarget('second/m')] };
        if (place === 'on-policy')
          return { ...makeCombo(name, 'priority', [target]), onContentPolicy: [makeTarget('second/m')] };
        return makeCombo(name, 'priority', [target, 'second/m']);
      }),
    },
    { random, price, deadlines: createDeadlines(systemClock, systemTimers, 10) },
  );
}

const modesOf = ({ only }: FaultRow) => (only === undefined ? (['whole', 'streamed'] as const) : [only]);

const isCodec = ({ name }: FaultWire): boolean => findProtocol(name)?.codec !== undefined;

/** Every client over an upstream of its own protocol, and of every other one, where the fault is translated too. */
const pairs = faultWires.flatMap((wire) =>
  faultWires
    .filter((upstream) => upstream === wire || (isCodec(upstream) && isCodec(wire)))
    .map((upstream) => ({ wire, upstream, title: `${wire.name} over ${upstream.name}` })),
);
/** Where the call does not even arrive, or nothing comes back, there is nothing to translate. */
const rowsOf = (wire: FaultWire, upstream: FaultWire) =>
  faultTable.filter(
    ({ group, place = 'plain', needsFinish }) =>
      (wire === upstream || (group !== 'Connection' && !place.startsWith('rest'))) &&
      !(needsFinish && upstream.stream.saysFinish === false),
  );

describe.each(pairs)('$title', ({ wire, upstream }) => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFor(upstream);
  });
  afterAll(() => rig.close());
  beforeEach(() => {
    forget();
    const call: Script = (seen) => answersAs('second')(upstream, isStreamed(seen))(seen);
    second.play(call);
    second.calls.length = 0;
    first.calls.length = 0;
  });

  const ask = (model: string, streamed: boolean) =>
    rig.ask('node', { path: wire.path(model, streamed), body: wire.ask(model, streamed) });

  function forget(): void {
    rig.rows.length = 0;
    const { world } = rig.server.gateway;
    for (const id of [...places, 'second']) {
      world.record({ kind: 'account-cleared', connection: `${id}@default` }, Date.now());
      world.record({ kind: 'target-cleared', target: `${id}/m` }, Date.now());
    }
  }

  describe.each(rowsOf(wire, upstream))('$fault', (row) => {
    const { place = 'plain' } = row;

    it.each(modesOf(row))('%s', async (mode) => {
      const streamed = mode === 'streamed';
      first.play(row.play(upstream, streamed));
      const before = Date.now();
      const answer = await ask(`pair-${place}`, streamed);
      expectSeen(row, wire, answer);
      expectRecorded(row, rig, place);
      expectLearned(row, rig, place, before);
      if (row.outcome !== 'next') return;
      // Nobody else is left: the client learns the upstream's own words in the envelope of its protocol.
      forget();
      const alone = await ask(`${place}/m`, streamed);
      expect(alone.status).toBe(row.status?.[wire.name]);
      expect(alone.broken).toBe(false);
      expect(wire.readError(alone)).toBeTruthy();
      expect(alone.text).not.toMatch(/127\.0\.0\.1|<html|ECONN|\.ts:/);
      expect(rig.rows).toHaveLength(1);
      expect(rig.rows[0]).toMatchObject({ provider: null, tokens: {}, cost: null });
    });
  });

  function expectSeen(row: FaultRow, { stream }: FaultWire, answer: Answer): void {
    const text = wire.read(answer);
    switch (row.outcome) {
      case 'answer':
        expect(answer).toMatchObject({ status: 200, broken: false });
        expect(text).toBe('first');
        expect(second.calls).toHaveLength(0);
        if (row.only === 'streamed') expect(answer.text.split(stream.mark)).toHaveLength(2);
        break;
      case 'next':
        expect(answer).toMatchObject({ status: 200, broken: false });
        expect(text).toBe('second');
        expect(answer.headers['x-omniroute-provider']).toBe('second');
        expect(answer.headers['x-omniroute-attempts']).toBe('2');
        break;
      case 'refused':
        expect(answer).toMatchObject({ status: row.status?.[wire.name], broken: false });
        expect(wire.readError(answer)).toBeTruthy();
        expect(second.calls).toHaveLength(0);
        break;
      case 'broken':
        expect(answer).toMatchObject({ status: 200, broken: true });
        expect(text).toBe('Hello');
        expect(wire.readError(answer)).toBeTruthy();
        expect(answer.text).not.toContain(stream.mark);
        expect(second.calls).toHaveLength(0);
    }
  }
});

function isStreamed({ path, body }: SeenCall): boolean {
  return (JSON.parse(body) as { stream?: boolean }).stream ?? path.includes(':stream');
}

const answersAs = (text: string) => (wire: FaultWire, streamed: boolean) => {
  const script: Script = (call) =>
    streamed
      ? void call.response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(wholeStream(wire, text))
      : void call.response.writeHead(200, { 'content-type': 'application/json' }).end(wire.whole(text));
  return script;
};

function expectRecorded(row: FaultRow, rig: Rig, place: FaultPlace): void {
  expect(rig.rows).toHaveLength(1);
  const record = rig.rows[0]!;
  const attempts = JSON.parse(record.attempts) as { target: string; class?: string }[];
  const failed = { target: `${place}/m`, class: row.class };
  switch (row.outcome) {
    case 'answer':
      expect(attempts).toMatchObject([{ target: `${place}/m`, status: 200 }]);
      expect(record).toMatchObject({ provider: place, estimated: false, errorCode: null, cost: wholePrice });
      expect(record.tokens).toMatchObject(reported);
      break;
    case 'next':
      expect(attempts).toMatchObject([failed, { target: 'second/m', status: 200 }]);
      expect(record).toMatchObject({ status: 200, provider: 'second', estimated: false, errorCode: null });
      expect(record.cost).toBe(wholePrice);
      expect(record.tokens).toMatchObject(reported);
      break;
    case 'refused':
      expect(attempts).toMatchObject([failed]);
      expect(record).toMatchObject({ provider: null, tokens: {}, cost: null });
      expect(record.errorCode).toMatch(/^upstream_/);
      break;
    case 'broken':
      // What was delivered is settled, once: by what the upstream reported, else by an estimate.
      expect(attempts).toMatchObject([failed]);
      expect(record).toMatchObject({ status: 200, provider: place });
      expect(record.errorCode).toMatch(/^upstream_/);
      expect(record.tokens.output).toBeGreaterThan(0);
      expect(record.cost).toBe(price(undefined, record.tokens, 0));
  }
}

function expectLearned(row: FaultRow, rig: Rig, place: FaultPlace, before: number): void {
  const { world } = rig.server.gateway;
  const now = Date.now();
  const report = world.report(now);
  const key = `${place}@default`;
  expect(report.inFlight).toEqual({});
  expect(report.breakers.map(({ id, failures }) => [id, failures])).toEqual(
    row.counts === true
      ? [
          [`${place}/m`, 1],
          [key, 1],
        ].sort()
      : [],
  );
  if (row.rests === undefined) {
    expect(report.cooldowns).toEqual([]);
    return;
  }
  expect(report.cooldowns).toHaveLength(1);
  const [rest] = report.cooldowns;
  expect(rest).toMatchObject({ connection: key, class: row.class, level: 1 });
  expect(rest!.model).toBe(row.rests === 'model' ? 'm' : undefined);
  if (row.rest === 'operator') expect(rest!.until).toBeUndefined();
  if (typeof row.rest !== 'number') return;
  expect(rest!.until).toBeGreaterThanOrEqual(before + row.rest);
  expect(rest!.until).toBeLessThanOrEqual(now + row.rest);
}
