// Pass-through of an Ollama answer, chat or generate: lines go on untouched while the pipe watches for the first token,
// an error and the last line. Only the lines before the first token and the last one are parsed.
import type { UpstreamFailure } from '../../errors.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { concatBytes, encodeUtf8, latin1, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import { createLineCutter } from '../../lib/ndjson.ts';
import type { AnswerPipe, PipeStep } from '../protocol.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { saysSomething } from './shape.ts';
import { decodeUsage } from './usage.ts';

const nothing: PipeStep = { output: [], meaningful: false };

const lineFeed = 0x0a;

export function createStreamPipe(): AnswerPipe {
  const cutter = createLineCutter();
  let started = false;
  let done = false;
  let usage: Usage | undefined;
  let characters = 0;

  function inspect(bytes: Uint8Array): PipeStep {
    let passed = 0;
    let failure: UpstreamFailure | undefined;
    while (passed < bytes.length && !done && failure === undefined) {
      const feed = bytes.indexOf(lineFeed, passed);
      const end = feed === -1 ? bytes.length : feed + 1;
      failure = look(utf8(bytes.subarray(passed, end)));
      if (failure === undefined) passed = end;
    }
    const output = passed === 0 ? [] : [passed === bytes.length ? bytes : bytes.subarray(0, passed)];
    return failure === undefined ? { output, meaningful: started } : { output, meaningful: started, failure };
  }

  function look(line: string): UpstreamFailure | undefined {
    const text = line.replace(/^\uFEFF/, '').trim();
    if (text === '') return undefined;
    const value = parseJson(text);
    // Before the first token another candidate can still answer; after it the client's own parser complains.
    if (!isObject(value))
      return started ? undefined : brokenAnswer('The upstream sent a line that is not JSON.');
    if (value['error']) return readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.');
    if (value['done'] === true) {
      done = true;
      usage = decodeUsage(value);
    }
    started ||= done || saysSomething(value);
    return undefined;
  }

  return {
    push(chunk) {
      if (done) return nothing;
      const whole = cutter.push(chunk);
      if (cutter.overflowed)
        return { ...nothing, failure: brokenAnswer('The upstream sent a line that is too large.') };
      if (!whole) return nothing;
      const text = latin1(whole);
      characters += countText(text);
      return started && !isNotable(text) ? { output: [whole], meaningful: true } : inspect(whole);
    },
    end() {
      if (done) return nothing;
      const rest = cutter.rest();
      const step = rest === undefined ? nothing : inspect(concatBytes([rest, encodeUtf8('\n')]));
      if (step.failure || done) return step;
      const what = started ? 'cut the stream' : 'answered with an empty stream';
      return { ...nothing, failure: brokenAnswer(`The upstream ${what}.`) };
    },
    usage: () => usage,
    outputCharacters: () => characters,
  };
}

/** A whole answer: kept until it is known to be sound, passed on as it comes when it is larger than that. */
export function createUnaryPipe(): AnswerPipe {
  return createJsonPipe((value, body) => {
    if (value['error'])
      return { failure: readInnerFailure(value) ?? brokenAnswer('The upstream reported an error.') };
    if (!isObject(value['message']) && typeof value['response'] !== 'string')
      return { failure: brokenAnswer('The upstream answered without a message.') };
    return { usage: decodeUsage(value), characters: countText(latin1(body)) };
  });
}

// Quotes inside a string are escaped, so that these words only ever meet real members; a false alarm costs one parse.
function isNotable(text: string): boolean {
  return text.includes('rror"') || /"done"\s*:\s*true/.test(text);
}

/** Rough size of the text, for an estimate where the upstream reports no counts. */
function countText(text: string): number {
  let characters = 0;
  for (const name of ['ontent":"', 'hinking":"', 'esponse":"']) {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
      at += name.length;
      const end = text.indexOf('"', at);
      if (end > at) characters += end - at;
    }
  }
  return characters;
}
