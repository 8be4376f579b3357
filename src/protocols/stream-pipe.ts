// Pass-through of a stream of server-sent events: bytes go on untouched, whole frames at a time, while one wire's watcher
// reads the few that say something about the stream itself.
import type { UpstreamFailure } from '../errors.ts';
import { brokenAnswer } from '../ir/failure.ts';
import { concatBytes, encodeUtf8, latin1, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { createFrameCutter, eachFrame, readData, readEvent } from '../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep, WireUsage } from './protocol.ts';

/** What one wire knows about its frames. */
export interface FrameWatcher {
  /** One frame: its JSON, and the name of its event. Answers the failure that it reports. */
  read(value: JsonObject, event: string | undefined): UpstreamFailure | undefined;
  /** Whether a run of frames may hold more than content, judged by its text; asked once content has begun. */
  isNotable(text: string): boolean;
  /** Rough size of the answer's text inside a run of frames. */
  countCharacters(text: string): number;
  /** A frame with content was read: the stream may be committed. */
  readonly started: boolean;
  /** The terminal was read: nothing may follow. */
  readonly done: boolean;
  /** The terminal, where everything but it was said when the bytes ended. */
  lastWord?(): string | undefined;
  usage(): WireUsage | undefined;
}

const nothing: PipeStep = { output: [], meaningful: false };

export function createStreamPipe(watcher: FrameWatcher): AnswerPipe {
  const cutter = createFrameCutter();
  let characters = 0;

  function inspect(bytes: Uint8Array, text: string): PipeStep {
    let passed = 0;
    let failure: UpstreamFailure | undefined;
    eachFrame(text, (start, end) => {
      if (watcher.done || failure !== undefined) return;
      failure = look(bytes.subarray(start, end));
      if (failure === undefined) passed = end;
    });
    const output = passed === 0 ? [] : [passed === bytes.length ? bytes : bytes.subarray(0, passed)];
    const { started: meaningful } = watcher;
    return failure === undefined ? { output, meaningful } : { output, meaningful, failure };
  }

  function look(bytes: Uint8Array): UpstreamFailure | undefined {
    const frame = utf8(bytes);
    const data = readData(frame);
    if (data === undefined || data.trim() === '' || data.trim() === '[DONE]') return undefined;
    const value = parseJson(data);
    if (isObject(value)) return watcher.read(value, readEvent(frame));
    // Before the first token another candidate can still answer; after it the client's own parser complains.
    return watcher.started ? undefined : brokenAnswer('The upstream sent a frame that is not JSON.');
  }

  return {
    push(chunk) {
      if (watcher.done) return nothing;
      const whole = cutter.push(chunk);
      if (cutter.overflowed)
        return { ...nothing, failure: brokenAnswer('The upstream sent a frame that is too large.') };
      if (!whole) return nothing;
      const text = latin1(whole);
      characters += watcher.countCharacters(text);
      return watcher.started && !watcher.isNotable(text)
        ? { output: [whole], meaningful: true }
        : inspect(whole, text);
    },
    end() {
      if (watcher.done) return nothing;
      const rest = cutter.rest();
      // A last frame without its empty line is whole when it is the terminal or a readable finish.
      const last = rest === undefined ? undefined : concatBytes([rest, encodeUtf8('\n\n')]);
      const step = last === undefined ? nothing : inspect(last, latin1(last));
      if (step.failure || watcher.done) return step;
      const word = watcher.lastWord?.();
      if (word !== undefined) return { output: [...step.output, word], meaningful: true };
      const how = watcher.started ? 'cut the stream' : 'answered with an empty stream';
      return { ...nothing, failure: brokenAnswer(`The upstream ${how}.`) };
    },
    usage: watcher.usage,
    outputCharacters: () => characters,
  };
}
