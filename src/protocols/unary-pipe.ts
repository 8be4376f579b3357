// Pass-through of a whole answer: bytes go on as they come and are kept beside, so that at the end one wire's reader can
// say whether this was an answer at all.
import type { UpstreamFailure } from '../errors.ts';
import { brokenAnswer } from '../ir/failure.ts';
import { concatBytes, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { AnswerPipe, PipeStep, WireUsage } from './protocol.ts';

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

type Read = (body: Uint8Array) => UnaryReading;

/** `read` gets a body that is not empty. */
export function createUnaryPipe(read: Read): AnswerPipe {
  return new UnaryPipe(read);
}

class UnaryPipe implements AnswerPipe {
  readonly #read: Read;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #usage: WireUsage | undefined;
  #characters = 0;

  constructor(read: Read) {
    this.#read = read;
  }

  push(chunk: Uint8Array): PipeStep {
    this.#size += chunk.length;
    if (this.#size <= unaryLimit) this.#chunks.push(chunk);
    else this.#chunks = [];
    return { output: [chunk], meaningful: this.#size > unaryLimit };
  }

  end(): PipeStep {
    if (this.#size > unaryLimit) return { output: [], meaningful: true };
    const reading =
      this.#size === 0
        ? { failure: brokenAnswer('The upstream answered with nothing.') }
        : this.#read(concatBytes(this.#chunks));
    if ('failure' in reading) return { output: [], meaningful: false, failure: reading.failure };
    this.#usage = reading.usage;
    this.#characters = reading.characters;
    return { output: [], meaningful: true };
  }

  usage(): WireUsage | undefined {
    return this.#usage;
  }

  outputCharacters(): number {
    return this.#characters;
  }
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
