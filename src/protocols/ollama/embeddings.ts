// Embeddings as Ollama speaks them: POST /api/embed, and the older /api/embeddings for one text.
import {
  decodeVector,
  type EmbeddingAnswer,
  type EmbeddingInput,
  type EmbeddingRequest,
} from '../../ir/embeddings.ts';
import { refuse, type LossReport } from '../../ir/loss.ts';
import { demandString, readBoolean, readNumber, wrong } from '../../ir/read.ts';
import { prepareKeys } from '../../lib/json-scan.ts';
import { defined, type JsonObject } from '../../lib/json.ts';
import { checkVectors, createFlatPeek, membersOf, readUsage } from '../embedding-wire.ts';
import type { EmbeddingWire, UsageMarks } from '../embedding-wire.ts';
import type { RequestPath } from '../protocol.ts';

const path = '/api/embed';
const counts: UsageMarks = { member: 'prompt_eval_count', keys: prepareKeys([]) };
const known: ReadonlySet<string> = new Set(['model', 'input', 'prompt', 'dimensions', 'truncate']);

/** The wire in which a client asks; a translated call is always /api/embed. */
export function findOllamaEmbeddings(asked: RequestPath | undefined): EmbeddingWire {
  return asked && /\/embeddings\/?$/.test(asked.path) ? older : newer;
}

const newer: EmbeddingWire = {
  // An empty list only has the model loaded.
  peek: createFlatPeek({ texts: 'input', lists: 'any', path, content: 'embeddings', counts }),
  decodeRequest: (body) => decode(body, readInputs(body['input'])),
  encodeRequest,
  decodeAnswer,
  encodeAnswer: ({ vectors, usage }, { model }, elapsed) =>
    JSON.stringify({
      model,
      embeddings: vectors,
      // Nanoseconds; clients check that both are there.
      total_duration: Math.round(elapsed * 1e6),
      load_duration: 0,
      prompt_eval_count: usage?.input ?? 0,
    }),
};

const older: EmbeddingWire = {
  ...newer,
  peek: createFlatPeek({
    texts: 'prompt',
    lists: 'no',
    path: '/api/embeddings',
    content: 'embedding',
    counts,
  }),
  decodeRequest: (body) => decode(body, [{ kind: 'text', text: demandString(body, 'prompt', '') }]),
  encodeAnswer: ({ vectors: [embedding = []] }) => JSON.stringify({ embedding }),
};

function decode(body: JsonObject, inputs: readonly EmbeddingInput[]): EmbeddingRequest {
  return defined({
    model: demandString(body, 'model', ''),
    inputs,
    dimensions: readNumber(body, 'dimensions', ''),
    encoding: 'float' as const,
    truncate: readBoolean(body, 'truncate', ''),
    foreign: Object.keys(body).filter((key) => !known.has(key)),
  });
}

function readInputs(input: unknown): readonly EmbeddingInput[] {
  if (typeof input === 'string') return [{ kind: 'text', text: input }];
  if (!Array.isArray(input) || input.length === 0) wrong('input', 'a text or a list of texts');
  return input.map((text: unknown, index) =>
    typeof text === 'string' ? { kind: 'text', text } : wrong(`input[${index}]`, 'a text'),
  );
}

function encodeRequest(
  { inputs, dimensions, truncate, user, foreign }: EmbeddingRequest,
  model: string,
  loss: LossReport,
): ReturnType<EmbeddingWire['encodeRequest']> {
  for (const name of foreign) loss.add(name, 'no field of Ollama says it');
  if (user !== undefined) loss.add('user', 'no field of Ollama says it');
  const input = inputs.map((each, index) => {
    if (each.task !== undefined) loss.add(`inputs[${index}].task`, 'no field of Ollama says it');
    if (each.title !== undefined) loss.add(`inputs[${index}].title`, 'no field of Ollama says it');
    return each.kind === 'text' ? each.text : refuse(`input[${index}]`, 'Ollama takes texts, not tokens');
  });
  return { path, body: defined({ model, input, dimensions, truncate }) };
}

function decodeAnswer(body: unknown, count: number): EmbeddingAnswer | undefined {
  const { embeddings, prompt_eval_count } = membersOf(body);
  if (!Array.isArray(embeddings)) return undefined;
  const vectors = checkVectors(embeddings.map(decodeVector), count);
  return vectors && defined({ vectors, usage: readUsage(prompt_eval_count, counts) });
}
