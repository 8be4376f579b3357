// Cuts the bytes of one JSON array into its elements while it arrives: safe at any byte split, parses nothing.
import { concatBytes } from './bytes.ts';

/** An element larger than this is a fault of the sender; images inside one are a few MB. */
const largestElement = 16 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);

export interface ArrayCutter {
  push(chunk: Uint8Array): void;
  /** True once an element has outgrown what the gateway holds, or the bytes are no array of objects. */
  readonly overflowed: boolean;
}

/** `onElement` gets every object of the array, whole. An object that stands there instead of an array counts as one. */
export function createArrayCutter(onElement: (element: Uint8Array) => void): ArrayCutter {
  /** Open braces and brackets of the element. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  let held: Uint8Array[] = [];
  let size = 0;
  let broken = false;

  return {
    push(chunk) {
      let start = depth === 0 ? -1 : 0;
      for (let i = 0; i < chunk.length && !broken; i++) {
        const sign = chunk[i]!;
        if (depth === 0) {
          if (sign === 0x7b) {
            start = i;
            depth = 1;
          } else if (!isBetween(sign)) broken = true;
          continue;
        }
        if (escaped) escaped = false;
        else if (inString) {
          if (sign === BACKSLASH) escaped = true;
          else if (sign === QUOTE) inString = false;
        } else if (sign === QUOTE) inString = true;
        else if (OPEN.has(sign)) depth++;
        else if (CLOSE.has(sign) && --depth === 0) {
          const last = chunk.subarray(start, i + 1);
          const element = held.length === 0 ? last : concatBytes([...held, last]);
          held = [];
          size = 0;
          start = -1;
          onElement(element);
        }
      }
      if (depth > 0 && start >= 0) {
        held.push(chunk.subarray(start));
        size += chunk.length - start;
      }
    },
    get overflowed() {
      return broken || size > largestElement;
    },
  };
}

/** Blanks, commas, the array's own brackets, and the bytes of a byte order mark. */
function isBetween(sign: number): boolean {
  return sign <= 0x20 || sign === 0x2c || sign === 0x5b || sign === 0x5d || sign >= 0xbb;
}
