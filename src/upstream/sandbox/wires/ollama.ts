// Ollama's own wire (protocols §6): one JSON object a line, tool calls whole, durations in nanoseconds.
import type { Ask } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import type { Call, Say } from '../say.ts';
import { countTokens } from '../say.ts';
import type { Frame, Problem, Wire, WireError } from './wire.ts';
import { answerTime, statusOf, splitText } from './wire.ts';

/** /api/chat. */
export const ollamaChatWire: Wire = createWire({
  token: (piece, thinking) => ({
    message: { role: 'assistant', content: thinking ? '' : piece, ...(thinking ? { thinking: piece } : {}) },
  }),
  calls: (calls) => ({ message: { role: 'assistant', content: '', tool_calls: calls.map(toolCall) } }),
  last: () => ({ message: { role: 'assistant', content: '' } }),
  whole: (say) => ({
    message: {
      role: 'assistant',
      content: say.text,
      ...(say.reasoning === undefined ? {} : { thinking: say.reasoning }),
      ...(say.calls.length === 0 ? {} : { tool_calls: say.calls.map(toolCall) }),
    },
  }),
});

/** /api/generate. */
export const ollamaGenerateWire: Wire = createWire({
  token: (piece, thinking) => (thinking ? { response: '', thinking: piece } : { response: piece }),
  calls: () => ({ response: '' }),
  last: () => ({ response: '', context: [1, 2, 3] }),
  whole: (say) => ({
    response: say.text,
    ...(say.reasoning === undefined ? {} : { thinking: say.reasoning }),
    context: [1, 2, 3],
  }),
});

/** How one of the two paths spells its pieces. */
interface Spelling {
  token(piece: string, thinking: boolean): JsonObject;
  calls(calls: readonly Call[]): JsonObject;
  last(): JsonObject;
  whole(say: Say): JsonObject;
}

export const createdAt = new Date(answerTime * 1000).toISOString();

/** Ollama's errors are a bare string. */
export function ollamaError(problem: Problem): WireError {
  const message =
    problem.kind === 'context'
      ? 'input length exceeds the context length'
      : problem.kind === 'not-found'
        ? `${problem.message.replace(/\.$/, '')}, try pulling it first`
        : problem.message;
  return {
    status: statusOf(problem),
    headers: problem.retryAfter === undefined ? {} : { 'retry-after': String(problem.retryAfter) },
    body: JSON.stringify({ error: message }),
  };
}

function createWire(spelling: Spelling): Wire {
  const head = (say: Say) => ({ model: say.model, created_at: createdAt });
  const tail = (say: Say) => ({ done: true, done_reason: doneReason(say), ...counts(say) });
  return {
    streamType: 'application/x-ndjson',
    headers: () => ({}),
    unary: (say) => JSON.stringify({ ...head(say), ...spelling.whole(say), ...tail(say) }),
    stream: (say: Say, _ask: Ask) => {
      const frames: Frame[] = [];
      const push = (phase: Frame['phase'], members: JsonObject, tokens = 0): void => {
        frames.push({ text: `${JSON.stringify({ ...head(say), ...members })}\n`, phase, tokens });
      };
      const speak = (text: string, thinking: boolean): void => {
        for (const piece of splitText(text)) {
          push('token', { ...spelling.token(piece, thinking), done: false }, countTokens(piece));
        }
      };
      speak(say.reasoning ?? '', true);
      speak(say.text, false);
      if (say.calls.length > 0) push('token', { ...spelling.calls(say.calls), done: false }, 8);
      push('end', { ...spelling.last(), ...tail(say) });
      return frames;
    },
    error: ollamaError,
    errorFrame: (problem) => `${ollamaError(problem).body}\n`,
  };
}

function toolCall(call: Call, index: number): JsonObject {
  return {
    id: `call_${call.id}`,
    function: { index, name: call.tool.name, arguments: JSON.parse(call.input) },
  };
}

/** `stop` also when tools were called. */
function doneReason(say: Say): string {
  return say.stop === 'length' ? 'length' : 'stop';
}

function counts({ usage }: Say): JsonObject {
  return {
    total_duration: 1_000_000 * (usage.input + usage.output),
    load_duration: 1_000_000,
    prompt_eval_count: usage.input,
    prompt_eval_duration: 1_000_000 * usage.input,
    eval_count: usage.output,
    eval_duration: 1_000_000 * usage.output,
  };
}
