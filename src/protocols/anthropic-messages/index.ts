// Anthropic Messages: `POST /v1/messages` and every host that speaks it.
import type { Protocol } from '../protocol.ts';
import { errors } from './errors.ts';
import { peek } from './peek.ts';

export const anthropicMessages = {
  name: 'anthropic-messages',
  streamContentType: 'text/event-stream; charset=utf-8',
  requestHeaders: ['anthropic-version', 'anthropic-beta'],
  // A ping before message_start confuses clients; a comment does not.
  keepAlive: (committed) => (committed ? 'event: ping\ndata: {"type": "ping"}\n\n' : ': keep-alive\n\n'),
  peek,
  errors,
} satisfies Protocol;
