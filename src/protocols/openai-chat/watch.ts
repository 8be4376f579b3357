// Pass-through of a chat answer: bytes go on untouched while the pipe watches for the first token, usage, errors and
// the terminal. Nothing is parsed on the way of a healthy answer.
import type { UpstreamFailure } from '../../errors.ts';
import { readInnerFailure } from '../../ir/failure.ts';
import { concatBytes, encodeLatin1, encodeUtf8, latin1, utf8 } from '../../lib/bytes.ts';
import { prepareKeys, scanObject, typeAt, type JsonSpans } from '../../lib/json-scan.ts';
import { parseJson } from '../../lib/json.ts';
import { createFrameCutter, eachFrame, readData, readEvent } from '../../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep, WireUsage } from '../protocol.ts';
import { createUnaryPipe as pipeUnary } from '../unary-pipe.ts';
import { readUsage } from './usage.ts';

const keys = prepareKeys(['choices', 'usage', 'error']);

type Spans = JsonSpans<(typeof keys.names)[number]>;

const nothing: PipeStep = { output: [], meaningful: false };
const doneFrame = 'data: [DONE]\n\n';

/** A streamed answer. `withholdUsage`: the usage chunk was asked for by the gateway, the client must not see it. */
export function createStreamPipe(withholdUsage: boolean): AnswerPipe {
  const cutter = createFrameCutter();
  let started = false;
  let finished = false;
  let done = false;
  let usage: WireUsage | undefined;
  let characters = 0;

  const inspect = (bytes: Uint8Array, text: string): PipeStep => {
    const output: Uint8Array[] = [];
    let failure: UpstreamFailure | undefined;
    eachFrame(text, (start, end) => {
      if (done || failure) return;
      const verdict = look(text.slice(start, end), bytes.subarray(start, end));
      if (verdict === 'pass') output.push(bytes.subarray(start, end));
      else if (verdict !== 'drop') failure = verdict;
    });
    return failure ? { output, meaningful: started, failure } : { output, meaningful: started };
  };

  const look = (frame: string, bytes: Uint8Array): 'pass' | 'drop' | UpstreamFailure => {
    const data = readData(frame);
    if (data === undefined || data === '') return 'pass';
    if (data.trim() === '[DONE]') {
      done = true;
      return 'pass';
    }
    const json = locate(bytes, data);
    const spans = scan(json);
    if (!spans) {
      // Before the first token another candidate can still answer; after it the client's own parser complains.
      return started ? 'pass' : broken('sent a frame that is not JSON');
    }
    if (readEvent(frame) === 'error' || isSet(json, spans, 'error'))
      return readInnerFailure(parseJson(utf8(json))) ?? broken('reported an error');
    if (spans.usage) usage = readUsage(json, spans.usage) ?? usage;
    if (finishPattern.test(data)) finished = true;
    if (!started && isMeaningful(data)) started = true;
    return withholdUsage && spans.usage && isSet(json, spans, 'usage') && hasNoChoice(json, spans)
      ? 'drop'
      : 'pass';
  };

  return {
    push(chunk) {
      if (done) return nothing;
      const whole = cutter.push(chunk);
      if (cutter.overflowed) return { ...nothing, failure: broken('sent a frame that is too large') };
      if (!whole) return nothing;
      const text = latin1(whole);
      characters += countDeltas(text);
      return started && !isNotable(text) ? { output: [whole], meaningful: true } : inspect(whole, text);
    },
    end() {
      if (done) return nothing;
      const rest = cutter.rest();
      const text = rest ? latin1(rest).trim() : '';
      // A last frame without its empty line is whole when it is the terminal or a readable finish.
      const step =
        rest && text !== ''
          ? inspect(concatBytes([rest, encodeUtf8('\n\n')]), `${latin1(rest)}\n\n`)
          : nothing;
      if (step.failure || done) return step;
      if (finished) return { output: [...step.output, doneFrame], meaningful: true };
      return { ...nothing, failure: broken(started ? 'cut the stream' : 'answered with an empty stream') };
    },
    usage: () => usage,
    outputCharacters: () => characters,
  };
}

