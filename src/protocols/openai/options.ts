// Options that OpenAI's wires spell alike ⇄ the hub.
import type { LossReport } from '../../ir/loss.ts';
import { readObject } from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import { defined } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';

/** `metadata`; values that are no text become one. */
export function readPairs(body: JsonObject): Record<string, string> | undefined {
  const pairs = readObject(body, 'metadata', '');
  if (pairs === undefined) return undefined;
  return Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, String(value)]));
}

/** Id of the end user and `metadata`, where the host takes them. */
export function encodeIdentity(
  { user, metadata }: Pick<ModelRequest, 'user' | 'metadata'>,
  { chatMetadata, userField }: Pick<ModelRules, 'chatMetadata' | 'userField'>,
  loss: LossReport,
): JsonObject {
  if (!chatMetadata) {
    if (user !== undefined) loss.add('user', 'the upstream takes no id of a user');
    if (metadata !== undefined) loss.add('metadata', 'the upstream takes no metadata');
    return {};
  }
  return defined({ [userField]: encodeUser(user, loss), metadata });
}

/** OpenAI refuses ids past 64 characters; Claude Code sends a whole JSON text. */
function encodeUser(user: string | undefined, loss: LossReport): string | undefined {
  if (user === undefined || user.length <= 64) return user;
  loss.add('user', 'longer than the 64 characters that OpenAI takes');
  return undefined;
}
