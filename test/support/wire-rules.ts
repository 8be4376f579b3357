// What the vendors' servers refuse in a request, from their documentation: a request that breaks one of these would be
// a 400 in production. Written by hand, apart from the codecs.
import type { WireName } from './translation.ts';

type Body = { readonly [key: string]: unknown };

/** Faults of a request body, each as one line; empty for a request that the vendor takes. */
export function findRequestFaults(wire: WireName, body: Body): readonly string[] {
  return finders[wire](body);
}

const finders: { readonly [wire in WireName]: (body: Body) => readonly string[] } = {
  'openai-chat': findChatFaults,
  'openai-responses': findResponsesFaults,
  'anthropic-messages': findMessagesFaults,
  gemini: findGeminiFaults,
  ollama: findOllamaFaults,
};

function findChatFaults(body: Body): readonly string[] {
  const faults: string[] = [];
  const messages = body['messages'] as readonly Body[];
  let open = new Set<string>();
  messages.forEach((message, i) => {
    const role = message['role'];
    if (!['system', 'developer', 'user', 'assistant', 'tool'].includes(String(role)))
      faults.push(`messages[${i}]: role ${String(role)}`);
    if (role === 'tool') {
      if (typeof message['content'] !== 'string')
        faults.push(`messages[${i}]: a tool's content must be text`);
      if (!open.delete(String(message['tool_call_id']))) faults.push(`messages[${i}]: no such call is open`);
      return;
    }
    if (open.size > 0) faults.push(`messages[${i}]: ${open.size} calls before it have no result`);
    open = new Set(
      ((message['tool_calls'] as readonly Body[] | undefined) ?? []).map((call) => String(call['id'])),
    );
    for (const call of (message['tool_calls'] as readonly Body[] | undefined) ?? [])
      faults.push(...findCallFaults(call, i));
    if (message['content'] === null && open.size === 0 && message['refusal'] === undefined) {
      faults.push(`messages[${i}]: empty content without calls`);
    }
    if (role === 'user' && Array.isArray(message['content'])) {
      for (const part of message['content'] as readonly Body[]) {
        if (!['text', 'image_url', 'input_audio', 'file'].includes(String(part['type'])))
          faults.push(`messages[${i}]: part ${String(part['type'])}`);
      }
    }
  });
  for (const tool of (body['tools'] as readonly Body[] | undefined) ?? []) {
    const inner = tool[String(tool['type'])] as Body | undefined;
    if (!/^[\w-]{1,64}$/.test(String(inner?.['name']))) faults.push(`tool name ${String(inner?.['name'])}`);
  }
  if (body['tool_choice'] !== undefined && body['tools'] === undefined)
    faults.push('tool_choice without tools');
  if (body['stream'] !== true && body['stream_options'] !== undefined)
    faults.push('stream_options without stream');
  if (((body['stop'] as readonly string[] | undefined) ?? []).length > 4) faults.push('more than four stops');
  if (body['max_tokens'] !== undefined && body['max_completion_tokens'] !== undefined)
    faults.push('two token limits');
  return [...faults, ...findSealFaults(body)];
}

function findResponsesFaults(body: Body): readonly string[] {
  const faults: string[] = [];
  const items = body['input'] as readonly Body[];
  /** Call → the type that its result must have. */
  const open = new Map<string, string>();
  items.forEach((item, i) => {
    const at = `input[${i}]`;
    const type = String(item['type']);
    if (item['id'] !== undefined && own.has(type)) faults.push(`${at}: an id that nobody stored`);
    switch (type) {
      case 'message':
        if (open.size > 0) faults.push(`${at}: ${open.size} calls before it have no result`);
        faults.push(...findMessageFaults(item, at));
        break;
      case 'reasoning':
        if (!Array.isArray(item['summary'])) faults.push(`${at}: no summary`);
        if (typeof item['encrypted_content'] !== 'string')
          faults.push(`${at}: reasoning without its content`);
        break;
      case 'function_call':
      case 'custom_tool_call':
        if (!/^[\w-]{1,64}$/.test(String(item['name']))) faults.push(`${at}: name ${String(item['name'])}`);
        if (!/^[\w-]{1,64}$/.test(String(item['call_id'])))
          faults.push(`${at}: id ${String(item['call_id'])}`);
        if (type === 'function_call' && !isJson(item['arguments']))
          faults.push(`${at}: arguments are no JSON`);
        open.set(String(item['call_id']), `${type}_output`);
        break;
      case 'function_call_output':
      case 'custom_tool_call_output':
        if (open.get(String(item['call_id'])) !== type) faults.push(`${at}: no such call is open`);
        open.delete(String(item['call_id']));
        if (typeof item['output'] !== 'string' && !Array.isArray(item['output']))
          faults.push(`${at}: no output`);
        break;
    }
  });
  if (open.size > 0) faults.push('the last calls have no results');
  for (const tool of (body['tools'] as readonly Body[] | undefined) ?? []) {
    const named = tool['type'] === 'function' || tool['type'] === 'custom';
    if (named && !/^[\w-]{1,64}$/.test(String(tool['name'])))
      faults.push(`tool name ${String(tool['name'])}`);
    if (tool['type'] === 'function' && (tool['parameters'] === undefined || tool['strict'] === undefined))
      faults.push(`tool ${String(tool['name'])} lacks what the types require`);
  }
  if (body['tool_choice'] !== undefined && body['tools'] === undefined)
    faults.push('tool_choice without tools');
  for (const field of [
    'stop',
    'n',
    'seed',
    'logit_bias',
    'presence_penalty',
    'frequency_penalty',
    'messages',
  ])
    if (body[field] !== undefined) faults.push(`field ${field}`);
  if (((body['max_output_tokens'] as number | undefined) ?? 16) < 16) faults.push('fewer than 16 tokens');
  if (body['store'] !== false) faults.push('the conversation would be stored');
  return [...faults, ...findSealFaults(body)];
}

