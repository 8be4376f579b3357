// Chat Completions as the wire spells it (protocols §2.3, §7).
import type { Ask } from '../ask.ts';
import type { Call, Say } from '../say.ts';
import { countTokens } from '../say.ts';
import type { Frame, Problem, Wire, WireError } from './wire.ts';
import { answerTime, statusOf, splitArguments, splitText } from './wire.ts';

export const chatWire: Wire = {
  streamType: 'text/event-stream; charset=utf-8',
  headers: openAiHeaders,
  unary: (say, ask) =>
    JSON.stringify({
      id: `chatcmpl-${say.id}`,
      object: 'chat.completion',
      created: answerTime,
      model: say.model,
      choices: Array.from({ length: ask.choices }, (_, index) => ({
        index,
        message: message(say),
        logprobs: null,
        finish_reason: finishReason(say),
      })),
      usage: usage(say),
      service_tier: 'default',
      system_fingerprint: 'fp_sandbox',
    }),
  stream: (say, ask) => streamChat(say, ask),
  error: openAiError,
  errorFrame: (problem) => `data: ${openAiError(problem).body}\n\n`,
};

/** Headers that OpenAI sends beside the body, for Chat and Responses. */
export function openAiHeaders(id: string): Readonly<Record<string, string>> {
  return {
    'x-request-id': `req_${id}`,
    'openai-processing-ms': '1',
    'openai-version': '2020-10-01',
    'openai-organization': 'sandbox',
  };
}

const errorNames = {
  'bad-request': ['invalid_request_error', null],
  context: ['invalid_request_error', 'context_length_exceeded'],
  authentication: ['authentication_error', 'invalid_api_key'],
  billing: ['insufficient_quota', 'insufficient_quota'],
  permission: ['permission_error', null],
  'not-found': ['invalid_request_error', 'model_not_found'],
  'rate-limit': ['rate_limit_error', 'rate_limit_exceeded'],
  quota: ['insufficient_quota', 'insufficient_quota'],
  server: ['server_error', null],
  unavailable: ['server_error', 'server_is_overloaded'],
  overloaded: ['server_error', 'server_is_overloaded'],
} as const;

/** OpenAI's envelope, shared by Chat, Responses, embeddings and model lists. */
export function openAiError(problem: Problem): WireError {
  const [type, code] = errorNames[problem.kind];
  const message =
    problem.kind === 'context'
      ? "This model's maximum context length is 8192 tokens. However, your messages resulted in more tokens. Please reduce the length of the messages."
      : problem.message;
  const retry = problem.retryAfter;
  return {
    status: statusOf(problem),
    headers: {
      'x-request-id': `req_${problem.id}`,
      ...(retry === undefined
        ? {}
        : {
            'retry-after': String(retry),
            'retry-after-ms': String(retry * 1000),
            'x-ratelimit-limit-requests': '60',
            'x-ratelimit-remaining-requests': '0',
            'x-ratelimit-reset-requests': `${retry}s`,
          }),
    },
    body: JSON.stringify({
      error: {
        message,
        type,
        param: problem.param ?? (problem.kind === 'context' ? 'messages' : null),
        code,
      },
    }),
  };
}

function streamChat(say: Say, ask: Ask): readonly Frame[] {
  const frames: Frame[] = [];
  const includeUsage = hasIncludeUsage(ask);
  const chunk = (choices: readonly unknown[], counts: unknown): string =>
    `data: ${JSON.stringify({
      id: `chatcmpl-${say.id}`,
      object: 'chat.completion.chunk',
      created: answerTime,
      model: say.model,
      service_tier: 'default',
      system_fingerprint: 'fp_sandbox',
      choices,
      ...(includeUsage ? { usage: counts } : {}),
    })}\n\n`;
  // With n > 1 the choices take turns, told apart by their index.
  const push = (phase: Frame['phase'], delta: unknown, tokens = 0, finish: string | null = null): void => {
    for (let index = 0; index < ask.choices; index++) {
      const choice = { index, delta, logprobs: null, finish_reason: finish };
      frames.push({ text: chunk([choice], null), phase, tokens });
    }
  };
  push('open', { role: 'assistant', content: '', refusal: null });
  for (const piece of splitText(say.reasoning ?? ''))
    push('token', { reasoning_content: piece }, countTokens(piece));
  for (const piece of splitText(say.text)) push('token', { content: piece }, countTokens(piece));
  for (const [index, call] of say.calls.entries()) {
    push('token', { tool_calls: [{ index, ...toolCall(call, '') }] }, 1);
    for (const piece of splitArguments(call.input)) {
      const inner =
        call.tool.kind === 'custom' ? { custom: { input: piece } } : { function: { arguments: piece } };
      push('token', { tool_calls: [{ index, ...inner }] }, countTokens(piece));
    }
  }
  push('close', {}, 0, finishReason(say));
  if (includeUsage) frames.push({ text: chunk([], usage(say)), phase: 'close', tokens: 0 });
  frames.push({ text: 'data: [DONE]\n\n', phase: 'end', tokens: 0 });
  return frames;
}

function hasIncludeUsage(ask: Ask): boolean {
  const options = ask.body['stream_options'];
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}

function message(say: Say): object {
  const silent = say.text === '' && say.calls.length > 0;
  return {
    role: 'assistant',
    content: silent ? null : say.text,
    ...(say.reasoning === undefined ? {} : { reasoning_content: say.reasoning }),
    ...(say.calls.length === 0 ? {} : { tool_calls: say.calls.map((call) => toolCall(call, call.input)) }),
    refusal: null,
    annotations: [],
  };
}

function toolCall(call: Call, input: string): object {
  const { name } = call.tool;
  return call.tool.kind === 'custom'
    ? { id: `call_${call.id}`, type: 'custom', custom: { name, input } }
    : { id: `call_${call.id}`, type: 'function', function: { name, arguments: input } };
}

function finishReason(say: Say): string {
  const reasons = {
    end: 'stop',
    'stop-sequence': 'stop',
    length: 'length',
    filter: 'content_filter',
    tools: 'tool_calls',
  } as const;
  return reasons[say.stop];
}

function usage({ usage }: Say): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
