// The simulator as an undici Dispatcher: the transport talks to it exactly as to a real origin, without a socket.
import { errors, Dispatcher } from 'undici';
import type { CancelTimer, Timers } from '../../lib/timers.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { Player } from './player.ts';
import { createPlayer } from './player.ts';
import type { Sandbox } from './simulator.ts';

/** Undici's own defaults for the two timeouts, in milliseconds. */
const defaultTimeout = 300_000;

/**
 * Honours what the real client honours: pause, resume and abort of the controller, `headersTimeout`, `bodyTimeout`,
 * close and destroy. Errors are undici's own classes, so that callers see no difference.
 */
export class SandboxDispatcher extends Dispatcher {
  readonly sandbox: Sandbox;
  readonly #timers: Timers;
  readonly #calls = new Set<SandboxCall>();
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(sandbox: Sandbox, timers: Timers = systemTimers) {
    super();
    this.sandbox = sandbox;
    this.#timers = timers;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call = new SandboxCall(this.sandbox, this.#timers, options, handler, () => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    });
    if (this.#closed) {
      call.abort(new errors.ClientClosedError());
      return true;
    }
    this.#calls.add(call);
    call.start();
    return true;
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    this.#closed = true;
    if (!callback) return new Promise((resolve) => this.#whenIdle(resolve));
    this.#whenIdle(callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | void {
    this.#closed = true;
    const callback = typeof first === 'function' ? first : second;
    const error = first instanceof Error ? first : new errors.ClientDestroyedError();
    for (const call of this.#calls) call.abort(error);
    if (!callback) return Promise.resolve();
    queueMicrotask(callback);
  }

  #whenIdle(run: () => void): void {
    if (this.#calls.size === 0) queueMicrotask(run);
    else this.#idle.push(run);
  }
}

/** One dispatched request, and the controller that undici's handlers expect. */
class SandboxCall implements Dispatcher.DispatchController {
  rawHeaders: string[] | null = null;
  rawTrailers: string[] | null = null;
  paused = false;
  reason: Error | null = null;
  readonly #sandbox: Sandbox;
  readonly #timers: Timers;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #onDone: () => void;
  #done = false;
  #player: Player | undefined;
  #cancelTimeout: CancelTimer | undefined;

  constructor(
    sandbox: Sandbox,
    timers: Timers,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    onDone: () => void,
  ) {
    this.#sandbox = sandbox;
    this.#timers = timers;
    this.#options = options;
    this.#handler = handler;
    this.#onDone = onDone;
  }

  get aborted(): boolean {
    return this.reason !== null;
  }

  start(): void {
    this.#handler.onRequestStart?.(this, null);
    if (this.#done) return;
    const { body } = this.#options;
    if (body === null || body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      // A real socket never answers inside dispatch(); neither does the simulator.
      queueMicrotask(() => this.#answer(Buffer.from(body ?? '')));
    } else {
      collect(body).then(
        (bytes) => this.#answer(bytes),
        (error: unknown) => this.abort(error instanceof Error ? error : new Error(String(error))),
      );
    }
  }

  pause(): void {
    this.paused = true;
    this.#player?.pause();
    this.#cancelTimeout?.();
  }

  resume(): void {
    if (!this.paused || this.#done) return;
    this.paused = false;
    this.#watchBody();
    this.#player?.resume();
  }

  abort(reason: Error): void {
    if (this.#done) return;
    this.reason = reason;
    this.#finish();
    this.#handler.onResponseError?.(this, reason);
  }

  #answer(body: Uint8Array): void {
    if (this.#done) return;
    this.#handler.onRequestSent?.();
    const steps = this.#sandbox.answer({
      method: this.#options.method,
      path: withQuery(this.#options.path, this.#options.query),
      headers: flattenHeaders(this.#options.headers),
      body,
    });
    const sink = {
      onHead: (status: number, head: Readonly<Record<string, string>>) => {
        this.rawHeaders = Object.entries(head).flat();
        this.#watchBody();
        this.#handler.onResponseStart?.(this, status, { ...head });
      },
      onData: (bytes: Uint8Array) => {
        this.#watchBody();
        this.#handler.onResponseData?.(this, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      },
      onEnd: () => {
        this.#finish();
        this.#handler.onResponseEnd?.(this, {});
      },
      onCut: () => this.abort(new errors.SocketError('other side closed')),
    };
    this.#player = createPlayer(steps, sink, this.#timers);
    this.#watch(this.#options.headersTimeout ?? defaultTimeout, () => new errors.HeadersTimeoutError());
    this.#player.resume();
  }

  #watchBody(): void {
    if (this.paused || this.#done) return;
    this.#watch(this.#options.bodyTimeout ?? defaultTimeout, () => new errors.BodyTimeoutError());
  }

  /** Restarts the one timeout that runs; 0 switches it off. */
  #watch(milliseconds: number, error: () => Error): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout =
      milliseconds > 0 ? this.#timers.after(milliseconds, () => this.abort(error())) : undefined;
  }

  #finish(): void {
    this.#done = true;
    this.#player?.stop();
    this.#cancelTimeout?.();
    this.#onDone();
  }
}

async function collect(body: unknown): Promise<Uint8Array> {
  if (
    typeof body !== 'object' ||
    body === null ||
    !(Symbol.asyncIterator in body || Symbol.iterator in body)
  ) {
    throw new errors.InvalidArgumentError('the sandbox takes a body of text, bytes, or an iterable of them');
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<unknown>) {
    pieces.push(
      typeof piece === 'string' || piece instanceof Uint8Array
        ? Buffer.from(piece)
        : Buffer.from(String(piece)),
    );
  }
  return Buffer.concat(pieces);
}

/** The forms in which undici takes headers → one record with lower-case names. */
function flattenHeaders(headers: Dispatcher.DispatchOptions['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  const put = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  };
  if (!headers) return flat;
  if (Array.isArray(headers)) {
    for (let index = 0; index < headers.length; index += 2) put(String(headers[index]), headers[index + 1]);
  } else if (Symbol.iterator in headers) {
    for (const [name, value] of headers) put(name, value);
  } else {
    for (const [name, value] of Object.entries(headers)) put(name, value);
  }
  return flat;
}

function withQuery(path: string, query: Record<string, unknown> | undefined): string {
  if (!query) return path;
  const texts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return `${path}?${new URLSearchParams(texts).toString()}`;
}
