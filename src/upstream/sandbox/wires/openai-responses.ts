// Responses as the wire spells it (protocols §3.4–3.5): items, one event per step, sequence numbers without a gap.
import type { Ask } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { asObject } from '../json.ts';
import type { Call, Say } from '../say.ts';
import { countTokens } from '../say.ts';
import { openAiError, openAiHeaders } from './openai-chat.ts';
import type { Frame, Wire } from './wire.ts';
import { answerTime, splitArguments, splitText } from './wire.ts';

export const responsesWire: Wire = {
  streamType: 'text/event-stream; charset=utf-8',
  headers: openAiHeaders,
  unary: (say, ask) => JSON.stringify(response(say, ask, finalStatus(say), items(say))),
  stream: streamResponses,
  error: openAiError,
  errorFrame: (problem) => {
    const { error } = JSON.parse(openAiError(problem).body) as {
      error: { code: string | null; message: string };
    };
    // The number goes on from frames that this function does not see; clients do not check it.
    const event = {
      type: 'error',
      sequence_number: 9999,
      code: error.code,
      message: error.message,
      param: null,
    };
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
  },
};

function streamResponses(say: Say, ask: Ask): readonly Frame[] {
  const frames: Frame[] = [];
  const push = (phase: Frame['phase'], type: string, members: JsonObject, tokens = 0): void => {
    const data = JSON.stringify({ type, ...members, sequence_number: frames.length });
    frames.push({ text: `event: ${type}\ndata: ${data}\n\n`, phase, tokens });
  };
  push('open', 'response.created', { response: response(say, ask, 'in_progress', []) });
  push('open', 'response.in_progress', { response: response(say, ask, 'in_progress', []) });
  for (const [index, item] of items(say).entries()) {
    // Frames around the first delta still belong to the opening.
    const around = () => (frames.some((frame) => frame.phase === 'token') ? 'token' : 'open');
    const at = { output_index: index, item_id: item.id };
    push(around(), 'response.output_item.added', { output_index: index, item: item.started });
    const part = item.part;
    if (part) push(around(), part.added, { ...at, ...part.at, part: part.empty });
    for (const piece of item.pieces) {
      push('token', item.delta, { ...at, ...part?.at, delta: piece, ...part?.extra }, countTokens(piece));
    }
    push(around(), item.done, { ...at, ...part?.at, ...item.whole, ...part?.extra });
    if (part) push(around(), part.done, { ...at, ...part.at, part: part.full });
    push(around(), 'response.output_item.done', { output_index: index, item: item.finished });
  }
  const status = finalStatus(say);
  push('end', `response.${status}`, { response: response(say, ask, status, items(say)) });
  return frames;
}

/** One output item with everything that its events need. */
interface Item {
  readonly id: string;
  readonly started: JsonObject;
  readonly finished: JsonObject;
  readonly delta: string;
  readonly done: string;
  readonly pieces: readonly string[];
  /** Members of the `done` event that hold the joined pieces. */
  readonly whole: JsonObject;
  /** Text and summaries sit in a part of their item; arguments do not. */
  readonly part?: {
    readonly added: string;
    readonly done: string;
    readonly at: JsonObject;
    readonly empty: JsonObject;
    readonly full: JsonObject;
    readonly extra: JsonObject;
  };
}

function items(say: Say): readonly Item[] {
  const list: Item[] = [];
  if (say.reasoning !== undefined) list.push(reasoningItem(say, say.reasoning));
  if (say.text !== '' || say.calls.length === 0) list.push(messageItem(say));
  for (const call of say.calls)
    list.push(call.tool.kind === 'custom' ? customItem(call) : functionItem(call));
  return list;
}

