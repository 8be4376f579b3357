// Embeddings over the wires that have them: which wire speaks for a request, and one request in a client's dialect as a
// call in an upstream's, with its answer back.
import { GatewayError } from '../errors.ts';
import type { EmbeddingRequest } from '../ir/embeddings.ts';
import { brokenAnswer, readInnerFailure } from '../ir/failure.ts';
import { createLossReport, type Loss } from '../ir/loss.ts';
import { concatBytes, encodeUtf8, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson } from '../lib/json.ts';
import type { EmbeddingWire } from './embedding-wire.ts';
import { findGeminiEmbeddings } from './gemini/embeddings.ts';
import { findOllamaEmbeddings } from './ollama/embeddings.ts';
import { embeddings as openai } from './openai-chat/embeddings.ts';
import type { ProtocolName } from './capabilities.ts';
import type { AnswerPipe, PipeStep, Protocol, RequestPath } from './protocol.ts';
import { envelopeOf } from './registry.ts';

/** A protocol as calls for embeddings speak it: its own envelope and name, another body. */
export interface EmbeddingProtocol extends Protocol {
  readonly embeddings: EmbeddingWire;
}

/** The wire for embeddings of that protocol. `asked`: the path of a client, which may choose a dialect. */
export function findEmbeddings(name: ProtocolName, asked?: RequestPath): EmbeddingProtocol | undefined {
  const embeddings = findWire(name, asked);
  if (!embeddings) return undefined;
  let protocol = protocols.get(embeddings);
  if (!protocol) {
    const { codec, dialect, ...rest } = envelopeOf(name);
    // Rules about system text and effort have nothing to change here.
    protocol = { ...rest, name, peek: embeddings.peek, changeBody: (body) => body, embeddings };
    protocols.set(embeddings, protocol);
  }
  return protocol;
}

const protocols = new Map<EmbeddingWire, EmbeddingProtocol>();

function findWire(name: ProtocolName, asked: RequestPath | undefined): EmbeddingWire | undefined {
  switch (name) {
    case 'openai-chat':
      return openai;
    case 'gemini':
      return findGeminiEmbeddings(asked);
    case 'ollama':
      return findOllamaEmbeddings(asked);
    default:
      return undefined;
  }
}

export function isEmbedding(protocol: Protocol): protocol is EmbeddingProtocol {
  return 'embeddings' in protocol;
}

/** Parses and decodes a body that was peeked at before. Throws GatewayError 400 naming the field. */
export function readEmbeddings(
  { embeddings }: EmbeddingProtocol,
  body: Uint8Array,
  path: RequestPath,
): EmbeddingRequest {
  const value = parseJson(utf8(body));
  if (!isObject(value)) throw new GatewayError('invalid_json', 'The body is not one JSON object.');
  return embeddings.decodeRequest(value, path);
}

export interface EmbeddingCall {
  readonly path: string;
  readonly body: readonly Uint8Array[];
  readonly loss: readonly Loss[];
  readonly pipe: AnswerPipe;
}

/** `now`: milliseconds. Throws GatewayError `unsupported_feature` when this upstream cannot give what is asked. */
export function translateEmbeddings(
  request: EmbeddingRequest,
  client: EmbeddingProtocol,
  upstream: EmbeddingProtocol,
  model: string,
  now: () => number,
): EmbeddingCall {
  const loss = createLossReport();
  const { path, body } = upstream.embeddings.encodeRequest(request, model, loss);
  return {
    path,
    body: [encodeUtf8(JSON.stringify(body))],
    loss: loss.entries,
    pipe: createPipe(request, client.embeddings, upstream.embeddings, now),
  };
}

const nothing: PipeStep = { output: [], meaningful: false };

/** A whole answer must be held to be translated; two thousand vectors are some 40 MB. */
const largestAnswer = 64 * 1024 * 1024;

function createPipe(
  request: EmbeddingRequest,
  to: EmbeddingWire,
  from: EmbeddingWire,
  now: () => number,
): AnswerPipe {
  const began = now();
  const chunks: Uint8Array[] = [];
  let held = 0;
  let usage: ReturnType<AnswerPipe['usage']>;
  return {
    push(chunk) {
      held += chunk.length;
      if (held > largestAnswer)
        return { ...nothing, failure: brokenAnswer('The upstream sent an answer that is too large.') };
      chunks.push(chunk);
      return nothing;
    },
    end() {
      const value = parseJson(utf8(chunks.length === 0 ? new Uint8Array() : concatBytes(chunks)));
      const count = request.inputs.length;
      const answer = from.decodeAnswer(value, count);
      if (!answer) {
        const failure = readInnerFailure(value) ?? brokenAnswer(`The upstream sent no ${count} vectors.`);
        return { ...nothing, failure };
      }
      usage = answer.usage;
      return { output: [to.encodeAnswer(answer, request, Math.max(0, now() - began))], meaningful: true };
    },
    usage: () => usage,
    outputCharacters: () => 0,
  };
}
