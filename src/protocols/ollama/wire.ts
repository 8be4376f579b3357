// The fields of Ollama's own API that the codec touches. Everything else survives as an extension; an option keeps its
// place behind the prefix `options.`.

export const wire = 'ollama';

/** Fields that chat and generate share and that have a meaning in the hub. */
const common = ['model', 'stream', 'format', 'options', 'think', 'logprobs', 'top_logprobs'] as const;

export const chatFields: ReadonlySet<string> = new Set([...common, 'messages', 'tools']);

export const generateFields: ReadonlySet<string> = new Set([...common, 'prompt', 'system', 'images']);

export const messageFields: ReadonlySet<string> = new Set([
  'role',
  'content',
  'thinking',
  'images',
  'tool_calls',
  'tool_name',
  'tool_call_id',
  'name',
]);

export const functionFields: ReadonlySet<string> = new Set(['name', 'description', 'parameters']);

/** Options with a meaning in the hub; the others steer the server that runs the model. */
export const optionFields: ReadonlySet<string> = new Set([
  'num_predict',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'presence_penalty',
  'frequency_penalty',
]);

/** A message as this codec writes it. */
export interface WireMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly thinking?: string | undefined;
  /** Base64 without a prefix. */
  readonly images?: readonly string[] | undefined;
  readonly tool_calls?: readonly WireCall[] | undefined;
  readonly tool_name?: string | undefined;
  readonly tool_call_id?: string | undefined;
}

export interface WireCall {
  readonly id: string;
  readonly function: { readonly index: number; readonly name: string; readonly arguments: unknown };
}