/** Items that a gateway makes itself; all others go back to the wire that they came from. */
const own: ReadonlySet<string> = new Set([
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'function_call_output',
  'custom_tool_call_output',
]);

const partsOf: Readonly<Record<string, readonly string[]>> = {
  assistant: ['output_text', 'refusal'],
  user: ['input_text', 'input_image', 'input_file', 'input_audio'],
  system: ['input_text'],
  developer: ['input_text'],
};

function findMessageFaults(item: Body, at: string): readonly string[] {
  const allowed = partsOf[String(item['role'])];
  if (allowed === undefined) return [`${at}: role ${String(item['role'])}`];
  const parts = item['content'] as readonly Body[];
  if (parts.length === 0) return [`${at} is empty`];
  return parts
    .filter(({ type }) => !allowed.includes(String(type)))
    .map(({ type }) => `${at}: part ${String(type)}`);
}

function isJson(text: unknown): boolean {
  try {
    JSON.parse(String(text));
    return true;
  } catch {
    return false;
  }
}

function findGeminiFaults(body: Body): readonly string[] {
  const faults: string[] = [];
  const contents = body['contents'] as readonly Body[];
  if (contents.length === 0) faults.push('no contents');
  if (contents[0]?.['role'] !== 'user') faults.push('the first content is not the user’s');
  let open: readonly Body[] = [];
  contents.forEach(({ role, parts }, i) => {
    const list = parts as readonly Body[];
    if (role !== 'user' && role !== 'model') faults.push(`contents[${i}]: role ${String(role)}`);
    if (i > 0 && contents[i - 1]!['role'] === role) faults.push(`contents[${i}]: the roles do not alternate`);
    if (list.length === 0) faults.push(`contents[${i}] is empty`);
    const results = pick(list, 'functionResponse');
    if (results.length !== open.length)
      faults.push(`contents[${i}]: ${results.length} results of ${open.length} calls`);
    results.forEach(({ id, name }, at) => {
      const call =
        open.find((one) => (id === undefined ? one['name'] === name : one['id'] === id)) ?? open[at];
      if (call?.['name'] !== name || call?.['id'] !== id)
        faults.push(`contents[${i}]: a result without its call`);
    });
    open = pick(list, 'functionCall');
    const signed = list.filter((part) => part['functionCall'] && part['thoughtSignature']).length;
    if (signed > 1) faults.push(`contents[${i}]: more than one call is signed`);
    for (const part of list) faults.push(...findGeminiPartFaults(part, `contents[${i}]`));
  });
  const config = (body['generationConfig'] as Body | undefined) ?? {};
  if (((config['stopSequences'] as readonly string[] | undefined) ?? []).length > 5)
    faults.push('more than five stops');
  const calling = (body['toolConfig'] as Body | undefined)?.['functionCallingConfig'] as Body | undefined;
  if (calling?.['mode'] === 'ANY' && config['responseMimeType'] === 'application/json')
    faults.push('a forced call beside JSON');
  if (calling?.['allowedFunctionNames'] && !['ANY', 'VALIDATED'].includes(String(calling['mode'])))
    faults.push('names for a free choice');
  const declared = ((body['tools'] as readonly Body[] | undefined) ?? []).flatMap(
    (tool) => (tool['functionDeclarations'] as readonly Body[] | undefined) ?? [],
  );
  for (const { name, parameters, parametersJsonSchema } of declared) {
    if (!/^[a-zA-Z_][\w.:-]{0,63}$/.test(String(name))) faults.push(`function name ${String(name)}`);
    if (parameters !== undefined && parametersJsonSchema !== undefined)
      faults.push('two schemas of one function');
  }
  if (calling !== undefined && declared.length === 0) faults.push('a choice without functions');
  const text = JSON.stringify(body);
  if (
    /"(type|model|stream|max_tokens)":/.test(
      Object.keys(body)
        .map((key) => `"${key}":`)
        .join(),
    )
  )
    faults.push('a field of others');
  return text.includes('b21uaXJvdXRlLXNlYWw6') ? [...faults, 'a sealed proof leaves the gateway'] : faults;
}

