// The body: collected under a limit that counts decompressed bytes while they come, then peeked once.
import type { Transform } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { createInflater, readEncoding, type ContentEncoding } from '../lib/inflate.ts';
import { Deadline, type Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { createDrainingError } from './guard.ts';
import { readHeader, type BodySink, type BodySource } from './incoming.ts';

/**
 * Fills `body`, `peek` and `stream` of the exchange, at once where the body has come already. Throws, or rejects with,
 * GatewayError: 400, 408, 413, 415, or 499 for a lost client.
 */
export function read(gateway: Gateway, exchange: Exchange): Promise<void> | undefined {
  const { incoming, snapshot, route } = exchange;
  const { headers } = incoming;
  checkContentType(readHeader(headers, 'content-type'), route.protocol === 'ollama');
  const encoding = readEncoding(readHeader(headers, 'content-encoding'));
  if (encoding === 'unknown') {
    throw new GatewayError(
      'unsupported_media_type',
      'The Content-Encoding is not gzip, deflate, br or zstd.',
    );
  }
  const limit = snapshot.limits.maxBodySize;
  if (!encoding && Number(readHeader(headers, 'content-length')) > limit) {
    incoming.body.discard();
    throw tooLarge(limit);
  }
  const whole = encoding ? undefined : incoming.body.take();
  if (!whole) {
    const pause = snapshot.timing.bodyTimeout;
    return collect(incoming.body, { limit, encoding, pause, gateway }).then((body) =>
      peekBody(gateway, exchange, body),
    );
  }
  if (whole.length > limit) throw tooLarge(limit);
  peekBody(gateway, exchange, whole);
  return undefined;
}

function peekBody(gateway: Gateway, exchange: Exchange, body: Uint8Array): void {
  const { incoming, snapshot, protocol, route } = exchange;
  exchange.marks.read = gateway.clock.monotonic() - exchange.began;
  exchange.body = body;
  const peek = protocol.peek.request(body, snapshot.limits, incoming);
  exchange.peek = peek;
  // A path that says what to do has said whether to stream.
  const open = route.operation === 'chat' && incoming.verb === undefined && !peek.spans.stream;
  exchange.stream = peek.stream || (open && wantsStream(readHeader(incoming.headers, 'accept')));
}

interface CollectOptions {
  readonly limit: number;
  readonly encoding: ContentEncoding | undefined;
  readonly pause: number;
  readonly gateway: Gateway;
}

function collect(source: BodySource, options: CollectOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    source.start(new Collector(source, options, resolve, reject));
  });
}

class Collector extends Deadline implements BodySink {
  due: number;
  readonly #source: BodySource;
  readonly #options: CollectOptions;
  readonly #deadlines: Deadlines;
  readonly #resolve: (body: Uint8Array) => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #inflater: Transform | undefined;
  #over = false;

  constructor(
    source: BodySource,
    options: CollectOptions,
    resolve: (body: Uint8Array) => void,
    reject: (error: GatewayError) => void,
  ) {
    super();
    this.#source = source;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadlines = options.gateway.deadlines;
    this.due = options.gateway.clock.monotonic() + options.pause;
    this.#deadlines.watch(this);
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return;
    const { encoding, gateway, pause } = this.#options;
    if (this.#size > 0) this.due = gateway.deadlines.recent + pause;
    if (!encoding) {
      this.#keep(chunk);
      return;
    }
    this.#inflater ??= this.#createInflater(encoding, chunk[0] ?? 0);
    if (!this.#inflater.write(chunk)) this.#source.pause();
  }

  onEnd(): void {
    if (this.#over) return;
    if (this.#inflater) this.#inflater.end();
    else this.#finish();
  }

  onAbort(): void {
    this.#fail(new GatewayError('client_closed_request', 'The client went away while it sent the body.'));
  }

  onDue(): void {
    this.#source.discard();
    const seconds = this.#options.pause / 1000;
    this.#fail(
      new GatewayError('request_timeout', `The body paused for more than ${seconds} s.`, {
        headers: { Connection: 'close' },
      }),
    );
  }

  onInterrupt(): void {
    this.#source.discard();
    this.#fail(createDrainingError());
  }

  #keep(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size <= this.#options.limit) {
      this.#chunks.push(chunk);
      return;
    }
    this.#source.discard();
    this.#fail(tooLarge(this.#options.limit));
  }

  #createInflater(encoding: ContentEncoding, first: number): Transform {
    const inflater = createInflater(encoding, first);
    inflater.on('data', (chunk: Uint8Array) => {
      if (!this.#over) this.#keep(chunk);
    });
    inflater.on('drain', () => this.#source.resume());
    inflater.on('end', () => this.#finish());
    inflater.on('error', () => {
      this.#source.discard();
      this.#fail(
        new GatewayError('invalid_body', `The body is not valid ${encoding}.`, { param: 'Content-Encoding' }),
      );
    });
    return inflater;
  }

  #finish(): void {
    if (!this.#release()) return;
    // The only copy of a body, and only of one that came in several pieces.
    this.#resolve(this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#size));
  }

  #fail(error: GatewayError): void {
    if (!this.#release()) return;
    this.#chunks.length = 0;
    this.#inflater?.destroy();
    this.#reject(error);
  }

  #release(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#deadlines.release(this);
    return true;
  }
}

// SDKs of embedded and old clients send no type or text/plain; forms and uploads are somebody else's mistake.
// `lenient`: Ollama's documentation asks with plain `curl -d`, which calls everything a form, and its server reads it.
function checkContentType(value: string | undefined, lenient: boolean): void {
  if (value === undefined || value === 'application/json') return;
  const [type = '', ...parameters] = value.toLowerCase().split(';');
  const name = type.trim();
  if (
    name !== '' &&
    name !== 'text/plain' &&
    name !== 'text/json' &&
    !/^application\/([\w.-]+\+)?json$/.test(name) &&
    !(lenient && name === 'application/x-www-form-urlencoded')
  ) {
    throw new GatewayError('unsupported_media_type', `Send application/json, not "${name.slice(0, 100)}".`, {
      param: 'Content-Type',
    });
  }
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([\w-]+)/.exec(parameter)?.[1])
    .find(Boolean);
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(charset)) {
    throw new GatewayError('unsupported_media_type', `Send the body in UTF-8, not in ${charset}.`, {
      param: 'Content-Type',
    });
  }
}

function wantsStream(accept: string | undefined): boolean {
  return accept !== undefined && accept.includes('text/event-stream');
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'body_too_large',
    `The body is larger than the ${limit} bytes of server.maxBodySize.`,
  );
}
