// Ollama's own API: `POST /api/chat`, and the older `POST /api/generate` as a dialect of the same wire.
import type { Protocol } from '../protocol.ts';
import { changeChat, changeGenerate } from './changes.ts';
import { errors } from './errors.ts';
import { chatPeek, generatePeek } from './peek.ts';

/** The time that Ollama writes where there is none. */
const noTime = '0001-01-01T00:00:00Z';

const shared = {
  name: 'ollama',
  streamContentType: 'application/x-ndjson',
  requestHeaders: [],
  errors,
} as const;

const generate = {
  ...shared,
  // A blank line would be reported as broken by the JavaScript client; one without text adds nothing.
  keepAlive: () => `{"model":"","created_at":"${noTime}","response":"","done":false}\n`,
  peek: generatePeek,
  changeBody: changeGenerate,
} satisfies Protocol;

export const ollama = {
  ...shared,
  keepAlive: () =>
    `{"model":"","created_at":"${noTime}","message":{"role":"assistant","content":""},"done":false}\n`,
  peek: chatPeek,
  changeBody: changeChat,
  dialect: ({ path }) => (path.endsWith('/generate') ? generate : ollama),
} satisfies Protocol as Protocol;