function pick(parts: readonly Body[], kind: string): readonly Body[] {
  return parts.map((part) => part[kind] as Body | undefined).filter((one) => one !== undefined);
}

const partKinds = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse'];
const ownKinds = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];

function findGeminiPartFaults(part: Body, at: string): readonly string[] {
  const kinds = [...partKinds, ...ownKinds].filter((kind) => part[kind] !== undefined);
  const faults = kinds.length === 1 ? [] : [`${at}: a part of ${kinds.length} kinds`];
  if (part['text'] === '' && part['thoughtSignature'] === undefined) faults.push(`${at}: an empty text`);
  const call = part['functionCall'] as Body | undefined;
  if (call !== undefined && (typeof call['args'] !== 'object' || Array.isArray(call['args'])))
    faults.push(`${at}: arguments are no object`);
  const result = part['functionResponse'] as Body | undefined;
  if (result !== undefined && typeof result['response'] !== 'object')
    faults.push(`${at}: a result is no object`);
  return faults;
}

function findCallFaults(call: Body, i: number): readonly string[] {
  if (call['type'] === 'custom') return [];
  const fn = call['function'] as Body;
  return isJson(fn['arguments']) ? [] : [`messages[${i}]: arguments are no JSON`];
}

function findMessagesFaults(body: Body): readonly string[] {
  const faults: string[] = [];
  const messages = body['messages'] as readonly Body[];
  if (typeof body['max_tokens'] !== 'number' || body['max_tokens'] < 1) faults.push('max_tokens is missing');
  if (messages.length === 0) faults.push('no messages');
  if (messages[0]?.['role'] === 'assistant') faults.push('the first message is the assistant’s');
  let open: readonly string[] = [];
  messages.forEach((message, i) => {
    const blocks = message['content'] as readonly Body[];
    const results = blocks
      .filter(({ type }) => type === 'tool_result')
      .map((block) => String(block['tool_use_id']));
    if (blocks.length === 0) faults.push(`messages[${i}] is empty`);
    if (open.length > 0 && (message['role'] !== 'user' || open.some((id) => !results.includes(id)))) {
      faults.push(`messages[${i}]: results of ${open.join(', ')} must come here`);
    }
    if (results.some((id) => !open.includes(id))) faults.push(`messages[${i}]: a result without its call`);
    if (new Set(results).size < results.length) faults.push(`messages[${i}]: two results of one call`);
    const firstOther = blocks.findIndex(({ type }) => type !== 'tool_result');
    if (firstOther !== -1 && blocks.slice(firstOther).some(({ type }) => type === 'tool_result')) {
      faults.push(`messages[${i}]: results must come first`);
    }
    const calls = message['role'] === 'assistant' ? blocks.filter(({ type }) => type === 'tool_use') : [];
    open = calls.map((block) => String(block['id']));
    for (const block of blocks) faults.push(...findBlockFaults(block, `messages[${i}]`));
  });
  if (open.length > 0) faults.push('the last calls have no results');
  for (const block of (body['system'] as readonly Body[] | undefined) ?? [])
    faults.push(...findBlockFaults(block, 'system'));
  const tools = (body['tools'] as readonly Body[] | undefined) ?? [];
  for (const tool of tools) {
    if (!/^[\w-]{1,128}$/.test(String(tool['name']))) faults.push(`tool name ${String(tool['name'])}`);
    if (tool['type'] === undefined && (tool['input_schema'] as Body)['type'] !== 'object')
      faults.push('a schema of no object');
  }
  if (tools.length === 0 && JSON.stringify(messages).includes('"tool_use"'))
    faults.push('calls in the history, but no tools');
  if (new Set(tools.map(({ name }) => name)).size < tools.length) faults.push('two tools of one name');
  if (countMarks(body) > 4) faults.push('more than four cache marks');
  const thinking = body['thinking'] as Body | undefined;
  if (thinking?.['type'] === 'enabled') {
    const budget = thinking['budget_tokens'] as number;
    if (budget < 1024 || budget >= (body['max_tokens'] as number)) faults.push('the budget does not fit');
  }
  const thinks = thinking !== undefined && thinking['type'] !== 'disabled';
  const choice = (body['tool_choice'] as Body | undefined)?.['type'];
  if (thinks && (choice === 'any' || choice === 'tool')) faults.push('a forced call while thinking');
  if (thinks && (body['temperature'] !== undefined || body['top_k'] !== undefined))
    faults.push('sampling while thinking');
  return [...faults, ...findSealFaults(body)];
}

