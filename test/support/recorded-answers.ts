// What a recorded answer says, read from its JSON in the plainest way: the judge over what the codecs make of it.
import type { Value } from './recordings.ts';
import type { WireName } from './translation.ts';

export interface Plain {
  text: string;
  reasoning: string;
  refusal: string;
  citations: string[];
  calls: { id: string; name: string; text: string; freeform?: true }[];
  finish: string;
  usage: { input?: number; output?: number; cached?: number; written?: number; reasoning?: number };
}

/** The answer of a whole body or of all payloads of a stream. */
export function readRecorded(upstream: WireName, values: readonly Value[]): Plain {
  const plain: Plain = {
    text: '',
    reasoning: '',
    refusal: '',
    citations: [],
    calls: [],
    finish: '',
    usage: {},
  };
  const read = readers[upstream];
  if (read === undefined) throw new Error(`nobody reads recordings of ${upstream}`);
  for (const value of values) read(plain, value);
  return plain;
}

const readers: { readonly [wire in WireName]?: (plain: Plain, value: Value) => void } = {
  'openai-chat': readChat,
  'openai-responses': readResponses,
  'anthropic-messages': readMessages,
  gemini: readGemini,
};

/** Calls without ids have an empty one here; arguments in pieces are all of one text in the recordings. */
function readGemini(plain: Plain, value: Value): void {
  const candidate = (value['candidates'] as Value[] | undefined)?.[0];
  const block = (value['promptFeedback'] as Value | undefined)?.['blockReason'];
  const parts = ((candidate?.['content'] as Value | undefined)?.['parts'] ?? []) as Value[];
  for (const part of parts) {
    const { text, thought, functionCall: call } = part;
    if (typeof text === 'string' && thought === true) plain.reasoning += text;
    else if (typeof text === 'string') plain.text += text;
    if (call !== undefined) readGeminiCall(plain, call as Value);
  }
  if (candidate?.['finishReason'] === 'STOP') plain.finish = 'stop';
  else if (block !== undefined) plain.finish = 'refusal';
  const usage = value['usageMetadata'] as Value;
  const count = (name: string): number => (usage[name] ?? 0) as number;
  plain.usage = {
    input: count('promptTokenCount') + count('toolUsePromptTokenCount'),
    output: count('candidatesTokenCount') + count('thoughtsTokenCount'),
    cached: count('cachedContentTokenCount'),
    reasoning: count('thoughtsTokenCount'),
  };
}

function readGeminiCall(plain: Plain, { id, name, args, partialArgs }: Value): void {
  if (name !== undefined)
    plain.calls.push({ id: String(id ?? ''), name: String(name), text: JSON.stringify(args ?? {}) });
  for (const { jsonPath, stringValue } of (partialArgs ?? []) as Value[]) {
    const call = plain.calls.at(-1)!;
    const known = JSON.parse(call.text) as Record<string, string>;
    const key = String(jsonPath).slice(2);
    call.text = JSON.stringify({ ...known, [key]: (known[key] ?? '') + String(stringValue) });
  }
}

/** The event that ends a stream repeats everything, as a whole body says it. */
function readResponses(plain: Plain, value: Value): void {
  const ends = value['type'] === 'response.completed' || value['type'] === 'response.incomplete';
  const response = (value['object'] === 'response' ? value : ends ? value['response'] : undefined) as
    | Value
    | undefined;
  if (response === undefined) return;
  for (const item of response['output'] as Value[]) readItem(plain, item);
  const reason = (response['incomplete_details'] as Value | null | undefined)?.['reason'];
  plain.finish = reason === 'max_output_tokens' ? 'length' : reason === 'content_filter' ? 'refusal' : 'stop';
  const usage = response['usage'] as Value;
  const prompt = (usage['input_tokens_details'] ?? {}) as Value;
  plain.usage = {
    input: usage['input_tokens'] as number,
    output: usage['output_tokens'] as number,
    cached: (prompt['cached_tokens'] ?? 0) as number,
    written: (prompt['cache_write_tokens'] ?? 0) as number,
    reasoning: ((usage['output_tokens_details'] as Value | undefined)?.['reasoning_tokens'] ?? 0) as number,
  };
}

function readItem(plain: Plain, item: Value): void {
  const id = String(item['call_id']);
  switch (item['type']) {
    case 'message':
      for (const part of item['content'] as Value[]) {
        plain.text += String(part['text'] ?? '');
        plain.refusal += String(part['refusal'] ?? '');
        for (const annotation of (part['annotations'] as Value[] | undefined) ?? [])
          plain.citations.push(String(annotation['url'] ?? annotation['type']));
      }
      break;
    case 'reasoning': {
      const content = item['content'] as Value[] | undefined;
      const told = content?.length ? content : (item['summary'] as Value[]);
      plain.reasoning += told.map(({ text }) => String(text)).join('\n\n');
      break;
    }
    case 'function_call':
      plain.calls.push({ id, name: String(item['name']), text: String(item['arguments']) });
      break;
    case 'custom_tool_call':
      plain.calls.push({ id, name: String(item['name']), text: String(item['input']), freeform: true });
      break;
    // Tools of the client that have no name: what is null in them says nothing.
    case 'shell_call':
      plain.calls.push({ id, name: 'shell', text: JSON.stringify(dropNulls(item['action'] as Value)) });
      break;
    case 'apply_patch_call':
      plain.calls.push({ id, name: 'apply_patch', text: JSON.stringify(item['operation']) });
      break;
  }
}

