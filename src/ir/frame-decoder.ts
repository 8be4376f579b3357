// The frames of a streamed answer, one JSON object each, as server-sent events or as lines → a reader of that wire. Plain
// state, safe at any byte split.
import type { UpstreamFailure } from '../errors.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { createLineReader } from '../lib/ndjson.ts';
import { createSseReader } from '../lib/sse.ts';
import { brokenAnswer, readInnerFailure } from './failure.ts';

interface ByteReader {
  push(chunk: Uint8Array): void;
  end(): void;
}

export interface FrameReader {
  read(value: JsonObject): void;
  /** Ends the answer; called once the bytes are at an end, unless the answer is closed. */
  complete(): void;
  fail(failure: UpstreamFailure): void;
  readonly closed: boolean;
}

/** `takes` says whether a frame's data is no JSON but a word of the wire, such as its terminator, and acts on it. */
export function createFrameDecoder(reader: FrameReader, takes: (data: string) => boolean): ByteReader {
  const frames = createSseReader((data, event) => {
    if (reader.closed || takes(data)) return;
    const value = parseJson(data);
    if (!isObject(value)) reader.fail(brokenAnswer('The upstream sent a frame that is not JSON.'));
    else if (event === 'error')
      reader.fail(readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.'));
    else reader.read(value);
  });
  return guard(reader, frames);
}

/** One JSON object a line. */
export function createLineDecoder(reader: FrameReader): ByteReader {
  const lines = createLineReader((line) => {
    if (reader.closed) return;
    const value = parseJson(line);
    if (isObject(value)) reader.read(value);
    else reader.fail(brokenAnswer('The upstream sent a line that is not JSON.'));
  });
  return guard(reader, lines);
}

/** What outgrows its limit ends the answer as a failure. */
function guard(reader: FrameReader, bytes: ByteReader): ByteReader {
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      reader.fail(brokenAnswer(`The upstream broke the stream: ${error.message}.`));
    }
  };
  return {
    push(chunk) {
      if (!reader.closed) attempt(() => bytes.push(chunk));
    },
    end() {
      attempt(() => bytes.end());
      if (!reader.closed) reader.complete();
    },
  };
}
