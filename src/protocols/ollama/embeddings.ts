// Embeddings as Ollama speaks them: POST /api/embed, and the older /api/embeddings for one text.
import { GatewayError } from '../../errors.ts';
import {
  decodeVector,
  type EmbeddingAnswer,
  type EmbeddingInput,
  type EmbeddingRequest,
} from '../../ir/embeddings.ts';
import { refuse, type LossReport } from '../../ir/loss.ts';
import { demandString, readBoolean, readNumber, wrong } from '../../ir/read.ts';
import { demandField, scanBody } from '../../lib/json-fields.ts';
import { prepareKeys, stringAt, typeAt } from '../../lib/json-scan.ts';
import { applyEdits } from '../../lib/json-splice.ts';
import { defined, type JsonObject } from '../../lib/json.ts';
import { checkVectors, createWatch, membersOf, readUsage, refuseStream } from '../embedding-wire.ts';
import type { EmbeddingWire, UsageMarks } from '../embedding-wire.ts';
import type { Peek, RequestPath } from '../protocol.ts';

const keys = prepareKeys(['model', 'input', 'prompt']);
const counts: UsageMarks = { member: 'prompt_eval_count', keys: prepareKeys([]) };
const known: ReadonlySet<string> = new Set(['model', 'input', 'prompt', 'dimensions', 'truncate']);

/** The wire in which a client asks; a translated call is always /api/embed. */
export function findOllamaEmbeddings(asked: RequestPath | undefined): EmbeddingWire {
  return asked && /\/embeddings\/?$/.test(asked.path) ? older : newer;
}

const newer: EmbeddingWire = {
  peek: createPeek('input', '/api/embed', 'embeddings'),
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
  peek: createPeek('prompt', '/api/embeddings', 'embedding'),
  decodeRequest: (body) => decode(body, [{ kind: 'text', text: demandString(body, 'prompt', '') }]),
  encodeAnswer: ({ vectors: [embedding = []] }) => JSON.stringify({ embedding }),
};

function createPeek(wanted: 'input' | 'prompt', path: string, content: string): Peek {
  return {
    request(body, { maxDepth }) {
      const spans = scanBody(body, keys, maxDepth);
      const modelSpan = demandField(body, spans, 'model', 'string');
      const model = stringAt(body, modelSpan);
      if (model === '') throw new GatewayError('invalid_body', '"model" is empty.', { param: 'model' });
      const span = spans[wanted];
      const type = span && typeAt(body, span);
      if (!span || (type !== 'string' && (type !== 'array' || wanted === 'prompt')))
        wrong(wanted, wanted === 'prompt' ? 'a text' : 'a text or a list of texts');
      return {
        model,
        modelSpan,
        stream: false,
        reportsUsage: true,
        spans,
        inputTokens: Math.ceil((span.end - span.start) / 4),
      };
    },
    splice: (body, { modelSpan }, { model }) =>
      applyEdits(
        body,
        model === undefined || !modelSpan ? [] : [{ ...modelSpan, text: JSON.stringify(model) }],
      ),
    path: () => path,
    streamPipe: refuseStream,
    unaryPipe: () => createWatch(content, counts),
  };
}

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
  return { path: '/api/embed', body: defined({ model, input, dimensions, truncate }) };
}

function decodeAnswer(body: unknown, count: number): EmbeddingAnswer | undefined {
  const { embeddings, prompt_eval_count } = membersOf(body);
  if (!Array.isArray(embeddings)) return undefined;
  const vectors = checkVectors(embeddings.map(decodeVector), count);
  return vectors && defined({ vectors, usage: readUsage(prompt_eval_count, counts) });
}
