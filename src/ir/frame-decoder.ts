// The frames of an SSE answer, one JSON object each → a reader of that wire. Plain state, safe at any byte split.
import type { UpstreamFailure } from '../errors.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { createSseReader } from '../lib/sse.ts';
import { brokenAnswer, readInnerFailure } from './failure.ts';

export interface FrameReader {
  read(value: JsonObject): void;
  /** Ends the answer; called once the bytes are at an end, unless the answer is closed. */
  complete(): void;
  fail(failure: UpstreamFailure): void;
  readonly closed: boolean;
}

/** `takes` says whether a frame's data is no JSON but a word of the wire, such as its terminator, and acts on it. */
export function createFrameDecoder(
  reader: FrameReader,
  takes: (data: string) => boolean,
): { push(chunk: Uint8Array): void; end(): void } {
  const frames = createSseReader((data, event) => {
    if (reader.closed || takes(data)) return;
    const value = parseJson(data);
    if (!isObject(value)) reader.fail(brokenAnswer('The upstream sent a frame that is not JSON.'));
    else if (event === 'error')
      reader.fail(readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.'));
    else reader.read(value);
  });
  return {
    push(chunk) {
      if (!reader.closed) guard(() => frames.push(chunk));
    },
    end() {
      guard(() => frames.end());
      if (!reader.closed) reader.complete();
    },
  };

  function guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      reader.fail(brokenAnswer(`The upstream broke the stream: ${error.message}.`));
    }
  }
}
