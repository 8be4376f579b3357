// Google's generateContent: `POST /v1beta/models/{id}:generateContent` and `:streamGenerateContent`, as SSE or, without
// `alt=sse`, as one JSON array.
import type { Codec, Protocol } from '../protocol.ts';
import { changeBody } from './changes.ts';
import { createErrors } from './errors.ts';
import { needsBytes } from './parts.ts';
import { arrayPeek, peek } from './peek.ts';
import { repairBody } from './repair.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createAnswerDecoder } from './stream-decoder.ts';
import { createAnswerEncoder } from './stream-encoder.ts';

const codec = {
  signsCalls: true,
  decodeRequest,
  encodeRequest,
  repairRequest: repairBody,
  createAnswerDecoder,
  decodeAnswer,
  createAnswerEncoder: (context) => createAnswerEncoder(context),
  encodeAnswer,
} satisfies Codec;

const shared = {
  name: 'gemini',
  // Not the project either: it would be billed for a call that our credential makes.
  requestHeaders: [],
  // Its clients choke on comments; a chunk without text would be a chunk to all of them.
  keepAlive: () => undefined,
  changeBody,
  needsBytes,
} as const;

const array = {
  ...shared,
  streamContentType: 'application/json; charset=UTF-8',
  peek: arrayPeek,
  errors: createErrors(true),
  codec: { ...codec, createAnswerEncoder: (context) => createAnswerEncoder(context, true) },
} satisfies Protocol;

const sse = {
  ...shared,
  streamContentType: 'text/event-stream; charset=utf-8',
  peek,
  errors: createErrors(false),
  codec,
} satisfies Protocol;

export const gemini = {
  ...sse,
  dialect: ({ verb, query }) => (verb === 'streamGenerateContent' && !isSse(query) ? array : sse),
} satisfies Protocol;

function isSse(query: string): boolean {
  return query.includes('alt=sse') && new URLSearchParams(query).get('alt') === 'sse';
}
