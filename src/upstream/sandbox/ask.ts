// What a request asks for, read out of any of the five wires: just enough to play a model that answers it.
import type { JsonObject } from './json.ts';
import { asObject, byteLength } from './json.ts';

/** The wires that the simulator speaks. */
export const wireNames = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'ollama',
] as const;

export type WireName = (typeof wireNames)[number];

/** A tool that the client offers and would run itself; hosted tools are not listed. */
export interface OfferedTool {
  /** `custom` tools (Responses, Chat) take free text instead of JSON arguments. */
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** Responses groups tools in namespaces; a call must name both parts separately. */
  readonly namespace?: string;
  readonly description: string;
  /** JSON schema of the arguments; `{}` for a custom tool. */
  readonly schema: unknown;
}

export interface SeenImage {
  readonly mediaType: string;
  /** Decoded size, for inline images. */
  readonly bytes?: number;
  readonly url?: string;
}

export interface ToolResult {
  /** Id of the call that it answers; the tool's name on wires without ids. */
  readonly call: string;
  readonly text: string;
}

/** `named` forces one tool, `any` forces some tool. */
export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'any' }
  | { readonly kind: 'named'; readonly name: string };

export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  /** Text of the newest user message, parts joined by a line end; empty when there is none. */
  readonly lastUserText: string;
  /** Images of the newest user message. */
  readonly images: readonly SeenImage[];
  readonly tools: readonly OfferedTool[];
  readonly choice: ToolChoice;
  /** Whether several calls in one turn are allowed. */
  readonly parallel: boolean;
  /** Results that arrived after the newest assistant turn, in order. */
  readonly results: readonly ToolResult[];
  /** Schema of the answer that is asked for; `{}` for "any JSON". */
  readonly schema?: unknown;
  /** Tokens, reasoning included. */
  readonly maxOutput?: number;
  readonly stop: readonly string[];
  /** Number of choices (Chat `n`, Gemini `candidateCount`). */
  readonly choices: number;
  /** Whether reasoning text may be shown; its proof is sent either way. `off`: no reasoning at all. */
  readonly reasoning: 'shown' | 'hidden' | 'off';
  /** UTF-8 bytes of everything that counts as prompt; tokens are these divided by four. */
  readonly promptBytes: number;
  /** The parsed body, for wires whose answer echoes the request. */
  readonly body: JsonObject;
}

/** A request that a real upstream would refuse with a 400. */
export class BadAsk extends Error {
  override readonly name = 'BadAsk';
  /** The field at fault. */
  readonly param: string;

  constructor(param: string, message: string) {
    super(message);
    this.param = param;
  }
}

/** Bytes that one image counts as prompt: 85 tokens, what vendors charge for a small picture. */
const imageBytes = 85 * 4;

/** Adds up prompt bytes while a reader walks the conversation. */
export class PromptMeter {
  bytes = 0;

  /** Counts the text and returns it. */
  text(text: string): string {
    this.bytes += byteLength(text);
    return text;
  }

  image(image: SeenImage): SeenImage {
    this.bytes += imageBytes;
    return image;
  }

  /** Tools are part of the prompt: names, descriptions and schemas count. */
  tools(tools: readonly OfferedTool[]): void {
    for (const tool of tools) {
      this.text(tool.name);
      this.text(tool.description);
      this.text(JSON.stringify(tool.schema));
    }
  }
}

/** A URL, or a data URI with its type and decoded size. */
export function seeImage(url: string): SeenImage {
  const match = /^data:([^;,]+)(;base64)?,(.*)$/s.exec(url);
  if (!match) return { mediaType: 'image/*', url };
  return { mediaType: match[1] ?? 'image/*', bytes: decodedSize(match[3] ?? '') };
}

/** Size of base64 text once decoded. */
export function decodedSize(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

/** The model, which every wire but Gemini carries in the body. */
export function readModel(body: JsonObject): string {
  if (typeof body['model'] !== 'string' || body['model'] === '') {
    throw new BadAsk('model', 'you must provide a model parameter');
  }
  return body['model'];
}

/** A list that must be there. */
export function readRequiredList(body: JsonObject, key: string): readonly JsonObject[] {
  const value = body[key];
  if (!Array.isArray(value)) throw new BadAsk(key, `${key}: expected an array`);
  return value.map((member, index) => {
    const object = asObject(member);
    if (!object) throw new BadAsk(key, `${key}[${index}]: expected an object`);
    return object;
  });
}
