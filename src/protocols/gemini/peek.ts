// A generateContent request as bytes: one scan reads what the gateway must know. Model and stream stand in the path, so
// that a change of the model touches no byte of the body.
import { GatewayError } from '../../errors.ts';
import { encodePath } from '../../lib/encode-path.ts';
import { demandField, optionalField, scanBody } from '../../lib/json-fields.ts';
import {
  JsonFault,
  numberAt,
  prepareKeys,
  scanObject,
  typeAt,
  type JsonSpan,
  type JsonSpans,
} from '../../lib/json-scan.ts';
import { applyEdits, insertMembers } from '../../lib/json-splice.ts';
import type { Peek, RequestPath, RequestPeek, SpliceEdits } from '../protocol.ts';
import { stripSealed } from './sealed.ts';
import { createArrayPipe, createStreamPipe, createUnaryPipe } from './watch.ts';

const keys = prepareKeys([
  'contents',
  'generationConfig',
  'generation_config',
  'systemInstruction',
  'system_instruction',
]);
const configKeys = prepareKeys(['maxOutputTokens', 'max_output_tokens', 'thinkingConfig', 'thinking_config']);

const shared = { request: peekRequest, splice, unaryPipe: createUnaryPipe } as const;

export const peek: Peek = {
  ...shared,
  path: (model, stream) => renderPath(model, stream ? 'streamGenerateContent?alt=sse' : 'generateContent'),
  streamPipe: createStreamPipe,
};

/** For clients that ask without `alt=sse`: the stream is one JSON array. */
export const arrayPeek: Peek = {
  ...shared,
  path: (model, stream) => renderPath(model, stream ? 'streamGenerateContent' : 'generateContent'),
  streamPipe: createArrayPipe,
};

// A name is a client's: its `?`, `#` and `%` must not become parts of our URL. Tuned models are a collection of their own.
function renderPath(model: string, call: string): string {
  const name = model.startsWith('tunedModels/') ? model : `models/${model}`;
  return `/${encodePath(name)}:${call}`;
}

function peekRequest(
  body: Uint8Array,
  { maxDepth }: { readonly maxDepth: number },
  asked?: RequestPath,
): RequestPeek {
  const spans = scanBody(body, keys, maxDepth);
  demandField(body, spans.contents, 'contents', 'array');
  const model = asked?.model ?? '';
  if (model === '') throw new GatewayError('invalid_body', 'The path names no model.', { param: 'model' });
  const config =
    optionalField(body, spans.generationConfig, 'generationConfig', 'object') ??
    optionalField(body, spans.generation_config, 'generation_config', 'object');
  const inside = config ? scanConfig(body, config) : {};
  const limit = readLimit(body, inside.maxOutputTokens ?? inside.max_output_tokens);
  const thinking = inside.thinkingConfig ?? inside.thinking_config;
  return {
    model,
    stream: asked?.verb === 'streamGenerateContent',
    reportsUsage: true,
    spans: thinking ? { ...spans, thinking } : spans,
    inputTokens: Math.ceil(body.length / 4),
    ...(limit === undefined ? {} : { maxOutputTokens: limit }),
  };
}

type ConfigSpans = JsonSpans<(typeof configKeys.names)[number]>;

function scanConfig(body: Uint8Array, { start, end }: JsonSpan): ConfigSpans {
  try {
    return scanObject(body, configKeys, 1024, start, end);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    // The body as a whole has passed the scan, so that only a doubled key can be wrong here.
    const key = `generationConfig.${error.key ?? ''}`;
    throw new GatewayError('duplicate_key', `The body has the key "${key}" twice.`, { param: key });
  }
}

function readLimit(body: Uint8Array, span: JsonSpan | undefined): number | undefined {
  return span !== undefined && typeAt(body, span) === 'number' ? numberAt(body, span) : undefined;
}

/** How a member of `generationConfig` begins that is to be inserted; where the client has one, it is joined with it. */
const configStart = '"generationConfig":{';

function splice(body: Uint8Array, { spans }: RequestPeek, { insert }: SpliceEdits): readonly Uint8Array[] {
  // Proofs of other providers carry our seal; Google would refuse them.
  const stripped = stripSealed(body);
  if (insert === undefined) return [stripped ?? body];
  const clean = stripped ?? body;
  const known = stripped ? scanBody(stripped, keys, 1024) : spans;
  const config = known['generationConfig'] ?? known['generation_config'];
  const edit =
    config !== undefined && insert.startsWith(configStart) && typeAt(clean, config) === 'object'
      ? insertMembers(clean, config.start, insert.slice(configStart.length, -1))
      : insertMembers(clean, 0, insert);
  return applyEdits(clean, [edit]);
}
