// What a Responses upstream may refuse although the request is sound: encrypted reasoning of another of its accounts, and
// two wishes that not every model or organisation is granted. Without them the request is tried once more.
import type { UpstreamFailure } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The body without what the failure names; undefined when it names nothing that can be left out. */
export function repairBody(
  body: JsonObject,
  { status, code, message }: UpstreamFailure,
): JsonObject | undefined {
  if (status !== 400) return undefined;
  if (code === 'invalid_encrypted_content' || unreadable.test(message)) return withoutReasoning(body);
  if (unsupported.test(message)) return withoutProofs(body);
  return unverified.test(message) ? withoutSummary(body) : undefined;
}

const unreadable = /encrypted content .{0,80}(could not be|cannot be) (verified|decrypted|parsed)/i;
const unsupported = /encrypted content is not supported/i;
const unverified = /organization must be verified to generate reasoning summaries/i;

/** The calls and texts of these turns stay. */
function withoutReasoning(body: JsonObject): JsonObject | undefined {
  const { input } = body;
  if (!Array.isArray(input)) return undefined;
  const left = (input as unknown[]).filter((item) => !isObject(item) || item['type'] !== 'reasoning');
  return left.length === input.length ? undefined : { ...body, input: left };
}

function withoutProofs(body: JsonObject): JsonObject | undefined {
  const { include, ...rest } = body;
  if (!Array.isArray(include)) return undefined;
  const left = (include as unknown[]).filter((name) => name !== 'reasoning.encrypted_content');
  if (left.length === include.length) return undefined;
  const bare = withoutReasoning(rest) ?? rest;
  return left.length === 0 ? bare : { ...bare, include: left };
}

function withoutSummary(body: JsonObject): JsonObject | undefined {
  const { reasoning, ...rest } = body;
  if (!isObject(reasoning) || reasoning['summary'] === undefined) return undefined;
  const { summary: _, ...left } = reasoning;
  return Object.keys(left).length === 0 ? rest : { ...rest, reasoning: left };
}
