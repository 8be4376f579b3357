// Google's generateContent: `POST /v1beta/models/{id}:generateContent` and `:streamGenerateContent`, as SSE or, without
// `alt=sse`, as one JSON array.
import type { Protocol } from '../protocol.ts';
import { changeBody } from './changes.ts';
import { createErrors } from './errors.ts';
import { arrayPeek, peek } from './peek.ts';

const shared = {
  name: 'gemini',
  requestHeaders: ['x-goog-user-project', 'x-server-timeout'],
  // Its clients choke on comments; a chunk without text would be a chunk to all of them.
  keepAlive: () => undefined,
  changeBody,
} as const;

const array = {
  ...shared,
  streamContentType: 'application/json; charset=UTF-8',
  peek: arrayPeek,
  errors: createErrors(true),
} satisfies Protocol;

export const gemini = {
  ...shared,
  streamContentType: 'text/event-stream; charset=utf-8',
  peek,
  errors: createErrors(false),
  dialect: ({ verb, query }) => (verb === 'streamGenerateContent' && !isSse(query) ? array : gemini),
} satisfies Protocol as Protocol;

function isSse(query: string): boolean {
  return query.includes('alt=sse') && new URLSearchParams(query).get('alt') === 'sse';
}
