// Pass-through of a response: bytes go on untouched while the pipe watches for the first token, usage, errors and the
// terminal. Only frames before the first token and the last one are parsed.
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Usage } from '../../ir/usage.ts';
import { isObject } from '../../lib/json.ts';
import type { AnswerPipe } from '../protocol.ts';
import { createStreamPipe as createFramePipe } from '../stream-pipe.ts';
import { createJsonPipe } from '../unary-pipe.ts';
import { isContent, readTerminal } from './events.ts';
import { readFailedResponse } from './finish.ts';
import { decodeUsage } from './usage.ts';

export function createStreamPipe(): AnswerPipe {
  let started = false;
  let done = false;
  let usage: Usage | undefined;
  return createFramePipe({
    read(value, event) {
      if (value['type'] === 'error' || isObject(value['error']) || event === 'error')
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
    },
    isNotable,
    countCharacters: countDeltas,
    get started() {
      return started;
    },
    get done() {
      return done;
    },
    usage: () => usage,
  });
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
