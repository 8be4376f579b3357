// OpenAI Responses: `POST /v1/responses` and every host that speaks it.
import type { Protocol } from '../protocol.ts';
import { changeBody } from './changes.ts';
import { errors } from './errors.ts';
import { peek } from './peek.ts';

export const openaiResponses = {
  name: 'openai-responses',
  streamContentType: 'text/event-stream; charset=utf-8',
  requestHeaders: ['openai-beta', 'x-codex-beta-features', 'x-openai-internal-codex-responses-lite'],
  keepAlive: () => ': keep-alive\n\n',
  peek,
  errors,
  changeBody,
} satisfies Protocol;