function reasoningItem(say: Say, text: string): Item {
  const base = { id: `rs_${say.id}`, type: 'reasoning' };
  const part = { type: 'summary_text', text };
  return {
    id: base.id,
    started: { ...base, summary: [], encrypted_content: '' },
    finished: { ...base, summary: [part], encrypted_content: say.signature },
    delta: 'response.reasoning_summary_text.delta',
    done: 'response.reasoning_summary_text.done',
    pieces: splitText(text),
    whole: { text },
    part: {
      added: 'response.reasoning_summary_part.added',
      done: 'response.reasoning_summary_part.done',
      at: { summary_index: 0 },
      empty: { ...part, text: '' },
      full: part,
      extra: {},
    },
  };
}

function messageItem(say: Say): Item {
  const phase = say.calls.length > 0 ? 'commentary' : 'final_answer';
  const base = { id: `msg_${say.id}`, type: 'message', role: 'assistant', phase };
  const part = { type: 'output_text', annotations: [], logprobs: [], text: say.text };
  const status = say.stop === 'length' || say.stop === 'filter' ? 'incomplete' : 'completed';
  return {
    id: base.id,
    started: { ...base, status: 'in_progress', content: [] },
    finished: { ...base, status, content: [part] },
    delta: 'response.output_text.delta',
    done: 'response.output_text.done',
    pieces: splitText(say.text),
    whole: { text: say.text },
    part: {
      added: 'response.content_part.added',
      done: 'response.content_part.done',
      at: { content_index: 0 },
      empty: { ...part, text: '' },
      full: part,
      extra: { logprobs: [] },
    },
  };
}

function functionItem(call: Call): Item {
  const base = {
    id: `fc_${call.id}`,
    type: 'function_call',
    call_id: `call_${call.id}`,
    name: call.tool.name,
    ...(call.tool.namespace === undefined ? {} : { namespace: call.tool.namespace }),
  };
  return {
    id: base.id,
    started: { ...base, status: 'in_progress', arguments: '' },
    finished: { ...base, status: 'completed', arguments: call.input },
    delta: 'response.function_call_arguments.delta',
    done: 'response.function_call_arguments.done',
    pieces: splitArguments(call.input),
    whole: { name: base.name, arguments: call.input },
  };
}

function customItem(call: Call): Item {
  const base = {
    id: `ctc_${call.id}`,
    type: 'custom_tool_call',
    call_id: `call_${call.id}`,
    name: call.tool.name,
    ...(call.tool.namespace === undefined ? {} : { namespace: call.tool.namespace }),
  };
  return {
    id: base.id,
    started: { ...base, status: 'in_progress', input: '' },
    finished: { ...base, status: 'completed', input: call.input },
    delta: 'response.custom_tool_call_input.delta',
    done: 'response.custom_tool_call_input.done',
    pieces: splitArguments(call.input),
    whole: { input: call.input },
  };
}

function finalStatus(say: Say): 'completed' | 'incomplete' {
  return say.stop === 'length' || say.stop === 'filter' ? 'incomplete' : 'completed';
}

/** The whole skeleton: some clients fail on a response object with only an id. */
function response(
  say: Say,
  ask: Ask,
  status: 'in_progress' | 'completed' | 'incomplete',
  output: readonly Item[],
): JsonObject {
  const { body } = ask;
  const reason = say.stop === 'filter' ? 'content_filter' : 'max_output_tokens';
  const reasoning = asObject(body['reasoning']);
  return {
    id: `resp_${say.id}`,
    object: 'response',
    created_at: answerTime,
    status,
    background: false,
    completed_at: status === 'completed' ? answerTime : null,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason } : null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: body['max_tool_calls'] ?? null,
    model: say.model,
    output: output.map((item) => item.finished),
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: { effort: reasoning?.['effort'] ?? null, summary: reasoning?.['summary'] ?? null },
    safety_identifier: body['safety_identifier'] ?? null,
    service_tier: 'default',
    // It keeps nothing, whatever was asked.
    store: false,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_logprobs: body['top_logprobs'] ?? 0,
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
    usage: status === 'in_progress' ? null : usage(say),
    user: body['user'] ?? null,
    metadata: body['metadata'] ?? {},
  };
}

function usage({ usage }: Say): JsonObject {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}
