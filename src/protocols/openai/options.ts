// Options that OpenAI's wires spell alike ⇄ the hub.
import type { LossReport } from '../../ir/loss.ts';
import { readObject } from '../../ir/read.ts';
import type { JsonObject } from '../../lib/json.ts';

/** `metadata`; values that are no text become one. */
export function readPairs(body: JsonObject): Record<string, string> | undefined {
  const pairs = readObject(body, 'metadata', '');
  if (pairs === undefined) return undefined;
  return Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, String(value)]));
}

/** OpenAI refuses ids past 64 characters; Claude Code sends a whole JSON text. */
export function encodeUser(user: string | undefined, loss: LossReport): string | undefined {
  if (user === undefined || user.length <= 64) return user;
  loss.add('user', 'longer than the 64 characters that OpenAI takes');
  return undefined;
}
