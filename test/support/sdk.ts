// What the vendors' own SDKs read out of an answer: the judge over everything that a codec writes.
import Anthropic from '@anthropic-ai/sdk';
import Anthropic0 from 'anthropic-sdk-0';
import { GoogleGenAI, type GenerateContentResponse } from '@google/genai';
import { Ollama, type ChatResponse } from 'ollama';
import OpenAI from 'openai';
import type { WireName } from './translation.ts';

/** An answer in words that no vendor owns; what is absent is left out. */
export interface Summary {
  readonly text?: string;
  readonly reasoning?: string;
  readonly refusal?: string;
  readonly calls?: readonly { readonly id?: string; readonly name: string; readonly arguments: unknown }[];
  readonly finish: string | null;
  readonly usage?: {
    readonly input?: number;
    readonly output?: number;
    readonly cached?: number;
    readonly written?: number;
    readonly reasoning?: number;
  };
  readonly citations?: readonly string[];
}

/** Reads an answer (a whole body, or the text of a stream) as a client of that wire would. */
export function readWithSdk(wire: WireName, answer: string, stream: boolean): Promise<Summary> {
  return readers[wire](answer, stream);
}

const readers: { readonly [wire in WireName]: (answer: string, stream: boolean) => Promise<Summary> } = {
  'openai-chat': (answer, stream) => (stream ? readChatStream(answer) : readChat(answer)),
  'openai-responses': readResponses,
  'anthropic-messages': readBothMessages,
  gemini: readGemini,
  ollama: readOllama,
};

/** Two generations of the SDK must agree. */
async function readBothMessages(answer: string, stream: boolean): Promise<Summary> {
  const newest = await readMessages(Anthropic, answer, stream);
  const oldest = await readMessages(Anthropic0, answer, stream);
  if (JSON.stringify(newest) !== JSON.stringify(oldest)) {
    throw new Error(`the two Anthropic SDKs disagree: ${JSON.stringify(newest)} ${JSON.stringify(oldest)}`);
  }
  return newest;
}

interface ChatMessage {
  readonly content: string | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string;
  readonly annotations?: readonly { readonly url_citation: { readonly url: string } }[];
  readonly tool_calls?: readonly OpenAI.ChatCompletionMessageToolCall[];
  readonly function_call?: { readonly name: string; readonly arguments: string } | null;
}

async function readChat(answer: string): Promise<Summary> {
  const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serve(answer, 'application/json') });
  const completion = await client.chat.completions.create({ model: 'm', messages: [] });
  const choice = completion.choices[0]!;
  return summarizeChat(choice.message as ChatMessage, choice.finish_reason, completion.usage);
}

async function readChatStream(answer: string): Promise<Summary> {
  const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serve(answer, 'text/event-stream') });
  const stream = client.chat.completions.stream({ model: 'm', messages: [] });
  let reasoning = '';
  const annotations: NonNullable<ChatMessage['annotations']>[number][] = [];
  stream.on('chunk', (chunk) => {
    const delta = chunk.choices[0]?.delta as
      | { reasoning_content?: string; annotations?: typeof annotations }
      | undefined;
    reasoning += delta?.reasoning_content ?? '';
    annotations.push(...(delta?.annotations ?? []));
  });
  const completion = await stream.finalChatCompletion();
  const choice = completion.choices[0]!;
  const message = { ...(choice.message as ChatMessage), reasoning_content: reasoning, annotations };
  return summarizeChat(message, choice.finish_reason, completion.usage);
}

function summarizeChat(
  message: ChatMessage,
  finish: string,
  usage: OpenAI.CompletionUsage | undefined,
): Summary {
  const calls = (message.tool_calls ?? []).map((call) =>
    call.type === 'function'
      ? { id: call.id, name: call.function.name, arguments: parse(call.function.arguments) }
      : { id: call.id, name: call.custom.name, arguments: call.custom.input },
  );
  const legacy = message.function_call;
  if (legacy) calls.push({ id: '', name: legacy.name, arguments: parse(legacy.arguments) });
  return compact({
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    refusal: message.refusal ?? '',
    calls,
    finish,
    usage: usage && {
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      written: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
      reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    },
    citations: (message.annotations ?? []).map((annotation) => annotation.url_citation.url),
  });
}

async function readResponses(answer: string, stream: boolean): Promise<Summary> {
  const type = stream ? 'text/event-stream' : 'application/json';
  const client = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: serve(answer, type) });
  const body = { model: 'm', input: 'x' };
  const response = stream
    ? await client.responses.stream(body).finalResponse()
    : await client.responses.create(body);
  const { output, usage } = response;
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  const texts = parts.filter((part) => part.type === 'output_text');
  return compact({
    text: texts.map(({ text }) => text).join(''),
    reasoning: output
      .flatMap((item) => (item.type === 'reasoning' ? item.summary.map(({ text }) => text) : []))
      .join(''),
    refusal: parts.map((part) => (part.type === 'refusal' ? part.refusal : '')).join(''),
    calls: output.flatMap((item) => {
      switch (item.type) {
        case 'function_call':
          return [{ id: item.call_id, name: spell(item), arguments: parse(item.arguments) }];
        case 'custom_tool_call':
          return [{ id: item.call_id, name: spell(item), arguments: item.input }];
        case 'shell_call':
          return [{ id: item.call_id, name: 'shell', arguments: item.action }];
        case 'apply_patch_call':
          return [{ id: item.call_id, name: 'apply_patch', arguments: item.operation }];
        default:
          return [];
      }
    }),
    finish: response.incomplete_details?.reason ?? response.status ?? null,
    usage: usage && {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cached: usage.input_tokens_details.cached_tokens,
      written: usage.input_tokens_details.cache_write_tokens,
      reasoning: usage.output_tokens_details.reasoning_tokens,
    },
    citations: texts.flatMap(({ annotations }) =>
      annotations.map((one) => (one.type === 'url_citation' ? one.url : one.type)),
    ),
  });
}

