// Pass-through of a Gemini answer: bytes go on untouched while the pipe watches for the first token, errors and the end.
// Every chunk repeats the usage, so that only the last report is parsed, and only when somebody asks.
import type { UpstreamFailure } from '../../errors.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { concatBytes, encodeUtf8, latin1, utf8 } from '../../lib/bytes.ts';
import { createArrayCutter } from '../../lib/json-array.ts';
import { isObject, parseJson, type JsonObject } from '../../lib/json.ts';
import { createFrameCutter, eachFrame, readData } from '../../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep } from '../protocol.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { decodeUsage } from './usage.ts';
import { toCamel } from './wire.ts';

const nothing: PipeStep = { output: [], meaningful: false };

export function createStreamPipe(): AnswerPipe {
  const cutter = createFrameCutter();
  const watch = createWatch();

  function inspect(bytes: Uint8Array, text: string): PipeStep {
    const output: Uint8Array[] = [];
    let failure: UpstreamFailure | undefined;
    eachFrame(text, (start, end) => {
      if (failure !== undefined) return;
      const frame = bytes.subarray(start, end);
      const words = utf8(frame);
      const data = readData(words);
      // Clients of this wire tolerate neither comments nor a word behind the last chunk; but the second half of a line end
      // that was cut in two belongs to the frame before it.
      if (words.trim() === '') output.push(frame);
      if (data === undefined || data.trim() === '' || data.trim() === '[DONE]') return;
      const verdict = watch.look(data);
      if (verdict === 'pass') output.push(frame);
      else if (verdict !== 'repeated') failure = verdict;
    });
    const { started } = watch;
    return failure === undefined ? { output, meaningful: started } : { output, meaningful: started, failure };
  }

  return {
    push(chunk) {
      const whole = cutter.push(chunk);
      if (cutter.overflowed)
        return { ...nothing, failure: brokenAnswer('The upstream sent a frame that is too large.') };
      if (!whole) return nothing;
      const text = latin1(whole);
      watch.count(text, whole);
      return watch.started && !isNotable(text) ? { output: [whole], meaningful: true } : inspect(whole, text);
    },
    end() {
      const rest = cutter.rest();
      if (rest === undefined) return watch.end();
      // The last line feed of a frame that was cut before it.
      if (latin1(rest).trim() === '') return join({ output: [rest], meaningful: true }, watch.end());
      // Clients do not read a last frame without its empty line.
      const last = concatBytes([rest, encodeUtf8('\n\n')]);
      watch.count(latin1(last), last);
      const step = inspect(last, latin1(last));
      return step.failure === undefined ? join(step, watch.end()) : step;
    },
    usage: watch.usage,
    outputCharacters: watch.characters,
  };
}

/** The stream without `alt=sse`: one array, whose elements go on whole. */
export function createArrayPipe(): AnswerPipe {
  const watch = createWatch();
  let written = 0;
  let failure: UpstreamFailure | undefined;
  let output: Uint8Array[] = [];
  const cutter = createArrayCutter((element) => {
    if (failure !== undefined) return;
    const text = utf8(element);
    watch.count(text, element);
    const verdict = watch.look(text);
    if (verdict === 'pass') output.push(encodeUtf8(written++ === 0 ? '[' : ',\r\n'), element);
    else if (verdict !== 'repeated') failure = verdict;
  });

  function step(): PipeStep {
    const ready = output;
    output = [];
    const { started } = watch;
    return failure === undefined
      ? { output: ready, meaningful: started }
      : { output: ready, meaningful: started, failure };
  }

  return {
    push(chunk) {
      if (failure !== undefined) return nothing;
      cutter.push(chunk);
      if (cutter.overflowed)
        failure ??= brokenAnswer('The upstream sent a chunk that is too large or no JSON array.');
      return step();
    },
    end() {
      if (failure !== undefined) return nothing;
      const end = watch.end();
      return end.failure === undefined ? { output: [encodeUtf8(']')], meaningful: true } : end;
    },
    usage: watch.usage,
    outputCharacters: watch.characters,
  };
}

