// Pass-through of a response: bytes go on untouched while the pipe watches for the first token, usage, errors and the
// terminal. Only frames before the first token and the last one are parsed.
import type { UpstreamFailure } from '../../errors.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { concatBytes, encodeUtf8, latin1, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import { createFrameCutter, eachFrame, readData, readEvent } from '../../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep } from '../protocol.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { isContent, readTerminal } from './events.ts';
import { readFailedResponse } from './finish.ts';
import { decodeUsage } from './usage.ts';

const nothing: PipeStep = { output: [], meaningful: false };

export function createStreamPipe(): AnswerPipe {
  const cutter = createFrameCutter();
  let started = false;
  let done = false;
  let usage: Usage | undefined;
  let characters = 0;

  function inspect(bytes: Uint8Array, text: string): PipeStep {
    let passed = 0;
    let failure: UpstreamFailure | undefined;
    eachFrame(text, (start, end) => {
      // A `[DONE]` behind the terminal is another wire's word.
      if (done || failure !== undefined) return;
      failure = look(text.slice(start, end), bytes.subarray(start, end));
      if (failure === undefined) passed = end;
    });
    const output = passed === 0 ? [] : [passed === bytes.length ? bytes : bytes.subarray(0, passed)];
    return failure === undefined ? { output, meaningful: started } : { output, meaningful: started, failure };
  }

  function look(frame: string, bytes: Uint8Array): UpstreamFailure | undefined {
    const data = readData(frame);
    if (data === undefined || data.trim() === '' || data.trim() === '[DONE]') return undefined;
    const value = parseJson(readData(utf8(bytes)) ?? '');
    if (!isObject(value))
      return started ? undefined : brokenAnswer('The upstream sent a frame that is not JSON.');
    if (value['type'] === 'error' || isObject(value['error']) || readEvent(frame) === 'error')
      return readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.');
    const terminal = readTerminal(value);
    if (terminal === undefined) {
      started ||= isContent(value);
      return undefined;
    }
    usage = decodeUsage(terminal['usage'], terminal['tool_usage']) ?? usage;
    const failure = readFailedResponse(terminal);
    if (failure !== undefined) return failure;
    started = true;
    done = true;
    return undefined;
  }

  return {
    push(chunk) {
      if (done) return nothing;
      const whole = cutter.push(chunk);
      if (cutter.overflowed)
        return { ...nothing, failure: brokenAnswer('The upstream sent a frame that is too large.') };
      if (!whole) return nothing;
      const text = latin1(whole);
      characters += countDeltas(text);
      return started && !isNotable(text) ? { output: [whole], meaningful: true } : inspect(whole, text);
    },
    end() {
      if (done) return nothing;
      const rest = cutter.rest();
      const last = rest === undefined ? undefined : concatBytes([rest, encodeUtf8('\n\n')]);
      const step = last === undefined ? nothing : inspect(last, latin1(last));
      if (step.failure || done) return step;
      return {
        ...nothing,
        failure: brokenAnswer(
          `The upstream ${started ? 'cut the stream' : 'answered with an empty stream'}.`,
        ),
      };
    },
    usage: () => usage,
    outputCharacters: () => characters,
  };
}

/** A whole answer: kept until it is known to be sound, passed on as it comes when it is larger than that. */
export function createUnaryPipe(): AnswerPipe {
  return createJsonPipe((value, { length }) => {
    const failure = readFailedResponse(value);
    if (failure !== undefined) return { failure };
    if (!Array.isArray(value['output']) && !isOther(value['object']))
      return { failure: brokenAnswer('The upstream answered without output.') };
    return { usage: decodeUsage(value['usage'], value['tool_usage']), characters: length };
  });
}

/** What the sub-paths answer (`response.input_tokens`). */
function isOther(object: unknown): boolean {
  return typeof object === 'string' && object.startsWith('response.');
}

// Quotes inside a string are escaped, so that these words only ever meet real members and event lines. They lack their
// first sign, because a search that begins with a quote stops at every member.
function isNotable(text: string): boolean {
  return (
    text.includes('esponse.completed"') ||
    text.includes('esponse.incomplete"') ||
    text.includes('esponse.failed"') ||
    text.includes('esponse.cancelled"') ||
    text.includes('rror"') ||
    text.includes('vent: error') ||
    text.includes('vent:error')
  );
}

/** Rough size of the text inside the deltas, for an estimate where the upstream reports no usage. */
function countDeltas(text: string): number {
  let characters = 0;
  for (let at = text.indexOf('elta":"'); at >= 0; at = text.indexOf('elta":"', at + 7)) {
    const end = text.indexOf('"', at + 7);
    if (end > at) characters += end - at - 7;
  }
  return characters;
}