function spell({ name, namespace }: { readonly name: string; readonly namespace?: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

type AnyAnthropic = typeof Anthropic | typeof Anthropic0;

async function readMessages(Sdk: AnyAnthropic, answer: string, stream: boolean): Promise<Summary> {
  const type = stream ? 'text/event-stream' : 'application/json';
  const client = new Sdk({ apiKey: 'x', maxRetries: 0, fetch: serve(answer, type) }) as Anthropic;
  const body = { model: 'm', max_tokens: 10, messages: [] };
  const message = stream
    ? await client.messages.stream(body).finalMessage()
    : await client.messages.create(body);
  const { content, usage } = message;
  const pick = <Type extends string>(kind: Type) =>
    content.filter(
      (block): block is Extract<(typeof content)[number], { type: Type }> => block.type === kind,
    );
  return compact({
    text: pick('text')
      .map(({ text }) => text)
      .join(''),
    reasoning: pick('thinking')
      .map(({ thinking }) => thinking)
      .join(''),
    refusal: message.stop_details?.explanation ?? '',
    calls: pick('tool_use').map(({ id, name, input }) => ({ id, name, arguments: input })),
    finish: message.stop_reason,
    usage: {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cached: usage.cache_read_input_tokens ?? 0,
      written: usage.cache_creation_input_tokens ?? 0,
      reasoning: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
    citations: pick('text').flatMap(({ citations }) =>
      (citations ?? []).map((one) => ('url' in one ? one.url : one.type)),
    ),
  });
}

// This SDK takes no fetch of ours: it gets the answer over the global one, which is put back at once.
async function readGemini(answer: string, stream: boolean): Promise<Summary> {
  const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://127.0.0.1:1' } });
  const body = { model: 'm', contents: 'x' };
  const chunks: GenerateContentResponse[] = [];
  await serveGlobally(answer, stream ? 'text/event-stream' : 'application/json', async () => {
    if (stream) for await (const chunk of await client.models.generateContentStream(body)) chunks.push(chunk);
    else chunks.push(await client.models.generateContent(body));
  });
  const candidates = chunks.map((chunk) => chunk.candidates?.[0]);
  const parts = candidates.flatMap((candidate) => candidate?.content?.parts ?? []);
  const { usageMetadata: usage } = chunks.at(-1)!;
  const words = (thought: boolean): string =>
    parts
      .filter((part) => (part.thought === true) === thought)
      .map(({ text }) => text ?? '')
      .join('');
  const thoughts = usage?.thoughtsTokenCount ?? 0;
  return compact({
    text: words(false),
    reasoning: words(true),
    calls: chunks.flatMap(({ functionCalls = [] }) =>
      functionCalls.map(({ id = '', name = '', args }) => ({ id, name, arguments: args })),
    ),
    finish: candidates.at(-1)?.finishReason ?? null,
    usage: usage && {
      input: usage.promptTokenCount ?? 0,
      output: (usage.candidatesTokenCount ?? 0) + thoughts,
      cached: usage.cachedContentTokenCount ?? 0,
      reasoning: thoughts,
    },
    citations: candidates.flatMap((candidate) =>
      (candidate?.groundingMetadata?.groundingChunks ?? []).map(({ web }) => web?.uri ?? ''),
    ),
  });
}

async function serveGlobally(answer: string, type: string, run: () => Promise<void>): Promise<void> {
  const { fetch: before } = globalThis;
  globalThis.fetch = serve(answer, type);
  try {
    await run();
  } finally {
    globalThis.fetch = before;
  }
}

async function readOllama(answer: string, stream: boolean): Promise<Summary> {
  const client = new Ollama({
    host: 'http://127.0.0.1:1',
    fetch: serve(answer, stream ? 'application/x-ndjson' : 'application/json'),
  });
  const body = { model: 'm', messages: [] };
  const lines: ChatResponse[] = [];
  if (stream) for await (const line of await client.chat({ ...body, stream })) lines.push(line);
  else lines.push(await client.chat({ ...body, stream }));
  const calls = lines.flatMap(({ message }) => message.tool_calls ?? []) as readonly {
    readonly id?: string;
    readonly function: { readonly index?: number; readonly name: string; readonly arguments: unknown };
  }[];
  if (calls.some((call, index) => call.function.index !== index)) throw new Error('calls are not in order');
  const last = lines.at(-1)!;
  return compact({
    text: lines.map(({ message }) => message.content).join(''),
    reasoning: lines.map(({ message }) => message.thinking ?? '').join(''),
    calls: calls.map(({ id, function: fn }) => ({
      ...(id && { id }),
      name: fn.name,
      arguments: fn.arguments,
    })),
    finish: last.done_reason,
    usage: { input: last.prompt_eval_count, output: last.eval_count },
  });
}

function serve(answer: string, type: string): typeof fetch {
  return async () => new Response(answer, { headers: { 'content-type': type } });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Leaves out what is empty, so that expectations only say what matters. */
function compact(summary: { readonly [field in keyof Summary]: Summary[field] | undefined }): Summary {
  const filled = Object.entries(summary).filter(
    ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  const result = Object.fromEntries(filled) as { usage?: Record<string, number> };
  if (result.usage)
    result.usage = Object.fromEntries(Object.entries(result.usage).filter(([, count]) => count !== 0));
  return result as Summary;
}