/** A whole answer. A blocked prompt is one, too: it says why there is no candidate. */
export function createUnaryPipe(): AnswerPipe {
  return createJsonPipe((value, body) => {
    const answer = toCamel(value);
    if (answer['error'])
      return { failure: readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.') };
    if (!Array.isArray(answer['candidates']) && !isObject(answer['promptFeedback']))
      return { failure: brokenAnswer('The upstream answered without candidates.') };
    return { usage: decodeUsage(answer['usageMetadata']), characters: countText(latin1(body)) };
  });
}

function createWatch() {
  let started = false;
  /** Candidates that have finished, by index. */
  const ended = new Set<unknown>();
  let report: Uint8Array | undefined;
  let characters = 0;

  return {
    get started() {
      return started;
    },
    /** One chunk's JSON text. `repeated`: it only says an end that was said before. */
    look(data: string): UpstreamFailure | 'pass' | 'repeated' {
      const value = parseJson(data);
      // Before the first token another candidate can still answer; after it the client's own parser complains.
      if (!isObject(value))
        return started ? 'pass' : brokenAnswer('The upstream sent a frame that is not JSON.');
      if (value['error']) return readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.');
      const chunk = toCamel(value);
      const ends = listEnds(chunk);
      const speaks = saysSomething(chunk);
      if (!speaks && ends.length > 0 && ends.every((end) => ended.has(end))) return 'repeated';
      for (const end of ends) ended.add(end);
      started ||= speaks || ended.size > 0;
      return 'pass';
    },
    count(text: string, bytes: Uint8Array): void {
      characters += countText(text);
      if (text.includes('TokenCount"') || text.includes('_token_count"')) report = bytes;
    },
    end(): PipeStep {
      if (ended.size > 0) return { output: [], meaningful: true };
      const what = started ? 'cut the stream' : 'answered with an empty stream';
      return { ...nothing, failure: brokenAnswer(`The upstream ${what}.`) };
    },
    usage: (): Usage | undefined => (report === undefined ? undefined : readReport(report)),
    characters: (): number => characters,
  };
}

/** The last counts in a run of frames, or of one element. */
function readReport(bytes: Uint8Array): Usage | undefined {
  const text = utf8(bytes);
  const whole = parseJson(text);
  if (isObject(whole)) return decodeUsage(toCamel(whole)['usageMetadata']);
  let usage: Usage | undefined;
  eachFrame(text, (start, end) => {
    const value = parseJson(readData(text.slice(start, end)) ?? '');
    if (isObject(value)) usage = decodeUsage(toCamel(value)['usageMetadata']) ?? usage;
  });
  return usage;
}

function listEnds({ candidates, promptFeedback }: JsonObject): readonly unknown[] {
  if (isObject(promptFeedback) && promptFeedback['blockReason'] !== undefined) return ['prompt'];
  return listObjects(candidates)
    .filter(({ finishReason }) => typeof finishReason === 'string')
    .map(({ index }) => index ?? 0);
}

function saysSomething({ candidates }: JsonObject): boolean {
  return listObjects(candidates).some(({ content }) =>
    listObjects(isObject(content) ? content['parts'] : []).some((part) =>
      Object.entries(part).some(
        ([key, value]) => key !== 'thought' && key !== 'thoughtSignature' && value !== '',
      ),
    ),
  );
}

function listObjects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}

function join(first: PipeStep, second: PipeStep): PipeStep {
  return { ...second, output: [...first.output, ...second.output] };
}

// Quotes inside a string are escaped, so that these words only ever meet real members; a false alarm costs one parse.
function isNotable(text: string): boolean {
  return (
    text.includes('rror"') ||
    text.includes('ishReason"') ||
    text.includes('ish_reason"') ||
    text.includes('ockReason"') ||
    text.includes('ock_reason"') ||
    text.includes('DONE]') ||
    text.startsWith(':') ||
    text.includes('\n:')
  );
}

/** Rough size of the text and the arguments, for an estimate where the upstream reports no counts. */
function countText(text: string): number {
  let characters = 0;
  for (let at = text.indexOf('"text"'); at >= 0; at = text.indexOf('"text"', at + 6)) {
    const begin = text.indexOf('"', at + 6) + 1;
    const end = begin === 0 ? -1 : text.indexOf('"', begin);
    if (end > begin) characters += end - begin;
  }
  for (let at = text.indexOf('"args"'); at >= 0; at = text.indexOf('"args"', at + 6)) {
    const end = text.indexOf('}', at);
    if (end > at) characters += end - at - 6;
  }
  return characters;
}
