// Runs the translation the way the gateway does, with fixed time and ids, for goldens, laws and recordings.
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { gemini } from '../../src/protocols/gemini/index.ts';
import { ollama } from '../../src/protocols/ollama/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { ProtocolName } from '../../src/protocols/capabilities.ts';
import type { AnswerPipe, Codec, PipeStep, Protocol, RequestPath } from '../../src/protocols/protocol.ts';
import { isObject } from '../../src/lib/json.ts';
import { createTranslation, readRequest } from '../../src/protocols/translate.ts';
import type { Translation } from '../../src/protocols/translate.ts';
import { traits } from './wire-traits.ts';

/** The wires that have a codec; a new one joins every suite by its line here. */
export const wires = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
  ollama,
} as const satisfies { readonly [name in ProtocolName]?: Protocol & { readonly codec: Codec } };

export type WireName = keyof typeof wires;

export const wireNames = Object.keys(wires) as WireName[];

export interface TargetCase {
  readonly model: string;
  readonly issuer?: string;
  readonly maxOutput?: number;
  readonly contextWindow?: number;
  readonly version?: string;
  readonly quirks?: readonly string[];
  readonly suffixes?: readonly string[];
}

export function translate(
  client: WireName,
  upstream: WireName,
  body: unknown,
  target: TargetCase,
  path = '',
): Translation {
  const { sent, at } = send(client, body, path);
  const bytes = Buffer.from(JSON.stringify(sent));
  const wire: Protocol = wires[client];
  const protocol = wire.dialect?.(at) ?? wire;
  const request = readRequest(protocol, bytes, protocol.peek.request(bytes, { maxDepth: 100 }, at));
  return createTranslation({
    request,
    upstream: wires[upstream],
    issuer: 'example',
    newId: createIds(),
    now,
    ...target,
  });
}

/** Where a wire names model and stream in the path, the suites still write them into the body: here they part. */
export function send(
  client: WireName,
  body: unknown,
  path = '',
): { readonly sent: unknown; readonly at: RequestPath } {
  if (client !== 'gemini' || !isObject(body)) return { sent: body, at: { path, query: '' } };
  const { model, stream, ...sent } = body;
  const verb = stream === true ? 'streamGenerateContent' : 'generateContent';
  const at = { path, query: 'alt=sse', model: typeof model === 'string' ? model : '', verb };
  return { sent, at };
}

/** The body that goes upstream, as an object. */
export function bodyOf({ body }: Translation): Record<string, unknown> {
  return JSON.parse(Buffer.concat(body).toString()) as Record<string, unknown>;
}

/** A pipe for an answer of `upstream`, streamed or whole, to a client that asked for the same kind unless it says so. */
export function answerPipe(
  client: WireName,
  upstream: WireName,
  {
    stream,
    request = {},
    clientStream = stream,
  }: { readonly stream: boolean; readonly request?: object; readonly clientStream?: boolean },
): AnswerPipe {
  const body = {
    ...traits[client].minimal,
    ...traits[client][clientStream ? 'streamed' : 'whole'],
    ...request,
  };
  return translate(client, upstream, body, { model: 'model-of-upstream' }).pipe({ stream });
}

export interface Collected {
  readonly text: string;
  readonly failure: PipeStep['failure'];
  readonly meaningful: boolean;
}

/** Feeds bytes in pieces of the given sizes, the last size again and again. */
export function feed(
  pipe: AnswerPipe,
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.length],
): Collected {
  const pieces: Uint8Array[] = [];
  let failure: PipeStep['failure'];
  let meaningful = false;
  const take = (step: PipeStep): void => {
    for (const piece of step.output) pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
    failure ??= step.failure;
    meaningful ||= step.meaningful;
  };
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? bytes.length);
    take(pipe.push(bytes.subarray(at, at + size)));
    at += size;
  }
  take(pipe.end());
  return { text: Buffer.concat(pieces).toString(), failure, meaningful };
}

export function createIds(): (prefix: string) => string {
  let count = 0;
  return (prefix) => `${prefix}${String(++count).padStart(4, '0')}`;
}

function now(): number {
  return Date.UTC(2026, 0, 1);
}
