// An upstream that plays a small agent in either wire, written by hand and apart from the codecs: it reasons, says a
// word, calls the first tool twice in parallel, and answers FINAL once it has both results.
import type { Script, SeenCall } from './upstream.ts';

interface ChatBody {
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

interface MessagesBody {
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | readonly { readonly type: string }[];
  }[];
}

/** Both wires at once: the path says which one is spoken. */
export const agent: Script = (call) =>
  call.path.endsWith('/messages') ? playMessages(call) : playChat(call);

export const finalText = 'FINAL: two results, é 😀.';

function playChat({ body, response }: SeenCall): void {
  const request = JSON.parse(body) as ChatBody;
  const tool = request.tools?.[0]?.function.name;
  const calls = tool !== undefined && !request.messages.some(({ role }) => role === 'tool');
  const message = calls
    ? {
        role: 'assistant',
        content: 'Looking.',
        reasoning_content: 'Run it twice.',
        tool_calls: ['1', '2'].map((n, index) => ({
          ...(request.stream && { index }),
          id: `call_${n}`,
          type: 'function',
          function: { name: tool, arguments: `{"n":${n}}` },
        })),
      }
    : { role: 'assistant', content: finalText, reasoning_content: 'All there.' };
  const finish = calls ? 'tool_calls' : 'stop';
  const usage = {
    prompt_tokens: 40,
    completion_tokens: 12,
    total_tokens: 52,
    prompt_tokens_details: { cached_tokens: 30 },
  };
  const base = { id: 'chatcmpl-agent', created: 1, model: 'chat-model' };
  if (!request.stream) {
    const whole = {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    return;
  }
  const chunk = (delta: object, reason: string | null = null) => ({
    ...base,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  const {
    tool_calls: made,
    content,
    reasoning_content: reasoning,
  } = message as typeof message & { tool_calls?: object[] };
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    ...split(reasoning).map((text) => chunk({ reasoning_content: text })),
    ...split(content).map((text) => chunk({ content: text })),
    ...(made ?? []).map((one) => chunk({ tool_calls: [one] })),
    chunk({}, finish),
    { ...base, object: 'chat.completion.chunk', choices: [], usage },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}data: [DONE]\n\n`);
}

function playMessages({ body, response }: SeenCall): void {
  const request = JSON.parse(body) as MessagesBody;
  const tool = request.tools?.[0]?.name;
  const answered = request.messages.some(
    ({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'tool_result'),
  );
  const calls = tool !== undefined && !answered;
  const content: readonly Block[] = calls
    ? [
        { type: 'thinking', thinking: 'Run it twice.', signature: 'SIGNATURE-OF-ISSUER' },
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', id: 'toolu_1', name: tool, input: { n: 1 } },
        { type: 'tool_use', id: 'toolu_2', name: tool, input: { n: 2 } },
      ]
    : [
        { type: 'thinking', thinking: 'All there.', signature: 'SIGNATURE-OF-ISSUER' },
        { type: 'text', text: finalText },
      ];
  const reason = calls ? 'tool_use' : 'end_turn';
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 30,
    cache_creation_input_tokens: 0,
    output_tokens: 12,
  };
  const base = {
    id: 'msg_agent',
    type: 'message',
    role: 'assistant',
    model: 'messages-model',
    stop_sequence: null,
  };
  if (!request.stream) {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ...base, content, stop_reason: reason, usage }));
    return;
  }
  const events = [
    {
      type: 'message_start',
      message: { ...base, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    ...content.flatMap((block, index) => blockEvents(block, index)),
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { output_tokens: 12 },
    },
    { type: 'message_stop' },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
}

interface Block {
  readonly type: string;
  readonly thinking?: string;
  readonly text?: string;
  readonly signature?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: object;
}

function blockEvents(block: Block, index: number): { readonly type: string }[] {
  const empty = {
    thinking: { ...block, thinking: '', signature: '' },
    text: { ...block, text: '' },
    tool_use: { ...block, input: {} },
  };
  const deltas =
    block.type === 'thinking'
      ? [
          ...split(block.thinking!).map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: block.signature },
        ]
      : block.type === 'text'
        ? split(block.text!).map((text) => ({ type: 'text_delta', text }))
        : split(JSON.stringify(block.input)).map((piece) => ({
            type: 'input_json_delta',
            partial_json: piece,
          }));
  return [
    { type: 'content_block_start', index, content_block: empty[block.type as keyof typeof empty] } as {
      type: string;
    },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index } as { type: string },
  ];
}

function split(text: string): readonly string[] {
  return [...text.matchAll(/[^]{1,5}/gu)].map(([piece]) => piece);
}
