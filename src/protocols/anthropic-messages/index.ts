// Anthropic Messages: `POST /v1/messages` and every host that speaks it.
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

export const anthropicMessages = {
  name: 'anthropic-messages',
  streamContentType: 'text/event-stream; charset=utf-8',
  requestHeaders: ['anthropic-version', 'anthropic-beta'],
  requestIdHeader: 'request-id',
  // A ping before message_start confuses clients; a comment does not.
  keepAlive: (committed) => (committed ? 'event: ping\ndata: {"type": "ping"}\n\n' : ': keep-alive\n\n'),
  peek,
  errors,
  changeBody,
  codec,
} satisfies Protocol;
