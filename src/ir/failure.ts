// An upstream's error answer → what went wrong, in words that no vendor owns. One tolerant reader for all dialects,
// because hosts answer in each other's: proxies send HTML, OpenAI-compatible servers send Google's envelope.
import { classOfStatus, type FailureClass, type UpstreamFailure } from '../errors.ts';
import { defined, isObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { readRetryAfter } from './retry-after.ts';
import type { Headers } from './retry-after.ts';

/** Long enough for every refusal that a client reads words from, too short for a page or a prompt. */
const longestMessage = 1000;

/** Reads an error answer: `body` may be cut, of any type, or empty. Hints that are dates need `now`, epoch milliseconds. */
export function readFailure(status: number, headers: Headers, body: string, now?: number): UpstreamFailure {
  const error = findError(parseJson(body));
  const message = error?.message ?? describeBody(status, body);
  const told = classify(status, error?.code, error?.type, message);
  // Something else than the model is missing, such as an item that the request refers to: nothing to rest a model for.
  const failureClass =
    told === 'not_found' && (error?.param ?? 'model') !== 'model' ? 'invalid_request' : told;
  return defined({
    class: failureClass,
    status,
    message: clean(message),
    code: error?.code ?? error?.type,
    param: error?.param,
    retryAfter: readRetryAfter(headers, error?.details, message, failureClass, now),
    quota: readQuota(error?.details),
    requestId: header(headers, 'request-id') ?? header(headers, 'x-request-id') ?? error?.requestId,
  });
}

/** Longer than this it is no description of a quota. */
const longestQuota = 4000;

function readQuota(details: unknown): readonly object[] | undefined {
  if (!Array.isArray(details)) return undefined;
  const found = (details as unknown[])
    .filter(isObject)
    .filter((detail) => String(detail['@type']).endsWith('/google.rpc.QuotaFailure'));
  return found.length === 0 || JSON.stringify(found).length > longestQuota ? undefined : found;
}

/** Reads an error that arrived inside a 200: `value` is the frame's or body's JSON. Undefined when it holds none. */
export function readInnerFailure(value: unknown): UpstreamFailure | undefined {
  const error = findError(value);
  if (error === undefined) return undefined;
  const status = error.status;
  return defined({
    class: classify(status, error.code, error.type, error.message),
    status,
    message: clean(error.message),
    code: error.code ?? error.type,
    param: error.param,
    requestId: error.requestId,
  });
}

/** The failure of an answer that broke its own protocol. */
export function brokenAnswer(message: string): UpstreamFailure {
  return { class: 'upstream', message };
}

interface FoundError {
  readonly message: string;
  readonly code?: string;
  readonly type?: string;
  readonly param?: string;
  readonly status?: number;
  readonly requestId?: string;
  readonly details?: unknown;
}

function findError(value: unknown): FoundError | undefined {
  const root = Array.isArray(value) ? (value[0] as unknown) : value;
  if (!isObject(root)) return undefined;
  const inner = root['error'] ?? root['errors'] ?? root['detail'];
  const requestId = text(root['request_id']);
  if (typeof inner === 'string' && inner !== '') {
    return defined({ message: inner, type: text(root['type']) ?? text(root['error_type']), requestId });
  }
  const error = Array.isArray(inner) ? (inner[0] as unknown) : inner;
  if (isObject(error)) return readError(error, requestId);
  const message = text(root['message']) ?? text(root['msg']);
  // A bare `{message, code}` is an error only when nothing says that it is an answer.
  if (message === undefined || root['choices'] !== undefined || root['content'] !== undefined)
    return undefined;
  return readError(root, requestId);
}

function readError(error: JsonObject, requestId: string | undefined): FoundError {
  const { code } = error;
  const number = typeof code === 'number' ? code : Number(text(code) ?? Number.NaN);
  const isStatus = Number.isInteger(number) && number >= 400 && number < 600;
  return defined({
    message: text(error['message']) ?? text(error['msg']) ?? text(error['error']) ?? JSON.stringify(error),
    code: isStatus ? undefined : text(code),
    type: text(error['type']) ?? text(error['status']),
    param: text(error['param']),
    status: isStatus ? number : undefined,
    requestId,
    details: error['details'],
  });
}

const classOfWord: Readonly<Record<string, FailureClass>> = {
  context_length_exceeded: 'context_length',
  model_context_window_exceeded: 'context_length',
  string_above_max_length: 'invalid_request',
  insufficient_quota: 'billing',
  billing_error: 'billing',
  billing_hard_limit_reached: 'billing',
  authentication_error: 'authentication',
  invalid_api_key: 'authentication',
  unauthenticated: 'authentication',
  permission_error: 'permission',
  permission_denied: 'permission',
  not_found_error: 'not_found',
  model_not_found: 'not_found',
  not_found: 'not_found',
  conflict_error: 'conflict',
  request_too_large: 'too_large',
  rate_limit_error: 'rate_limit',
  rate_limit_exceeded: 'rate_limit',
  too_many_requests: 'rate_limit',
  resource_exhausted: 'rate_limit',
  overloaded_error: 'overloaded',
  server_is_overloaded: 'overloaded',
  unavailable: 'overloaded',
  timeout_error: 'timeout',
  deadline_exceeded: 'timeout',
  content_filter: 'content_policy',
  content_policy_violation: 'content_policy',
  invalid_request_error: 'invalid_request',
  invalid_argument: 'invalid_request',
  api_error: 'upstream',
  server_error: 'upstream',
  internal: 'upstream',
};

// Texts of OpenAI, Anthropic, Gemini, vLLM, llama.cpp, Bedrock and their kin; only words for "the prompt does not fit".
const tooLong =
  /prompt is too long|(maximum|max) context (length|size)|context (length|window|size)|input token count.{0,40}exceeds|input is too long|input length and .max_tokens. exceed|exceeds? the (model's )?(maximum )?(available )?(context|number of (input )?tokens)|too many (input )?tokens|reduce the length of the (messages|prompt|input)/i;
// These two rest an account, therefore only at the beginning: what a client wrote may be quoted further on, and nobody
// may lock an account by writing "insufficient balance" into a request.
const noCredit =
  /^(error: )?(you(r| have)? )?(credit balance is too low|insufficient (account )?(funds|balance|credits?|quota)|exceeded your current quota)/i;
const badKey =
  /^(error: )?((the |your )?api[ _]key (is )?(not valid|invalid|expired)|(invalid|incorrect) api[ _]key)/i;
const refusedContent =
  /content (management|filtering|safety|usage|moderation)? ?polic(y|ies)|safety (system|filter|setting)|prohibited_content|responsible ?ai|(flagged|blocked) (as|by|for|due to) .{0,40}(polic|safety|moderation|violat|content)/i;

// Ollama's words for a model that lacks an ability. Another target may have it; the words begin the text, so that nobody
// writes them into a request.
const lacksAbility =
  /^"?[\w.:/-]{1,200}"? does not support (tools|thinking|insert|vision|images|chat|generate)\b/;

/** A bare text inside a 200, as Ollama and its kin send it, for "come back later". */
const busy = /^(error: )?(server busy|((the )?(server|model|service|engine) is (currently )?)?overloaded)\b/i;

function classify(
  status: number | undefined,
  code: string | undefined,
  type: string | undefined,
  message: string,
): FailureClass {
  const named = classOfWord[code?.toLowerCase() ?? ''] ?? classOfWord[type?.toLowerCase() ?? ''];
  if (named === 'context_length' || named === 'billing') return named;
  const vague = status === undefined || status === 400 || status === 413 || status === 422;
  if (vague && tooLong.test(message)) return 'context_length';
  if (noCredit.test(message) && (status === undefined || status < 500)) return 'billing';
  if (vague && badKey.test(message)) return 'authentication';
  if (vague && lacksAbility.test(message)) return 'unsupported';
  // Some hosts refuse flagged content with 403; the account is as good as before.
  if ((vague || status === 403) && (named === 'content_policy' || refusedContent.test(message)))
    return 'content_policy';
  // One request that is larger than the window of a whole minute says nothing about the next one.
  if (status === 429 && /^request too large/i.test(message)) return 'too_large';
  // A status line is harder to get wrong than a word, except where it only says "bad request" or nothing.
  const byStatus = status === undefined ? undefined : classOfStatus[status];
  if (byStatus !== undefined) return byStatus;
  if (named !== undefined) return named;
  if (status === undefined && busy.test(message)) return 'overloaded';
  if (status !== undefined && status >= 400 && status < 500) return 'invalid_request';
  return 'upstream';
}

function describeBody(status: number, body: string): string {
  const trimmed = body.trim();
  if (trimmed === '') return `The upstream answered ${status} without a body.`;
  if (trimmed.startsWith('<')) {
    const title = /<title[^>]*>([^<]{1,120})<\/title>/i.exec(trimmed)?.[1]?.trim();
    return `The upstream answered ${status} with an HTML page${title === undefined ? '' : ` ("${title}")`}.`;
  }
  return trimmed.startsWith('{') || trimmed.startsWith('[') ? `The upstream answered ${status}.` : trimmed;
}

/** Bounded, without control characters, and without anything that looks like a credential. */
function clean(message: string): string {
  const bounded = message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message;
  return bounded
    .replace(/[\0-\x08\x0b-\x1f\x7f]/g, ' ')
    .replace(/\b(sk|pk|rk|gsk|xai|key)-[\w-]{12,}|\bAIza[\w-]{20,}|\bBearer\s+[\w.~+/=-]{8,}/g, '[redacted]');
}

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