/** A whole answer: kept until it is known to be sound, passed on as it comes when it is larger than that. */
export function createUnaryPipe(): AnswerPipe {
  return pipeUnary((body) => {
    const spans = scan(body);
    if (!spans) return { failure: broken('answered with broken JSON') };
    if (isSet(body, spans, 'error'))
      return { failure: readInnerFailure(parseJson(utf8(body))) ?? broken('reported an error') };
    if (hasNoChoice(body, spans)) return { failure: broken('answered without choices') };
    return {
      usage: spans.usage && readUsage(body, spans.usage),
      characters: spans.choices!.end - spans.choices!.start,
    };
  });
}

/** A value of `finish_reason` that is not null. */
const finishPattern = /"finish_reason"\s*:\s*"/;

/** In a delta: a member with a value that is not empty. The role alone says nothing yet. */
const contentPattern = /"(?!role")[^"]+"\s*:\s*(?:"[^"]|[\d\-tf]|\[\s*[^\]\s]|\{\s*[^}\s])/;

// Keys inside a string are escaped (`\"delta\"`), so that these patterns only ever meet real members.
function isMeaningful(data: string): boolean {
  if (finishPattern.test(data)) return true;
  let found = false;
  for (let at = data.indexOf('"delta"'); at >= 0; at = data.indexOf('"delta"', at + 7)) {
    found = true;
    const end = data.indexOf('}', at);
    if (contentPattern.test(data.slice(at + 7, end < 0 ? undefined : end + 1))) return true;
  }
  // Old completions and odd vendors have no delta: what has a choice says something.
  return !found && /"choices"\s*:\s*\[\s*\{/.test(data);
}

/**
 * Whether a run of frames may hold more than deltas. The words lack their first sign, because a search that begins with
 * a quote stops at every member: 0.2 instead of 1.3 µs for one frame.
 */
function isNotable(text: string): boolean {
  return (
    hasValue(text, 'sage":') ||
    hasValue(text, 'nish_reason":') ||
    text.includes('DONE]') ||
    text.includes('rror"') ||
    text.includes('vent:')
  );
}

/** Whether a member of that name stands anywhere with a value that is not null. */
function hasValue(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
    at += name.length;
    while (text.charCodeAt(at) === 32) at++;
    if (text.charCodeAt(at) !== letterN) return true;
  }
  return false;
}

const letterN = 0x6e;

const emptyDelta = '{"content":""}'.length;

/** Rough size of the text inside the deltas, for an estimate where the upstream reports no usage. */
function countDeltas(text: string): number {
  let characters = 0;
  for (let at = text.indexOf('elta":'); at >= 0; at = text.indexOf('elta":', at + 6)) {
    const end = text.indexOf('}', at + 6);
    if (end > at + 6 + emptyDelta) characters += end - at - 5 - emptyDelta;
  }
  return characters;
}

function scan(bytes: Uint8Array): Spans | undefined {
  try {
    return scanObject(bytes, keys, 256);
  } catch {
    return undefined;
  }
}

/** The JSON of a frame inside the frame's bytes; data of several lines is put together anew. */
function locate(frame: Uint8Array, data: string): Uint8Array {
  const start = latin1(frame).indexOf(data);
  return start < 0 ? encodeLatin1(data) : frame.subarray(start, start + data.length);
}

function isSet(bytes: Uint8Array, spans: Spans, name: keyof Spans): boolean {
  const span = spans[name];
  return span !== undefined && typeAt(bytes, span) !== 'null';
}

function hasNoChoice(bytes: Uint8Array, { choices }: Spans): boolean {
  if (!choices || typeAt(bytes, choices) !== 'array') return true;
  for (let i = choices.start + 1; i < choices.end - 1; i++) if (bytes[i]! > 0x20) return false;
  return true;
}

function broken(what: string): UpstreamFailure {
  return { class: 'upstream', message: `The upstream ${what}.` };
}
