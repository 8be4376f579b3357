// OpenAI Responses: `POST /v1/responses` and every host that speaks it.
import type { Codec, Protocol } from '../protocol.ts';
import { changeBody } from './changes.ts';
import { createCompact, withCompaction } from './compact.ts';
import { errors } from './errors.ts';
import { peek } from './peek.ts';
import { repairBody } from './repair.ts';
import { decodeRequest, encodeRequest } from './request.ts';
import { decodeAnswer, encodeAnswer } from './response.ts';
import { createAnswerDecoder } from './stream-decoder.ts';
import { createAnswerEncoder } from './stream-encoder.ts';

const codec: Codec = withCompaction({
  decodeRequest,
  encodeRequest,
  repairRequest: repairBody,
  createAnswerDecoder,
  decodeAnswer,
  createAnswerEncoder,
  encodeAnswer,
});

const responses = {
  name: 'openai-responses',
  streamContentType: 'text/event-stream; charset=utf-8',
  // Codex says with these how its body is to be read.
  requestHeaders: ['openai-beta', 'x-codex-beta-features', 'x-openai-internal-codex-responses-lite'],
  keepAlive: () => ': keep-alive\n\n',
  peek,
  errors,
  changeBody,
  codec,
} satisfies Protocol;

const compact = createCompact(responses);

export const openaiResponses = {
  ...responses,
  dialect: ({ path }) => (path.endsWith('/compact') ? compact : responses),
} satisfies Protocol;
