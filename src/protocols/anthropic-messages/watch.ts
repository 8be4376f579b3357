// Pass-through of a messages answer: bytes go on untouched while the pipe watches for the first token, usage, errors
// and the terminal. Only the two frames that carry usage are parsed.
import type { UpstreamFailure } from '../../errors.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { concatBytes, encodeUtf8, latin1, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import { createFrameCutter, eachFrame, readData } from '../../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep } from '../protocol.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { createUsageMeter } from './usage.ts';

const nothing: PipeStep = { output: [], meaningful: false };
const stopFrame = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

export function createStreamPipe(): AnswerPipe {
  const cutter = createFrameCutter();
  let started = false;
  let finished = false;
  let done = false;
  const meter = createUsageMeter();
  let usage: Usage | undefined;
  let characters = 0;

  function inspect(bytes: Uint8Array, text: string): PipeStep {
    let passed = 0;
    let failure: UpstreamFailure | undefined;
    eachFrame(text, (start, end) => {
      if (done || failure !== undefined) return;
      failure = look(bytes.subarray(start, end));
      if (failure === undefined) passed = end;
    });
    const output = passed === 0 ? [] : [passed === bytes.length ? bytes : bytes.subarray(0, passed)];
    return failure === undefined ? { output, meaningful: started } : { output, meaningful: started, failure };
  }

  function look(frame: Uint8Array): UpstreamFailure | undefined {
    const data = readData(utf8(frame));
    if (data === undefined || data.trim() === '') return undefined;
    const value = parseJson(data);
    if (!isObject(value))
      return started ? undefined : brokenAnswer('The upstream sent a frame that is not JSON.');
    const inner = isObject(value['error']) ? readInnerFailure(value) : undefined;
    if (inner !== undefined) return inner;
    switch (value['type']) {
      case 'message_start':
        report(isObject(value['message']) ? value['message']['usage'] : undefined);
        break;
      case 'content_block_start':
        started ||= isObject(value['content_block']) && value['content_block']['type'] !== 'text';
        break;
      case 'content_block_delta':
        started = true;
        break;
      case 'message_delta':
        started = true;
        finished ||= isObject(value['delta']) && typeof value['delta']['stop_reason'] === 'string';
        report(value['usage']);
        break;
      case 'message_stop':
        done = true;
        break;
    }
    return undefined;
  }

  function report(value: unknown): void {
    usage = meter.read(value) ?? usage;
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
      // Everything was said but the last word; clients need to hear it.
      if (finished) return { output: [...step.output, stopFrame], meaningful: true };
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
    const failure =
      value['type'] === 'error' || isObject(value['error']) ? readInnerFailure(value) : undefined;
    if (failure !== undefined) return { failure };
    if (!Array.isArray(value['content']))
      return { failure: brokenAnswer('The upstream answered without content.') };
    return { usage: createUsageMeter().read(value['usage']), characters: length };
  });
}

// Quotes inside a string are escaped, so that these words only ever meet real members and event lines. They lack their
// first sign, because a search that begins with a quote stops at every member.
function isNotable(text: string): boolean {
  return (
    text.includes('sage"') ||
    text.includes('ssage_stop') ||
    text.includes('rror"') ||
    text.includes('vent: error') ||
    text.includes('vent:error')
  );
}

const deltaFrame = 'event: content_block_delta\ndata: {"index":0,"delta":{"type":"text_delta","text":""}}'
  .length;

/** Rough size of the text inside the deltas, for an estimate where the upstream reports no usage. */
function countDeltas(text: string): number {
  let frames = 0;
  for (let at = text.indexOf('elta":'); at >= 0; at = text.indexOf('elta":', at + 6)) frames++;
  return frames === 0 ? 0 : Math.max(0, text.length - frames * (deltaFrame + 34));
}
