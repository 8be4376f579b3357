// Embeddings as OpenAI's clients and servers speak them: POST /embeddings.
import {
  decodeVector,
  encodeVector,
  type EmbeddingAnswer,
  type EmbeddingInput,
  type EmbeddingRequest,
} from '../../ir/embeddings.ts';
import type { LossReport } from '../../ir/loss.ts';
import { demandString, readNumber, readOneOf, readString, wrong } from '../../ir/read.ts';
import { prepareKeys } from '../../lib/json-scan.ts';
import { defined, type JsonObject } from '../../lib/json.ts';
import { checkVectors, createFlatPeek, membersOf, readUsage } from '../embedding-wire.ts';
import type { EmbeddingWire, UsageMarks } from '../embedding-wire.ts';

const path = '/embeddings';
const counts: UsageMarks = { member: 'usage', keys: prepareKeys(['prompt_tokens', 'total_tokens']) };
const known: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user']);

export const embeddings: EmbeddingWire = {
  peek: createFlatPeek({ texts: 'input', lists: 'some', path, content: 'data', counts }),
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

function decodeRequest(body: JsonObject): EmbeddingRequest {
  return defined({
    model: demandString(body, 'model', ''),
    inputs: readInputs(body['input']),
    dimensions: readNumber(body, 'dimensions', ''),
    encoding: readOneOf(body, 'encoding_format', ['float', 'base64'], '') ?? 'float',
    user: readString(body, 'user', ''),
    foreign: Object.keys(body).filter((key) => !known.has(key)),
  });
}

function readInputs(input: unknown): readonly EmbeddingInput[] {
  if (typeof input === 'string') return [{ kind: 'text', text: input }];
  if (isTokens(input)) return [{ kind: 'tokens', tokens: input }];
  if (!Array.isArray(input) || input.length === 0) return wrong('input', 'a text or a list');
  return input.map((member: unknown, index) => {
    if (typeof member === 'string') return { kind: 'text', text: member };
    return isTokens(member)
      ? { kind: 'tokens', tokens: member }
      : wrong(`input[${index}]`, 'a text or a list of tokens');
  });
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((member) => Number.isInteger(member));
}

function encodeRequest(
  { inputs, dimensions, truncate, user, foreign }: EmbeddingRequest,
  model: string,
  loss: LossReport,
): ReturnType<EmbeddingWire['encodeRequest']> {
  for (const name of foreign) loss.add(name, 'no field of OpenAI says it');
  if (truncate === true) loss.add('truncate', 'OpenAI refuses what is too long');
  inputs.forEach(({ task, title }, index) => {
    if (task !== undefined) loss.add(`inputs[${index}].task`, 'no field of OpenAI says it');
    if (title !== undefined) loss.add(`inputs[${index}].title`, 'no field of OpenAI says it');
  });
  const spelled = inputs.map((input) => (input.kind === 'text' ? input.text : input.tokens));
  // One text goes as a text: small servers know nothing else.
  const [only] = spelled;
  const input = spelled.length === 1 && typeof only === 'string' ? only : spelled;
  return { path, body: defined({ model, input, dimensions, user }) };
}

function decodeAnswer(body: unknown, count: number): EmbeddingAnswer | undefined {
  const { data, usage } = membersOf(body);
  if (!Array.isArray(data)) return undefined;
  const items = data.map(membersOf);
  const ordered = items.every(({ index }) => typeof index === 'number')
    ? items.toSorted((a, b) => Number(a['index']) - Number(b['index']))
    : items;
  const vectors = checkVectors(
    ordered.map(({ embedding }) => decodeVector(embedding)),
    count,
  );
  return vectors && defined({ vectors, usage: readUsage(usage, counts) });
}

function encodeAnswer({ vectors, usage }: EmbeddingAnswer, { model, encoding }: EmbeddingRequest): string {
  const input = usage?.input ?? 0;
  return JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'base64' ? encodeVector(vector) : vector,
    })),
    model,
    usage: { prompt_tokens: input, total_tokens: input },
  });
}