function dropNulls(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null));
}

function readChat(plain: Plain, value: Value): void {
  const choice = (value['choices'] as Value[] | undefined)?.[0];
  const delta = (choice?.['delta'] ?? choice?.['message'] ?? {}) as Value;
  const content = delta['content'];
  if (typeof content === 'string') plain.text += content;
  for (const part of Array.isArray(content) ? (content as Value[]) : []) {
    if (part['type'] === 'text') plain.text += String(part['text']);
    for (const piece of (part['thinking'] as Value[] | undefined) ?? [])
      plain.reasoning += String(piece['text']);
  }
  plain.reasoning += String(delta['reasoning_content'] ?? delta['reasoning'] ?? '');
  for (const piece of (delta['tool_calls'] as Value[] | undefined) ?? []) {
    const fn = piece['function'] as Value;
    const index = (piece['index'] as number | undefined) ?? plain.calls.length;
    const call = (plain.calls[index] ??= { id: String(piece['id']), name: String(fn['name']), text: '' });
    call.text += String(fn['arguments'] ?? '');
  }
  const finish = choice?.['finish_reason'];
  if (typeof finish === 'string') plain.finish = finish === 'tool_calls' ? 'calls' : finish;
  const usage = value['usage'] as Value | null | undefined;
  if (!usage) return;
  const prompt = (usage['prompt_tokens_details'] ?? {}) as Value;
  const completion = (usage['completion_tokens_details'] ?? {}) as Value;
  const apart =
    usage['total_tokens'] ===
    (usage['prompt_tokens'] as number) +
      (usage['completion_tokens'] as number) +
      ((completion['reasoning_tokens'] as number | undefined) ?? 0);
  plain.usage = {
    input: usage['prompt_tokens'] as number,
    output:
      (usage['completion_tokens'] as number) +
      (apart ? ((completion['reasoning_tokens'] as number | undefined) ?? 0) : 0),
    cached: (prompt['cached_tokens'] ??
      usage['prompt_cache_hit_tokens'] ??
      usage['cached_tokens'] ??
      0) as number,
    reasoning: (completion['reasoning_tokens'] ?? 0) as number,
  };
}

function readMessages(plain: Plain, value: Value): void {
  switch (value['type']) {
    case 'message':
      for (const block of value['content'] as Value[]) readBlock(plain, block);
      readStop(plain, value);
      readUsage(plain, value['usage'] as Value);
      break;
    case 'message_start':
      readUsage(plain, (value['message'] as Value)['usage'] as Value);
      break;
    case 'content_block_start':
      readBlock(plain, { ...(value['content_block'] as Value), input: undefined });
      break;
    case 'content_block_delta': {
      const delta = value['delta'] as Value;
      plain.text += String(delta['text'] ?? '');
      plain.reasoning += String(delta['thinking'] ?? '');
      if (delta['partial_json'] !== undefined && open) open.text += String(delta['partial_json']);
      if (delta['citation']) cite(plain, delta['citation'] as Value);
      break;
    }
    case 'message_delta':
      readStop(plain, value['delta'] as Value);
      readUsage(plain, value['usage'] as Value);
      break;
  }
}

/** The call whose input streams now. */
let open: { text: string } | undefined;

function readBlock(plain: Plain, block: Value): void {
  open = undefined;
  if (block['type'] === 'text') plain.text += String(block['text'] ?? '');
  for (const citation of block['type'] === 'text'
    ? ((block['citations'] as Value[] | null | undefined) ?? [])
    : [])
    cite(plain, citation);
  if (block['type'] === 'thinking') plain.reasoning += String(block['thinking']);
  if (block['type'] !== 'tool_use') return;
  const call = {
    id: String(block['id']),
    name: String(block['name']),
    text: block['input'] === undefined ? '' : JSON.stringify(block['input']),
  };
  open = call;
  plain.calls.push(call);
}

function cite(plain: Plain, citation: Value): void {
  if (citation['url'] !== undefined) plain.citations.push(String(citation['url']));
}

function readStop(plain: Plain, holder: Value): void {
  const words: Readonly<Record<string, string>> = {
    end_turn: 'stop',
    tool_use: 'calls',
    max_tokens: 'length',
    refusal: 'refusal',
    pause_turn: 'pause',
    compaction: 'pause',
  };
  if (typeof holder['stop_reason'] === 'string')
    plain.finish = words[holder['stop_reason']] ?? holder['stop_reason'];
  plain.refusal = String(
    (holder['stop_details'] as Value | null | undefined)?.['explanation'] ?? plain.refusal,
  );
}

function readUsage(plain: Plain, usage: Value): void {
  const before = plain.usage;
  const fresh = (before.input ?? 0) - (before.cached ?? 0) - (before.written ?? 0);
  const cached = (usage['cache_read_input_tokens'] as number | undefined) ?? before.cached ?? 0;
  const written = (usage['cache_creation_input_tokens'] as number | undefined) ?? before.written ?? 0;
  plain.usage = {
    input: ((usage['input_tokens'] as number | undefined) ?? fresh) + cached + written,
    output: usage['output_tokens'] as number,
    cached,
    written,
    reasoning:
      ((usage['output_tokens_details'] as Value | undefined)?.['thinking_tokens'] as number | undefined) ??
      before.reasoning ??
      0,
  };
}
