// What upstreams do wrong, as scripts in the words of any client protocol.
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { FaultWire } from './fault-wires.ts';
import type { Script, SeenCall } from './upstream.ts';

/** What an upstream does with one call of that protocol, streamed or whole. */
export type Play = (wire: FaultWire, streamed: boolean) => Script;

const json = { 'content-type': 'application/json' };
const eventStream = { 'content-type': 'text/event-stream' };

export function wholeStream({ stream }: FaultWire, text: string): string {
  return stream.opening + stream.token(text) + stream.closing + stream.terminal;
}

function bodyOf(wire: FaultWire, streamed: boolean, text = 'first'): string {
  return streamed ? wholeStream(wire, text) : wire.whole(text);
}

/** The right answer, as asked. */
export const answers: Play = (wire, streamed) => (call) => {
  call.response.writeHead(200, streamed ? eventStream : json).end(bodyOf(wire, streamed));
};

/** An error status with the protocol's own envelope. */
export const refuses =
  (
    status: number,
    type: string,
    message = 'The upstream says no.',
    headers: Readonly<Record<string, string>> = {},
  ): Play =>
  (wire) =>
  ({ response }) =>
    void response.writeHead(status, { ...json, ...headers }).end(wire.error(message, type));

export const page =
  (status: number): Play =>
  () =>
  ({ response }) =>
    void response
      .writeHead(status, { 'content-type': 'text/html' })
      .end('<html><head><title>Sign in</title></head></html>');

/** A 200 of this type with this body. */
export const says =
  (body: (wire: FaultWire, streamed: boolean) => string, type?: string): Play =>
  (wire, streamed) =>
  ({ response }) =>
    void response
      .writeHead(200, type === undefined ? (streamed ? eventStream : json) : { 'content-type': type })
      .end(body(wire, streamed));

export const resetsBeforeHead: Play =
  () =>
  ({ socket }) =>
    void socket.destroy();

export const resetsAfterHead: Play =
  (_wire, streamed) =>
  ({ response, socket }) => {
    response.writeHead(200, streamed ? eventStream : json);
    response.flushHeaders();
    setImmediate(() => socket.destroy());
  };

export const neverAnswers: Play = () => () => undefined;

/** Announces more than it sends. */
export const fallsShort: Play =
  (wire, streamed) =>
  ({ response, socket }) => {
    const body = streamed ? wire.stream.opening : wire.whole('first');
    response.writeHead(200, { ...(streamed ? eventStream : json), 'content-length': body.length + 500 });
    response.write(body, () => socket.destroy());
  };

/** Pieces of a stream, each in a write of its own; then the end, a cut connection, or silence. */
export const streams =
  (pieces: (wire: FaultWire) => readonly string[], then: 'end' | 'cut' | 'stall'): Play =>
  (wire) =>
  async ({ response, socket }) => {
    response.writeHead(200, eventStream);
    response.flushHeaders();
    for (const piece of pieces(wire)) await new Promise((resolve) => response.write(piece, resolve));
    if (then === 'end') response.end();
    // What was written must arrive before the connection breaks.
    if (then === 'cut') setTimeout(() => socket.destroy(), 10);
  };

/** A body that begins and stops. */
export const stallsInBody: Play =
  (wire) =>
  ({ response }) =>
    void response.writeHead(200, json).write(wire.whole('first').slice(0, 20));

export const byteByByte: Play = (wire, streamed) => (call) => {
  call.response.writeHead(200, streamed ? eventStream : json);
  writeBytes(call, Buffer.from(bodyOf(wire, streamed)));
};

const packers = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

/** Compresses although nobody asked. */
export const packs =
  (encoding: keyof typeof packers): Play =>
  (wire, streamed) =>
  ({ response }) =>
    void response
      .writeHead(200, { ...(streamed ? eventStream : json), 'content-encoding': encoding })
      .end(packers[encoding](bodyOf(wire, streamed)));

/** Says that it compresses and does not. */
export const liesAboutPacking: Play =
  (wire, streamed) =>
  ({ response }) =>
    void response
      .writeHead(200, { ...(streamed ? eventStream : json), 'content-encoding': 'gzip' })
      .end(bodyOf(wire, streamed));

function writeBytes({ response }: SeenCall, bytes: Uint8Array): void {
  for (const byte of bytes) response.write(Buffer.of(byte));
  response.end();
}
