// OpenAI Chat Completions: `POST /v1/chat/completions` and every host that speaks it.
import type { Codec, Protocol } from '../protocol.ts';
import { changeBody } from './changes.ts';
import { errors } from './errors.ts';
import { peek } from './peek.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createAnswerDecoder } from './stream-decoder.ts';
import { createAnswerEncoder } from './stream-encoder.ts';

const codec: Codec = {
  decodeRequest,
  encodeRequest,
  createAnswerDecoder,
  decodeAnswer,
  createAnswerEncoder,
  encodeAnswer,
};

export const openaiChat = {
  name: 'openai-chat',
  streamContentType: 'text/event-stream; charset=utf-8',
  requestHeaders: [],
  keepAlive: () => ': keep-alive\n\n',
  peek,
  errors,
  changeBody,
  codec,
} satisfies Protocol;
