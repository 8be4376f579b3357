// Lines into a file descriptor, in portions: a write for every line would cost more than making it. Lines are encoded
// straight into the bytes of the next portion, so that nothing is joined, measured or copied later.
import { write, writeSync } from 'node:fs';

export interface Portions {
  /** One line or several; they stay together. */
  write(lines: string): void;
  /** Asks for what `rest` hands over, at the latest when the period ends. */
  expect(): void;
  /** Writes at once what is still in memory. Never throws. */
  flush(): void;
}

export interface PortionOptions {
  /** Bytes of a portion. */
  readonly size?: number;
  /** Milliseconds until a portion goes out that is smaller. */
  readonly period?: number;
  /** Bytes that wait for a reader; lines beyond are dropped. */
  readonly limit?: number;
  /** Called before a portion goes out that is not full: writes what its owner has kept back so far. */
  readonly rest?: () => void;
}

/** Milliseconds until a full pipe is tried again. */
const pause = 50;

export function createPortions(
  descriptor: number,
  { size = 64 * 1024, period = 200, limit = 16 * 1024 * 1024, rest = () => undefined }: PortionOptions = {},
): Portions {
  /** Whole portions, oldest first; the first one is being written while `busy`. */
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let busy = false;
  let current = Buffer.allocUnsafeSlow(size);
  let used = 0;
  let timer: NodeJS.Timeout | undefined;

  const close = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (used === 0) return;
    waiting.push(current.subarray(0, used));
    waitingBytes += used;
    current = Buffer.allocUnsafeSlow(size);
    used = 0;
  };
  const drop = (bytes: number): void => {
    waitingBytes -= bytes;
    const first = waiting[0]!;
    if (bytes < first.length) waiting[0] = first.subarray(bytes);
    else waiting.shift();
  };
  const pump = (): void => {
    const first = waiting[0];
    if (busy || !first) return;
    busy = true;
    write(descriptor, first, (error, written) => {
      busy = false;
      if (error && isFull(error)) {
        setTimeout(pump, pause).unref();
        return;
      }
      // Another error does not go away: the portion is given up.
      drop(error ? first.length : written);
      pump();
    });
  };
  const push = (): void => {
    close();
    pump();
  };
  const expect = (): void => {
    timer ??= setTimeout(() => {
      rest();
      push();
    }, period).unref();
  };

  return {
    expect,
    write: (lines) => {
      // A character takes one byte as a rule and three at most.
      if (used + lines.length > size) push();
      if (waitingBytes + lines.length > limit) return;
      const written = current.write(lines, used);
      // Only where the room has run out may something be missing: a character is written whole or not at all.
      if (used + written <= size - 4 || written === Buffer.byteLength(lines)) {
        used += written;
        expect();
        return;
      }
      close();
      const alone = Buffer.from(lines);
      waiting.push(alone);
      waitingBytes += alone.length;
      pump();
    },
    flush: () => {
      rest();
      close();
      // What is on its way already must not be written twice.
      const onItsWay = busy ? waiting.splice(0, 1) : [];
      try {
        while (waiting[0]) drop(writeSync(descriptor, waiting[0]));
      } catch {
        // Nobody reads any more.
      }
      waiting.unshift(...onItsWay);
    },
  };
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN' || code === 'EBUSY';
}
