// Ollama's own API: `POST /api/chat`, and the older `POST /api/generate` as a dialect of the same wire.
import type { Part } from '../../ir/parts.ts';
import type { Codec, Protocol, RequestPath } from '../protocol.ts';
import { changeChat, changeGenerate } from './changes.ts';
import { errors } from './errors.ts';
import { chatPeek, generatePeek, namePeek } from './peek.ts';
import { decodeChat, decodeGenerate, encodeRequest } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { chatShape, generateShape, type Shape } from './shape.ts';
import { createAnswerDecoder } from './stream-decoder.ts';
import { createAnswerEncoder } from './stream-encoder.ts';

/** The time that Ollama writes where there is none. */
const noTime = '0001-01-01T00:00:00Z';

const shared = {
  name: 'ollama',
  streamContentType: 'application/x-ndjson',
  requestHeaders: [],
  errors,
  needsBytes: (part: Part) => part.kind === 'image' && part.source.kind === 'url',
} as const;

const generate = {
  ...shared,
  // A blank line would be reported as broken by the JavaScript client; one without text adds nothing.
  keepAlive: () => `{"model":"","created_at":"${noTime}","response":"","done":false}\n`,
  peek: generatePeek,
  changeBody: changeGenerate,
  codec: createCodec(decodeGenerate, generateShape),
} satisfies Protocol;

/** Asks about a model, not the model. */
const show = {
  ...shared,
  keepAlive: () => undefined,
  peek: namePeek,
  changeBody: changeChat,
} satisfies Protocol;

const chat = {
  ...shared,
  keepAlive: () =>
    `{"model":"","created_at":"${noTime}","message":{"role":"assistant","content":""},"done":false}\n`,
  peek: chatPeek,
  changeBody: changeChat,
  codec: createCodec(decodeChat, chatShape),
} satisfies Protocol;

export const ollama = {
  ...chat,
  dialect: ({ path }: RequestPath): Protocol =>
    path.endsWith('/generate') ? generate : path.endsWith('/show') ? show : chat,
} satisfies Protocol;

function createCodec(decodeRequest: Codec['decodeRequest'], shape: Shape): Codec {
  return {
    decodeRequest,
    encodeRequest,
    createAnswerDecoder,
    decodeAnswer,
    createAnswerEncoder: (context) => createAnswerEncoder(shape, context),
    encodeAnswer: (answer, context) => encodeAnswer(shape, answer, context),
  };
}
