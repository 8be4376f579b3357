// Pass-through of a whole answer: bytes go on as they come and are kept beside, so that at the end one wire's reader can
// say whether this was an answer at all.
import type { UpstreamFailure } from '../errors.ts';
import { brokenAnswer } from '../ir/failure.ts';
import { concatBytes, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { AnswerPipe, WireUsage } from './protocol.ts';

/** What a complete body turns out to be: a failure, or an answer. */
export type UnaryReading =
  | { readonly failure: UpstreamFailure }
  | {
      readonly usage: WireUsage | undefined;
      /** Rough size of its text, for an estimate where usage is missing. */
      readonly characters: number;
    };

/** Bytes up to which an answer is kept; what is larger has said something and passes unread. */
const unaryLimit = 1024 * 1024;

/** `read` gets a body that is not empty. */
export function createUnaryPipe(read: (body: Uint8Array) => UnaryReading): AnswerPipe {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let usage: WireUsage | undefined;
  let characters = 0;
  return {
    push(chunk) {
      size += chunk.length;
      if (size <= unaryLimit) chunks.push(chunk);
      else chunks = [];
      return { output: [chunk], meaningful: size > unaryLimit };
    },
    end() {
      if (size > unaryLimit) return { output: [], meaningful: true };
      const reading =
        size === 0
          ? { failure: brokenAnswer('The upstream answered with nothing.') }
          : read(concatBytes(chunks));
      if ('failure' in reading) return { output: [], meaningful: false, failure: reading.failure };
      ({ usage, characters } = reading);
      return { output: [], meaningful: true };
    },
    usage: () => usage,
    outputCharacters: () => characters,
  };
}

/** The same for wires whose answers are parsed anyway: `read` gets the object, and the body that it was read from. */
export function createJsonPipe(read: (value: JsonObject, body: Uint8Array) => UnaryReading): AnswerPipe {
  return createUnaryPipe((body) => {
    const value = parseJson(utf8(body));
    return isObject(value)
      ? read(value, body)
      : { failure: brokenAnswer('The upstream answered with broken JSON.') };
  });
}