const ollamaFields = [
  'model',
  'messages',
  'tools',
  'format',
  'options',
  'stream',
  'think',
  'keep_alive',
  'truncate',
  'shift',
  'logprobs',
  'top_logprobs',
];

// Go's decoder refuses another type, and the whole request with it; what it does not know it ignores.
function findOllamaFaults(body: Body): readonly string[] {
  const faults: string[] = [];
  for (const name of Object.keys(body))
    if (!ollamaFields.includes(name) && name !== 'vendor_field') faults.push(`field ${name}`);
  const messages = body['messages'] as readonly Body[];
  let open: readonly string[] = [];
  messages.forEach((message, i) => {
    const at = `messages[${i}]`;
    const { role, content, thinking, images, tool_calls: calls = [] } = message;
    if (!['system', 'user', 'assistant', 'tool'].includes(String(role)))
      faults.push(`${at}: role ${String(role)}`);
    if (typeof content !== 'string') faults.push(`${at}: content is no text`);
    if (thinking !== undefined && typeof thinking !== 'string') faults.push(`${at}: thinking is no text`);
    for (const image of (images as readonly unknown[] | undefined) ?? [])
      if (typeof image !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(image)) faults.push(`${at}: an image`);
    if (role === 'tool') {
      if (!open.includes(String(message['tool_call_id']))) faults.push(`${at}: no such call is open`);
      if (typeof message['tool_name'] !== 'string') faults.push(`${at}: a result without a name`);
      open = open.filter((id) => id !== message['tool_call_id']);
      return;
    }
    if (open.length > 0) faults.push(`${at}: results of ${open.join(', ')} must come here`);
    open = (calls as readonly Body[]).map(({ id }) => String(id));
    (calls as readonly Body[]).forEach((call, k) => {
      const fn = call['function'] as Body;
      const args = fn['arguments'];
      if (typeof args !== 'object' || args === null || Array.isArray(args))
        faults.push(`${at}: arguments are no object`);
      if (fn['index'] !== k) faults.push(`${at}: index ${String(fn['index'])}`);
    });
  });
  for (const tool of (body['tools'] as readonly Body[] | undefined) ?? []) {
    const fn = tool['function'] as Body;
    if (tool['type'] !== 'function' || typeof fn['name'] !== 'string')
      faults.push('a tool that is no function');
    if ((fn['parameters'] as Body)['type'] !== 'object') faults.push('parameters of no object');
  }
  const { format, think, stream } = body;
  if (format !== undefined && format !== 'json' && typeof format !== 'object') faults.push('format');
  if (think !== undefined && ![true, false, 'low', 'medium', 'high'].includes(think as string))
    faults.push(`think ${String(think)}`);
  if (typeof stream !== 'boolean') faults.push('silence about the stream means yes');
  return [...faults, ...findSealFaults(body)];
}

function findBlockFaults(block: Body, at: string): readonly string[] {
  const faults: string[] = [];
  if (block['type'] === 'text' && String(block['text']).trim() === '')
    faults.push(`${at}: a blank text block`);
  if (block['type'] === 'tool_use' && !/^[\w-]+$/.test(String(block['id'])))
    faults.push(`${at}: id ${String(block['id'])}`);
  if (
    block['type'] === 'tool_use' &&
    (typeof block['input'] !== 'object' || block['input'] === null || Array.isArray(block['input']))
  ) {
    faults.push(`${at}: input is no object`);
  }
  if (String(block['type']).endsWith('thinking') && block['cache_control'] !== undefined)
    faults.push(`${at}: a mark on thinking`);
  return faults;
}

function countMarks(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + countMarks(one), 0);
  const own = (value as Body)['cache_control'] === undefined ? 0 : 1;
  return own + Object.values(value).reduce((sum: number, one) => sum + countMarks(one), 0);
}

/** What we sealed for a client must never reach an upstream. */
function findSealFaults(body: Body): readonly string[] {
  return JSON.stringify(body).includes('b21uaXJvdXRlLXNlYWw6') ? ['a sealed proof leaves the gateway'] : [];
}
