// Cuts a byte stream at the borders of server-sent events: whole frames go on at once, the unfinished rest is held.
// Bytes are not decoded and, as long as frames arrive whole, not copied.

/** A frame larger than this is a fault of the sender; images inside a frame are a few MB. */
const largestFrame = 16 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

export interface FrameCutter {
  /** The whole frames that are complete now, as one run of bytes; undefined when there is none yet. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** The bytes of a frame that never ended. */
  rest(): Uint8Array | undefined;
  /** True once a frame has outgrown what the gateway holds; nothing more can be trusted then. */
  readonly overflowed: boolean;
}

export function createFrameCutter(): FrameCutter {
  let held: Uint8Array[] = [];
  let size = 0;
  /** The last bytes held, because a border may lie across two chunks. */
  let edge: Uint8Array = new Uint8Array(0);

  const hold = (chunk: Uint8Array): void => {
    if (chunk.length === 0) return;
    held.push(chunk);
    size += chunk.length;
    edge = chunk.length >= 3 ? chunk.subarray(-3) : Buffer.concat([edge, chunk]).subarray(-3);
  };
  const take = (last: Uint8Array): Uint8Array => {
    if (held.length === 0) return last;
    const whole = Buffer.concat([...held, last]);
    held = [];
    size = 0;
    edge = new Uint8Array(0);
    return whole;
  };
  return {
    push(chunk) {
      const border = findLastBorder(chunk) || (size === 0 ? 0 : findBorderAcross(edge, chunk));
      if (border === 0) {
        hold(chunk);
        return undefined;
      }
      if (border === chunk.length) return take(chunk);
      const whole = take(chunk.subarray(0, border));
      hold(chunk.subarray(border));
      return whole;
    },
    rest: () => (size === 0 ? undefined : take(new Uint8Array(0))),
    get overflowed() {
      return size > largestFrame;
    },
  };
}

/** Offset behind the last empty line of `bytes`, 0 when there is none. */
function findLastBorder(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i > 0; i--) {
    const sign = bytes[i]!;
    if (sign !== LF && sign !== CR) continue;
    const before = bytes[i - 1]!;
    // After CR LF CR the LF may still come; it then stands in front of the next frame, where it means nothing.
    if (before === sign || (sign === CR && before === LF)) return i + 1;
    // CR LF is one line end: look at what stands in front of the pair.
    if (sign === LF && before === CR && i > 1 && (bytes[i - 2] === LF || bytes[i - 2] === CR)) return i + 1;
  }
  return 0;
}

function findBorderAcross(edge: Uint8Array, chunk: Uint8Array): number {
  for (let length = Math.min(3, chunk.length); length > 0; length--) {
    const joined = Buffer.concat([edge, chunk.subarray(0, length)]);
    if (findLastBorder(joined) === joined.length) return length;
  }
  return 0;
}

/**
 * Offsets of the frames inside whole frames: `visit(start, end)` for each, the empty line that ends it included.
 * `text` is the Latin-1 view of the bytes, so that offsets are the same in both.
 */
export function eachFrame(text: string, visit: (start: number, end: number) => void): void {
  let start = 0;
  let line = 0;
  let lf = text.indexOf('\n');
  let cr = text.indexOf('\r');
  while (lf >= 0 || cr >= 0) {
    const end = lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
    const empty = end === line;
    line = end === cr && lf === cr + 1 ? end + 2 : end + 1;
    if (empty) {
      visit(start, line);
      start = line;
    }
    if (lf >= 0 && lf < line) lf = text.indexOf('\n', line);
    if (cr >= 0 && cr < line) cr = text.indexOf('\r', line);
  }
  if (start < text.length) visit(start, text.length);
}

/** The `data:` lines of one frame, joined by newlines; undefined for comments and frames without data. */
export function readData(frame: string): string | undefined {
  // Nearly every frame is one line.
  if (frame.startsWith('data:')) {
    const end = frame.search(/[\r\n]/);
    const rest = end < 0 ? '' : frame.slice(end);
    if (!rest.includes('data:')) return trimField(end < 0 ? frame.slice(5) : frame.slice(5, end));
  }
  let data: string | undefined;
  for (const line of frame.replace(/^\uFEFF|^\u00EF\u00BB\u00BF/, '').split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue;
    const value = trimField(line.slice(5));
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data;
}

/** The event name of one frame, where it has one. */
export function readEvent(frame: string): string | undefined {
  const match = /^event:[ ]?([^\r\n]*)/m.exec(frame);
  return match?.[1];
}

function trimField(value: string): string {
  return value.startsWith(' ') ? value.slice(1) : value;
}
