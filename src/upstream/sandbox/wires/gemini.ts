// Gemini generateContent as the wire spells it (protocols §5.3–5.5, §7): whole responses as frames, calls never in pieces.
import type { Ask } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import type { Say } from '../say.ts';
import { countTokens } from '../say.ts';
import type { Frame, Problem, Wire, WireError } from './wire.ts';
import { statusOf, splitText } from './wire.ts';

export const geminiWire: Wire = {
  streamType: 'text/event-stream',
  headers: () => ({ 'x-gemini-service-tier': 'standard' }),
  unary: (say, ask) => {
    const content = { parts: parts(say, ask), role: 'model' };
    const candidates = Array.from({ length: ask.choices }, (_, index) => ({
      content,
      finishReason: finishReason(say),
      index,
    }));
    return JSON.stringify(response(say, candidates, say.usage.output));
  },
  stream: (say, ask) => streamGemini(say, ask),
  error: geminiError,
  errorFrame: (problem) => `data: ${geminiError(problem).body}\n\n`,
};

/** The same without `alt=sse`: one JSON array that arrives in pieces. */
export const geminiArrayWire: Wire = {
  ...geminiWire,
  streamType: 'application/json; charset=UTF-8',
  stream: (say, ask) => {
    const frames = streamGemini(say, ask);
    return frames.map((frame, index) => {
      const object = frame.text.slice('data: '.length).trimEnd();
      return {
        ...frame,
        text: `${index === 0 ? '[' : ',\n'}${object}${index === frames.length - 1 ? ']' : ''}`,
      };
    });
  },
  errorFrame: (problem, first) => `${first ? '[' : ',\n'}${geminiError(problem).body}]`,
};

const statuses = {
  'bad-request': 'INVALID_ARGUMENT',
  context: 'INVALID_ARGUMENT',
  authentication: 'UNAUTHENTICATED',
  billing: 'RESOURCE_EXHAUSTED',
  permission: 'PERMISSION_DENIED',
  'not-found': 'NOT_FOUND',
  'rate-limit': 'RESOURCE_EXHAUSTED',
  quota: 'RESOURCE_EXHAUSTED',
  server: 'INTERNAL',
  unavailable: 'UNAVAILABLE',
  overloaded: 'UNAVAILABLE',
} as const;

function geminiError(problem: Problem): WireError {
  const status = statusOf(problem);
  const message =
    problem.kind === 'context'
      ? 'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).'
      : problem.message;
  return {
    status,
    // Google sends no Retry-After: the delay stands only in the body.
    headers: {},
    body: JSON.stringify({
      error: { code: status, message, status: statuses[problem.kind], ...details(problem) },
    }),
  };
}

function details(problem: Problem): { readonly details?: readonly JsonObject[] } {
  const list: JsonObject[] = [];
  if (problem.kind === 'rate-limit' || problem.kind === 'quota') {
    const per = problem.kind === 'quota' ? 'PerDay' : 'PerMinute';
    list.push({
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        {
          quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests',
          quotaId: `GenerateRequests${per}PerProjectPerModel`,
          quotaValue: '60',
        },
      ],
    });
  }
  if (problem.retryAfter !== undefined) {
    const retryDelay = `${problem.retryAfter}.000000000s`;
    list.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
  }
  return list.length === 0 ? {} : { details: list };
}

function streamGemini(say: Say, ask: Ask): readonly Frame[] {
  const frames: Frame[] = [];
  let spoken = 0;
  const push = (phase: Frame['phase'], list: readonly JsonObject[], tokens = 0, finish?: string): void => {
    spoken += tokens;
    const counted = finish === undefined ? Math.min(spoken, say.usage.output) : say.usage.output;
    for (let index = 0; index < ask.choices; index++) {
      const content = { parts: list, role: 'model' };
      const candidate = { content, ...(finish === undefined ? {} : { finishReason: finish }), index };
      frames.push({
        text: `data: ${JSON.stringify(response(say, [candidate], counted))}\n\n`,
        phase,
        tokens,
      });
    }
  };
  if (ask.reasoning === 'shown') {
    for (const piece of splitText(say.reasoning ?? ''))
      push('token', [{ text: piece, thought: true }], countTokens(piece));
  }
  for (const piece of splitText(say.text)) push('token', [{ text: piece }], countTokens(piece));
  for (const part of callParts(say)) push('token', [part], 8);
  // The proof of a plain text answer hangs on an empty last part.
  const proof =
    say.reasoning !== undefined && say.calls.length === 0 ? { thoughtSignature: say.signature } : {};
  push('end', [{ text: '', ...proof }], 0, finishReason(say));
  return frames;
}

function parts(say: Say, ask: Ask): readonly JsonObject[] {
  const list: JsonObject[] = [];
  const proven = say.reasoning !== undefined && say.calls.length === 0;
  if (say.reasoning !== undefined && ask.reasoning === 'shown')
    list.push({ text: say.reasoning, thought: true });
  if (say.text !== '' || proven) {
    list.push({ text: say.text, ...(proven ? { thoughtSignature: say.signature } : {}) });
  }
  return [...list, ...callParts(say)];
}

/** Of parallel calls only the first one carries the signature. */
function callParts(say: Say): readonly JsonObject[] {
  return say.calls.map((call, index) => ({
    functionCall: { id: call.id, name: call.tool.name, args: JSON.parse(call.input) },
    ...(index === 0 && say.reasoning !== undefined ? { thoughtSignature: say.signature } : {}),
  }));
}

/** STOP also when functions were called. */
function finishReason(say: Say): string {
  return say.stop === 'length' ? 'MAX_TOKENS' : say.stop === 'filter' ? 'SAFETY' : 'STOP';
}

function response(say: Say, candidates: readonly JsonObject[], output: number): JsonObject {
  const { usage } = say;
  const thoughts = Math.min(usage.reasoning, output);
  return {
    candidates,
    usageMetadata: {
      promptTokenCount: usage.input,
      // Thoughts are counted apart, cached tokens are part of the prompt.
      candidatesTokenCount: output - thoughts,
      totalTokenCount: usage.input + output,
      ...(usage.cacheRead === 0 ? {} : { cachedContentTokenCount: usage.cacheRead }),
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
      ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    },
    modelVersion: say.model,
    responseId: say.id,
  };
}
