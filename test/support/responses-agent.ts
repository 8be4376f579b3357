// The agent of agent-upstream.ts in the Responses wire, written by hand and apart from the codec: it reasons, says a word,
// calls the first tool twice in parallel, and answers FINAL once it has both results. Like OpenAI it keeps what it says
// unless `store` is false, goes on from `previous_response_id`, and knows no proof of reasoning but its own.
import type { Script, SeenCall } from './upstream.ts';

export interface ResponsesAgentOptions {
  /** Goes into its proofs and ids. */
  readonly issuer?: string;
  /** Keeps nothing, and says so. */
  readonly stateless?: boolean;
}

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly store?: boolean;
  readonly input?: string | readonly Item[];
  readonly previous_response_id?: string | null;
  readonly tools?: readonly { readonly type: string; readonly name?: string }[];
}

export interface Item {
  readonly type?: string;
  readonly id?: string;
  readonly encrypted_content?: string | null;
  readonly [field: string]: unknown;
}

export const finalText = 'FINAL: two results, é 😀.';

export function createResponsesAgent(options: ResponsesAgentOptions = {}): Script {
  const { issuer = 'openai', stateless = false } = options;
  const kept = new Map<string, readonly Item[]>();
  const items = new Map<string, Item>();
  let count = 0;

  return (call: SeenCall): void => {
    const { body, response } = call;
    if (body === '') {
      const gone = kept.delete(decodeURIComponent(call.path.slice(call.path.lastIndexOf('/') + 1)));
      response.writeHead(gone ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ deleted: gone }));
      return;
    }
    const request = JSON.parse(body) as Body;
    const refuse = (status: number, message: string, param: string, code: string | null = null): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param, code } }));
    };
    const id = request.previous_response_id;
    const before = typeof id === 'string' ? kept.get(id) : [];
    if (!before) {
      refuse(
        400,
        `Previous response with id '${id}' not found.`,
        'previous_response_id',
        'previous_response_not_found',
      );
      return;
    }
    const own: readonly Item[] =
      typeof request.input === 'string'
        ? [{ type: 'message', role: 'user', content: request.input }]
        : (request.input ?? []);
    const conversation = [...before];
    for (const item of own) {
      const found = item.type === 'item_reference' ? items.get(item.id ?? '') : item;
      if (!found) {
        refuse(404, `Item with id '${item.id}' not found.`, 'input');
        return;
      }
      conversation.push(found);
    }
    const foreign = conversation.find(
      ({ encrypted_content: proof }) => typeof proof === 'string' && !proof.startsWith(`PROOF-OF-${issuer}-`),
    );
    if (foreign) {
      refuse(400, 'The encrypted content could not be verified.', 'input', 'invalid_encrypted_content');
      return;
    }
    const n = ++count;
    const tool = request.tools?.find(({ type }) => type === 'function')?.name;
    const calls = tool !== undefined && !conversation.some(({ type }) => type === 'function_call_output');
    const output = calls ? callTwice(tool, issuer, n) : finish(issuer, n);
    const store = !stateless && request.store !== false;
    const answer = skeleton(request, `resp_${issuer}_${n}`, store);
    if (store) {
      kept.set(answer.id, [...conversation, ...output]);
      for (const item of output) items.set(item.id!, item);
    }
    if (!request.stream) {
      const whole = { ...answer, status: 'completed', completed_at: 2, output, usage };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
      return;
    }
    const whole = { ...answer, status: 'completed', completed_at: 2, output, usage };
    const events = [
      { type: 'response.created', response: answer },
      { type: 'response.in_progress', response: answer },
      ...output.flatMap(itemEvents),
      { type: 'response.completed', response: whole },
    ];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      events
        .map(
          (event, index) =>
            `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`,
        )
        .join(''),
    );
  };
}

const usage = {
  input_tokens: 40,
  input_tokens_details: { cached_tokens: 30 },
  output_tokens: 12,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 52,
};

function callTwice(tool: string, issuer: string, n: number): readonly Item[] {
  return [
    think('Run it twice.', issuer, n),
    say('Looking.', issuer, n),
    ...['1', '2'].map((one) => ({
      type: 'function_call',
      id: `fc_${issuer}_${n}_${one}`,
      call_id: `call_${one}`,
      name: tool,
      arguments: `{"n":${one}}`,
      status: 'completed',
    })),
  ];
}

function finish(issuer: string, n: number): readonly Item[] {
  return [think('All there.', issuer, n), say(finalText, issuer, n)];
}

function think(text: string, issuer: string, n: number): Item {
  return {
    type: 'reasoning',
    id: `rs_${issuer}_${n}`,
    summary: [{ type: 'summary_text', text }],
    encrypted_content: `PROOF-OF-${issuer}-${n}`,
  };
}

function say(text: string, issuer: string, n: number): Item {
  return {
    type: 'message',
    id: `msg_${issuer}_${n}`,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
}

function skeleton(request: Body, id: string, store: boolean) {
  return {
    id,
    object: 'response',
    created_at: 1,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: request.model,
    output: [] as readonly Item[],
    parallel_tool_calls: true,
    previous_response_id: request.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: request.tools ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage: null as unknown,
    user: null,
  };
}

function itemEvents(item: Item, output_index: number): readonly { readonly type: string }[] {
  const place = { item_id: item.id, output_index };
  const added = (empty: object) => ({ type: 'response.output_item.added', output_index, item: empty });
  const done = { type: 'response.output_item.done', output_index, item };
  if (item.type === 'function_call') {
    const text = item['arguments'] as string;
    return [
      added({ ...item, arguments: '', status: 'in_progress' }),
      ...split(text).map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
      { type: 'response.function_call_arguments.done', ...place, name: item['name'], arguments: text },
      done,
    ] as readonly { readonly type: string }[];
  }
  if (item.type === 'reasoning') {
    const [part] = item['summary'] as readonly { readonly text: string }[];
    const inner = { ...place, summary_index: 0 };
    return [
      added({ ...item, summary: [], encrypted_content: '' }),
      { type: 'response.reasoning_summary_part.added', ...inner, part: { ...part, text: '' } },
      ...split(part!.text).map((delta) => ({
        type: 'response.reasoning_summary_text.delta',
        ...inner,
        delta,
      })),
      { type: 'response.reasoning_summary_text.done', ...inner, text: part!.text },
      { type: 'response.reasoning_summary_part.done', ...inner, part },
      done,
    ] as readonly { readonly type: string }[];
  }
  const [part] = item['content'] as readonly { readonly text: string }[];
  const inner = { ...place, content_index: 0 };
  return [
    added({ ...item, content: [], status: 'in_progress' }),
    { type: 'response.content_part.added', ...inner, part: { ...part, text: '' } },
    ...split(part!.text).map((delta) => ({
      type: 'response.output_text.delta',
      ...inner,
      delta,
      logprobs: [],
    })),
    { type: 'response.output_text.done', ...inner, text: part!.text, logprobs: [] },
    { type: 'response.content_part.done', ...inner, part },
    done,
  ] as readonly { readonly type: string }[];
}

function split(text: string): readonly string[] {
  return [...text.matchAll(/[^]{1,5}/gu)].map(([piece]) => piece);
}
