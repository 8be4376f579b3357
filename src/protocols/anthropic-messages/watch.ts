// Pass-through of a messages answer: bytes go on untouched while the pipe watches for the first token, usage, errors
// and the terminal. Only the two frames that carry usage are parsed.
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { isObject } from '../../lib/json.ts';
import type { AnswerPipe } from '../protocol.ts';
import { createStreamPipe as createFramePipe } from '../stream-pipe.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { createUsageMeter } from './usage.ts';

const stopFrame = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

export function createStreamPipe(): AnswerPipe {
  let started = false;
  let finished = false;
  let done = false;
  const meter = createUsageMeter();
  let usage: Usage | undefined;

  function report(value: unknown): void {
    usage = meter.read(value) ?? usage;
  }

  return createFramePipe({
    read(value) {
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
    },
    isNotable,
    countCharacters: countDeltas,
    get started() {
      return started;
    },
    get done() {
      return done;
    },
    // Everything was said but the last word; clients need to hear it.
    lastWord: () => (finished ? stopFrame : undefined),
    usage: () => usage,
  });
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
