// Newline-delimited JSON: bytes → lines. Safe at any byte split; LF ends a line, a CR before it belongs to white space.

/** Images inside a line are a few MB; a runaway upstream sends more. */
export const maxLineBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;

export interface LineCutter {
  /** The whole lines that are complete now, as one run of bytes; undefined when there is none yet. Copies only a line
   *  that came in pieces. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** The bytes of a line that never ended. */
  rest(): Uint8Array | undefined;
  /** True once a line has outgrown what the gateway holds; nothing more can be trusted then. */
  readonly overflowed: boolean;
}

export function createLineCutter(limit = maxLineBytes): LineCutter {
  let held: Uint8Array[] = [];
  let size = 0;

  return {
    push(chunk) {
      const cut = chunk.lastIndexOf(lineFeed) + 1;
      if (cut === 0) {
        hold(chunk);
        return undefined;
      }
      const whole = take(cut === chunk.length ? chunk : chunk.subarray(0, cut));
      if (cut < chunk.length) hold(chunk.subarray(cut));
      return whole;
    },
    rest: () => (size === 0 ? undefined : take(new Uint8Array(0))),
    get overflowed() {
      return size > limit;
    },
  };

  function hold(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    held.push(chunk);
    size += chunk.length;
  }

  function take(last: Uint8Array): Uint8Array {
    if (size === 0) return last;
    const whole = Buffer.concat([...held, last]);
    held = [];
    size = 0;
    return whole;
  }
}

export interface LineReader {
  /** Delivers every line that is complete; throws RangeError when one grows past the limit. */
  push(chunk: Uint8Array): void;
  /** Delivers a last line whose end never came. */
  end(): void;
}

/** Lines as text, blank ones left out. */
export function createLineReader(onLine: (line: string) => void, limit = maxLineBytes): LineReader {
  const cutter = createLineCutter(limit);
  let first = true;

  return {
    push(chunk) {
      const whole = cutter.push(chunk);
      if (whole !== undefined) read(whole);
      if (cutter.overflowed) throw new RangeError(`one line is larger than ${limit} bytes`);
    },
    end() {
      const rest = cutter.rest();
      if (rest !== undefined) read(rest);
    },
  };

  function read(bytes: Uint8Array): void {
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (first && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    first = false;
    for (const line of text.split('\n')) if (line.trim() !== '') onLine(line);
  }
}
