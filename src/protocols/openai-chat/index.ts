// OpenAI Chat Completions: `POST /v1/chat/completions` and every host that speaks it.
import type { Protocol } from '../protocol.ts';
import { errors } from './errors.ts';
import { peek } from './peek.ts';

export const openaiChat = {
  name: 'openai-chat',
  streamContentType: 'text/event-stream; charset=utf-8',
  requestHeaders: [],
  keepAlive: () => ': keep-alive\n\n',
  peek,
  errors,
} satisfies Protocol;
