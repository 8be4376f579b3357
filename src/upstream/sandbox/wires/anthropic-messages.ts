// Anthropic Messages as the wire spells it (protocols §4.3–4.4, §7): strictly sequential blocks, named events.
import type { Ask } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import type { Say } from '../say.ts';
import { countTokens } from '../say.ts';
import type { Frame, Problem, Wire, WireError } from './wire.ts';
import { statusOf, splitArguments, splitText } from './wire.ts';

export const messagesWire: Wire = {
  streamType: 'text/event-stream; charset=utf-8',
  headers: (id) => ({
    'request-id': `req_${id}`,
    'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
  }),
  unary: (say, ask) =>
    JSON.stringify({
      ...message(say),
      container: null,
      content: blocks(say, ask).map((block) => block.full),
      stop_reason: stopReason(say),
      stop_sequence: say.stopSequence ?? null,
      stop_details: stopDetails(say),
      usage: usage(say),
    }),
  stream: streamMessages,
  error: messagesError,
  errorFrame: (problem) => frame('error', JSON.parse(messagesError(problem).body)),
};

const errorTypes = {
  'bad-request': 'invalid_request_error',
  context: 'invalid_request_error',
  authentication: 'authentication_error',
  billing: 'billing_error',
  permission: 'permission_error',
  'not-found': 'not_found_error',
  'rate-limit': 'rate_limit_error',
  quota: 'rate_limit_error',
  server: 'api_error',
  unavailable: 'overloaded_error',
  overloaded: 'overloaded_error',
} as const;

function messagesError(problem: Problem): WireError {
  const retry = problem.retryAfter;
  const message =
    problem.kind === 'context' ? 'prompt is too long: 200001 tokens > 200000 maximum' : problem.message;
  const reset = new Date(Math.ceil(problem.now / 1000) * 1000 + (retry ?? 0) * 1000).toISOString();
  return {
    status: statusOf(problem),
    headers: {
      'request-id': `req_${problem.id}`,
      ...(retry === undefined
        ? {}
        : {
            'retry-after': String(retry),
            'anthropic-ratelimit-requests-limit': '60',
            'anthropic-ratelimit-requests-remaining': '0',
            'anthropic-ratelimit-requests-reset': reset.replace('.000Z', 'Z'),
          }),
    },
    body: JSON.stringify({
      type: 'error',
      error: { type: errorTypes[problem.kind], message },
      request_id: `req_${problem.id}`,
    }),
  };
}

function streamMessages(say: Say, ask: Ask): readonly Frame[] {
  const frames: Frame[] = [];
  const push = (phase: Frame['phase'], type: string, members: JsonObject = {}, tokens = 0): void => {
    frames.push({ text: frame(type, { type, ...members }), phase, tokens });
  };
  const start = { ...message(say), content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  push('open', 'message_start', { message: { ...start, usage: startUsage(say) } });
  for (const [index, block] of blocks(say, ask).entries()) {
    push(index === 0 ? 'open' : 'token', 'content_block_start', { index, content_block: block.empty });
    if (index === 0) push('open', 'ping');
    for (const { delta, tokens } of block.deltas)
      push('token', 'content_block_delta', { index, delta }, tokens);
    push('token', 'content_block_stop', { index });
  }
  const delta = {
    stop_reason: stopReason(say),
    stop_sequence: say.stopSequence ?? null,
    stop_details: stopDetails(say),
  };
  push('close', 'message_delta', { delta, usage: usage(say) });
  push('end', 'message_stop');
  return frames;
}

interface Block {
  readonly full: JsonObject;
  readonly empty: JsonObject;
  readonly deltas: readonly { readonly delta: JsonObject; readonly tokens: number }[];
}

function blocks(say: Say, ask: Ask): readonly Block[] {
  const list: Block[] = [];
  if (say.reasoning !== undefined) {
    // `display: omitted` keeps the proof and drops the text.
    const thinking = ask.reasoning === 'hidden' ? '' : say.reasoning;
    list.push({
      full: { type: 'thinking', thinking, signature: say.signature },
      empty: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...splitText(thinking).map((piece) => ({
          delta: { type: 'thinking_delta', thinking: piece },
          tokens: countTokens(piece),
        })),
        { delta: { type: 'signature_delta', signature: say.signature }, tokens: 0 },
      ],
    });
  }
  // A text block is never empty on this wire: an answer without text has no text block.
  if (say.text !== '') {
    list.push({
      full: { type: 'text', text: say.text },
      empty: { type: 'text', text: '' },
      deltas: splitText(say.text).map((piece) => ({
        delta: { type: 'text_delta', text: piece },
        tokens: countTokens(piece),
      })),
    });
  }
  for (const call of say.calls) {
    const base = { type: 'tool_use', id: `toolu_${call.id}`, name: call.tool.name };
    const caller = { type: 'direct' };
    list.push({
      full: { ...base, input: JSON.parse(call.input), caller },
      empty: { ...base, input: {}, caller },
      deltas: ['', ...splitArguments(call.input)].map((piece) => ({
        delta: { type: 'input_json_delta', partial_json: piece },
        tokens: countTokens(piece),
      })),
    });
  }
  return list;
}

function message(say: Say): JsonObject {
  return { id: `msg_${say.id}`, type: 'message', role: 'assistant', model: say.model };
}

function stopReason(say: Say): string {
  const reasons = {
    end: 'end_turn',
    'stop-sequence': 'stop_sequence',
    length: 'max_tokens',
    filter: 'refusal',
    tools: 'tool_use',
  } as const;
  return reasons[say.stop];
}

function stopDetails(say: Say): JsonObject | null {
  return say.stop === 'filter' ? { type: 'refusal', category: null, explanation: null } : null;
}

/** At the start one token is announced and nothing is known about kinds of output. */
function startUsage({ usage }: Say): JsonObject {
  return {
    // Leaves the cached parts out, unlike every other wire.
    input_tokens: Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite),
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
    output_tokens: 1,
    service_tier: 'standard',
    inference_geo: 'not_available',
  };
}

function usage(say: Say): JsonObject {
  return {
    ...startUsage(say),
    output_tokens: say.usage.output,
    output_tokens_details: { thinking_tokens: say.usage.reasoning },
    server_tool_use: null,
  };
}

function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
