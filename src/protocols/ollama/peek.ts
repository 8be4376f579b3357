// An Ollama request as bytes: what the gateway must know is read in one scan, what it must change is spliced. Alone
// among the wires, this one streams unless it is told not to.
import { GatewayError } from '../../errors.ts';
import { demandField, optionalField, scanBody } from '../../lib/json-fields.ts';
import {
  isTrueAt,
  numberAt,
  prepareKeys,
  scanObject,
  stringAt,
  typeAt,
  type JsonSpan,
} from '../../lib/json-scan.ts';
import type { Peek } from '../protocol.ts';
import { readModel, spliceBody } from '../flat-body.ts';
import { createStreamPipe, createUnaryPipe } from './watch.ts';

const keys = prepareKeys(['model', 'messages', 'prompt', 'stream', 'options', 'think']);
const nameKeys = prepareKeys(['model', 'name']);
const optionKeys = prepareKeys(['num_predict']);

// Without messages or a prompt the server loads or unloads the model, which is what some clients begin with.
export const chatPeek = createPeek('/api/chat', 'messages', 'array');

export const generatePeek = createPeek('/api/generate', 'prompt', 'string');

/** Only a name, for questions about a model; old clients call it so. */
export const namePeek = {
  ...chatPeek,
  request(body, { maxDepth }) {
    const spans = scanBody(body, nameKeys, maxDepth);
    const modelSpan =
      optionalField(body, spans.model, 'model', 'string') ??
      optionalField(body, spans.name, 'name', 'string');
    const model = modelSpan && stringAt(body, modelSpan);
    if (!model)
      throw new GatewayError('invalid_body', '"model" is missing; it must be a string.', { param: 'model' });
    return { model, modelSpan, stream: false, reportsUsage: false, spans: {}, inputTokens: 0 };
  },
} satisfies Peek;

function createPeek(path: string, subject: 'messages' | 'prompt', type: 'array' | 'string'): Peek {
  return {
    request(body, { maxDepth }) {
      const spans = scanBody(body, keys, maxDepth);
      const modelSpan = demandField(body, spans.model, 'model', 'string');
      optionalField(body, spans[subject], subject, type);
      const model = readModel(body, modelSpan);
      const streamSpan = optionalField(body, spans.stream, 'stream', 'boolean');
      const limit = readLimit(body, spans.options);
      return {
        model,
        modelSpan,
        stream: streamSpan === undefined || isTrueAt(body, streamSpan),
        reportsUsage: true,
        spans,
        inputTokens: Math.ceil(body.length / 4),
        ...(limit === undefined ? {} : { maxOutputTokens: limit }),
      };
    },
    splice: spliceBody,
    path: () => path,
    streamPipe: createStreamPipe,
    unaryPipe: createUnaryPipe,
  };
}

/** `options.num_predict` where it is a limit: zero and less mean none. */
function readLimit(body: Uint8Array, options: JsonSpan | undefined): number | undefined {
  if (!options || typeAt(body, options) !== 'object') return undefined;
  const span = scanOptions(body, options).num_predict;
  if (!span || typeAt(body, span) !== 'number') return undefined;
  const limit = Math.trunc(numberAt(body, span));
  return limit > 0 ? limit : undefined;
}

// The body as a whole has passed the scan, so that only a doubled key can be wrong here.
function scanOptions(body: Uint8Array, { start, end }: JsonSpan): { readonly num_predict?: JsonSpan } {
  try {
    return scanObject(body, optionKeys, 1024, start, end);
  } catch {
    throw new GatewayError('duplicate_key', '"options" has the key "num_predict" twice.', {
      param: 'options.num_predict',
    });
  }
}
