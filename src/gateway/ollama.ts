// What Ollama clients ask besides chats: which models there are, what one of them can do, which version of the API this
// is, and whether anybody is there at all.
import { hash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { isSystem } from '../ir/message.ts';
import type { Attempt } from '../routing/decision.ts';
import { decodeBody, type Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { readHeader } from './incoming.ts';
import { findModel, listModels, type ListedModel } from './model-list.ts';
import { read } from './read.ts';
import { commonHeaders, replyJson } from './reply.ts';
import type { Responder } from './responder.ts';

/** The version whose API this is. Codex refuses to work with one below 0.13.4. */
export const ollamaVersion = '0.13.5';

/** Nobody knows when a model was made; the same moment for all keeps lists stable. */
const epoch = '1970-01-01T00:00:00Z';

/** Under which name the members of `model_info` stand. */
const architecture = 'omniroute';

type Reply = (gateway: Gateway, exchange: Exchange, responder: Responder) => void | Promise<void>;

/** GET /api/tags. Clients chat or embed; what can do neither is left out. */
export const replyTags: Reply = (gateway, exchange, responder) => {
  const models = listModels(gateway, exchange).filter(
    ({ operations }) => operations.includes('chat') || operations.includes('embeddings'),
  );
  replyJson(exchange, responder, 200, { models: models.map(renderTag) });
};

/** POST /api/show `{ model }`; old clients say `name`. Throws `model_not_found` in Ollama's words. */
export const replyShow: Reply = async (gateway, exchange, responder) => {
  await read(gateway, exchange);
  const name = exchange.peek!.model!;
  const listed = findModel(gateway, exchange, name);
  if (!listed) {
    throw new GatewayError('model_not_found', `model '${name.slice(0, 200)}' not found`, { param: 'model' });
  }
  const { context } = listed;
  replyJson(exchange, responder, 200, {
    license: '',
    modelfile: '',
    // Some clients read the window here, others in model_info.
    parameters: context === undefined ? '' : `num_ctx ${context}`,
    template: '{{ .Prompt }}',
    details: renderDetails(listed),
    model_info: {
      'general.architecture': architecture,
      'general.basename': listed.id,
      ...(context === undefined ? {} : { [`${architecture}.context_length`]: context }),
    },
    capabilities: listCapabilities(listed),
    modified_at: epoch,
  });
};

/** GET /api/ps: nothing is loaded, nothing needs to be. */
export const replyLoaded: Reply = (_gateway, exchange, responder) =>
  replyJson(exchange, responder, 200, { models: [] });

/** GET /api/version. */
export const replyVersion: Reply = (_gateway, exchange, responder) =>
  replyJson(exchange, responder, 200, { version: ollamaVersion });

/**
 * GET and HEAD of `/` and /api/hello: probes of Ollama clients, some of which compare the text, and of Claude Code. A
 * browser that opens `/` wants the dashboard.
 */
export const replyAlive: Reply = (_gateway, exchange, responder) => {
  const { incoming, snapshot } = exchange;
  const headers = commonHeaders(exchange);
  if (incoming.path === '/' && readHeader(incoming.headers, 'accept')?.includes('text/html')) {
    const { basePath } = snapshot.access;
    exchange.status = 302;
    headers.push('Location', `${basePath.endsWith('/') ? basePath : `${basePath}/`}dashboard`);
    responder.writeHead(302, headers);
    responder.end();
    return;
  }
  const text = 'Ollama is running';
  exchange.status = 200;
  headers.push('Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(text.length));
  responder.writeHead(200, headers);
  responder.end(text);
};

/**
 * A chat or prompt that says nothing asks an Ollama server to load the model, or to unload it (`keep_alive: 0`): some
 * clients begin like that. Where another vendor answers there is nothing to load, and no upstream would take it.
 */
export function replyLoad(exchange: Exchange, responder: Responder, { endpoint }: Attempt): boolean {
  const { protocol, route, incoming, peek, at, stream } = exchange;
  if (protocol.name !== 'ollama' || endpoint.protocol === 'ollama' || route.operation !== 'chat')
    return false;
  const { messages, extensions } = decodeBody(exchange).request;
  if (messages.some((message) => !isSystem(message))) return false;
  const keep = extensions?.['ollama']?.['keep_alive'];
  const body = `${JSON.stringify({
    model: peek!.model,
    created_at: new Date(at).toISOString(),
    ...(incoming.path.endsWith('/generate')
      ? { response: '' }
      : { message: { role: 'assistant', content: '' } }),
    done: true,
    done_reason: keep === 0 || keep === '0' || keep === '0s' ? 'unload' : 'load',
  })}\n`;
  exchange.status = 200;
  const headers = commonHeaders(exchange);
  headers.push('Content-Type', stream ? protocol.streamContentType : 'application/json');
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  responder.writeHead(200, headers);
  responder.end(body);
  return true;
}

function renderTag(listed: ListedModel) {
  const { id } = listed;
  return {
    name: id,
    model: id,
    modified_at: epoch,
    size: 0,
    digest: hash('sha256', id, 'hex'),
    details: renderDetails(listed),
  };
}

function renderDetails({ owner }: ListedModel) {
  return {
    parent_model: '',
    format: '',
    family: owner,
    families: [owner],
    parameter_size: '',
    quantization_level: '',
  };
}

/** Editors offer a model to their agents only when it calls tools: where nobody knows, it is taken to. */
function listCapabilities({ operations, features }: ListedModel): readonly string[] {
  const embeds = operations.includes('embeddings') ? ['embedding'] : [];
  if (!operations.includes('chat')) return embeds;
  const has = new Set<string>(features ?? ['tools']);
  return [
    'completion',
    ...(has.has('tools') ? ['tools'] : []),
    ...(has.has('images') ? ['vision'] : []),
    ...(has.has('reasoning') ? ['thinking'] : []),
    ...embeds,
  ];
}
