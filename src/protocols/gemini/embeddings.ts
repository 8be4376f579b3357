// Embeddings as Google's clients and servers speak them: `:embedContent` for one, `:batchEmbedContents` for several.
import { GatewayError } from '../../errors.ts';
import {
  decodeVector,
  type EmbeddingAnswer,
  type EmbeddingInput,
  type EmbeddingRequest,
} from '../../ir/embeddings.ts';
import { refuse, type LossReport } from '../../ir/loss.ts';
import { demandObject, readArray, readNumber, readString, wrong } from '../../ir/read.ts';
import { encodePath } from '../../lib/encode-path.ts';
import { listElements } from '../../lib/json-elements.ts';
import { demandField, scanBody } from '../../lib/json-fields.ts';
import { prepareKeys, scanObject, typeAt, type JsonSpan } from '../../lib/json-scan.ts';
import { applyEdits, type Edit } from '../../lib/json-splice.ts';
import { defined, type JsonObject } from '../../lib/json.ts';
import { checkVectors, createWatch, membersOf, readUsage, refuseStream } from '../embedding-wire.ts';
import type { EmbeddingWire, UsageMarks } from '../embedding-wire.ts';
import type { Peek, RequestPath, RequestPeek } from '../protocol.ts';

const keys = prepareKeys(['model', 'content', 'requests']);
const counts: UsageMarks = {
  member: 'usageMetadata',
  keys: prepareKeys(['promptTokenCount', 'totalTokenCount']),
};
const known: ReadonlySet<string> = new Set([
  'model',
  'content',
  'taskType',
  'task_type',
  'title',
  'outputDimensionality',
  'output_dimensionality',
]);

/** The wire in which a client asks; a translated call is always a batch. */
export function findGeminiEmbeddings(asked: RequestPath | undefined): EmbeddingWire {
  return asked?.verb === 'embedContent' ? one : batch;
}

const batch: EmbeddingWire = {
  peek: createPeek('requests', 'array', 'embeddings'),
  decodeRequest: (body, { model = '' }) => {
    const requests = readArray(body, 'requests', '') ?? wrong('requests', 'a list');
    if (requests.length === 0) wrong('requests', 'a list with something in it');
    return decode(
      requests.map((each, index) => demandObject(each, `requests[${index}]`)),
      model,
    );
  },
  encodeRequest,
  decodeAnswer,
  encodeAnswer: ({ vectors }) => JSON.stringify({ embeddings: vectors.map((values) => ({ values })) }),
};

const one: EmbeddingWire = {
  ...batch,
  peek: createPeek('content', 'object', 'embedding'),
  decodeRequest: (body, { model = '' }) => decode([body], model),
  encodeAnswer: ({ vectors: [values = []] }) => JSON.stringify({ embedding: { values } }),
};

function createPeek(wanted: 'requests' | 'content', type: 'array' | 'object', content: string): Peek {
  return {
    request(body, { maxDepth }, asked): RequestPeek {
      const spans = scanBody(body, keys, maxDepth);
      const span = demandField(body, spans[wanted], wanted, type);
      return {
        ...(asked?.model === undefined ? {} : { model: asked.model }),
        stream: false,
        reportsUsage: true,
        spans: { ...spans, [wanted]: span },
        inputTokens: Math.ceil(body.length / 4),
      };
    },
    // The name stands in the path, and Google wants to read it again in the body: never a client's own.
    splice(body, { spans, model: asked }, { model = asked }) {
      const text = JSON.stringify(`models/${model ?? ''}`);
      const inner = wanted === 'requests' ? listModels(body, spans['requests']!) : [];
      const named: readonly (JsonSpan | undefined)[] = [spans['model'], ...inner];
      return applyEdits(
        body,
        named.filter((span) => span !== undefined).map((span): Edit => ({ ...span, text })),
      );
    },
    path: (model) => renderPath(model, wanted === 'requests' ? 'batchEmbedContents' : 'embedContent'),
    streamPipe: refuseStream,
    unaryPipe: () => createWatch(content, counts),
  };
}

// A name is a client's: its `?`, `#` and `%` must not become parts of our URL.
function renderPath(model: string, verb: string): string {
  return `/models/${encodePath(model)}:${verb}`;
}

function listModels(body: Uint8Array, requests: JsonSpan): readonly (JsonSpan | undefined)[] {
  return listElements(body, requests).map((each, index) => {
    if (typeAt(body, each) !== 'object') return wrong(`requests[${index}]`, 'an object');
    try {
      return scanObject(body, keys, 1024, each.start, each.end).model;
    } catch {
      const where = `requests[${index}]`;
      throw new GatewayError('duplicate_key', `"${where}" has a key twice.`, { param: where });
    }
  });
}

function decode(requests: readonly JsonObject[], model: string): EmbeddingRequest {
  const sizes = new Set(requests.map(readDimensions));
  if (sizes.size > 1) refuse('outputDimensionality', 'only Google embeds into different sizes at once');
  const [dimensions] = sizes;
  return defined({
    model,
    inputs: requests.map((request, index) => decodeInput(request, `requests[${index}]`)),
    dimensions,
    encoding: 'float' as const,
    foreign: [...new Set(requests.flatMap(Object.keys))].filter((key) => !known.has(key)),
  });
}

function decodeInput(request: JsonObject, at: string): EmbeddingInput {
  const content = demandObject(request['content'], `${at}.content`);
  const parts = readArray(content, 'parts', `${at}.content`) ?? [];
  const texts = parts.map((part, index) => {
    const where = `${at}.content.parts[${index}]`;
    const text = readString(demandObject(part, where), 'text', where);
    return text ?? refuse(where, 'only Google embeds something that is no text');
  });
  if (texts.length === 0) wrong(`${at}.content.parts`, 'a list with something in it');
  return defined({
    kind: 'text' as const,
    text: texts.join('\n'),
    task: readString(request, 'taskType', at) ?? readString(request, 'task_type', at),
    title: readString(request, 'title', at),
  });
}

function readDimensions(request: JsonObject): number | undefined {
  return readNumber(request, 'outputDimensionality', '') ?? readNumber(request, 'output_dimensionality', '');
}

function encodeRequest(
  { inputs, dimensions, truncate, user, foreign }: EmbeddingRequest,
  model: string,
  loss: LossReport,
): ReturnType<EmbeddingWire['encodeRequest']> {
  for (const name of foreign) loss.add(name, 'no field of Google says it');
  if (user !== undefined) loss.add('user', 'no field of Google says it');
  if (truncate === false) loss.add('truncate', 'Google cuts what is too long');
  const requests = inputs.map((input, index) => {
    if (input.kind === 'tokens') return refuse(`input[${index}]`, 'Google takes texts, not tokens');
    return defined({
      model: `models/${model}`,
      content: { parts: [{ text: input.text }] },
      taskType: input.task,
      title: input.title,
      outputDimensionality: dimensions,
    });
  });
  return { path: renderPath(model, 'batchEmbedContents'), body: { requests } };
}

function decodeAnswer(body: unknown, count: number): EmbeddingAnswer | undefined {
  const { embeddings, usageMetadata } = membersOf(body);
  if (!Array.isArray(embeddings)) return undefined;
  const vectors = checkVectors(
    embeddings.map((each) => decodeVector(membersOf(each)['values'])),
    count,
  );
  return vectors && defined({ vectors, usage: readUsage(usageMetadata, counts) });
}
