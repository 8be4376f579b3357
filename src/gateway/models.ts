// GET /v1/models, /v1beta/models and one of their entries: the shape is the asking client's, and so are its pages.
import { GatewayError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { findModel, listModels, type ListedModel } from './model-list.ts';
import {
  renderAnthropicModel,
  renderGoogleModel,
  renderOpenAiModel,
  type ListShape,
} from './model-shapes.ts';
import { replyJson } from './reply.ts';
import type { Responder } from './responder.ts';

/** Largest page of Anthropic and Google, and what a client gets that names no size: few page through a list. */
const largestPage = 1000;

export function replyModels(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const query = new URLSearchParams(exchange.incoming.query);
  const all = listModels(gateway, exchange, { doubles: query.get('duplicates') === 'true' });
  replyJson(exchange, responder, 200, renderList(all, whoAsks(exchange), query));
}

/** GET /v1/embeddings: what can be asked for vectors. */
export function replyEmbeddingModels(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const data = listModels(gateway, exchange)
    .filter(({ operations }) => operations.includes('embeddings'))
    .map((listed) => ({ ...renderOpenAiModel(listed), type: 'embedding' }));
  replyJson(exchange, responder, 200, { object: 'list', data });
}

/** GET /v1/models/{id}; ids may hold slashes. Throws `model_not_found`. */
export function replyModel(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const shape = whoAsks(exchange);
  const { rest = '' } = exchange.incoming;
  const wanted = shape === 'google' ? rest.replace(/^models\//, '') : rest;
  const listed = findModel(gateway, exchange, wanted);
  if (!listed) {
    const message = `No model "${wanted.slice(0, 200)}". GET /v1/models lists the names.`;
    throw new GatewayError('model_not_found', message, { param: 'model' });
  }
  const render = { openai: renderOpenAiModel, anthropic: renderAnthropicModel, google: renderGoogleModel };
  replyJson(exchange, responder, 200, render[shape](listed));
}

function whoAsks({ protocol: { name } }: Exchange): ListShape {
  if (name === 'gemini') return 'google';
  return name === 'anthropic-messages' ? 'anthropic' : 'openai';
}

function renderList(all: readonly ListedModel[], shape: ListShape, query: URLSearchParams): object {
  switch (shape) {
    case 'anthropic':
      // Its clients can only chat.
      return renderAnthropicPage(
        all.filter(({ operations }) => operations.includes('chat')),
        query,
      );
    case 'google':
      return renderGooglePage(
        all.filter(({ operations }) => operations.includes('chat') || operations.includes('embeddings')),
        query,
      );
    default: {
      const data = all.map(renderOpenAiModel);
      return {
        object: 'list',
        data,
        has_more: false,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        // Codex wants a catalog of its own making here and takes a missing one for a broken answer; an empty one leaves it
        // what it brought along.
        ...(query.has('client_version') ? { models: [] } : {}),
      };
    }
  }
}

function renderAnthropicPage(all: readonly ListedModel[], query: URLSearchParams): object {
  const limit = readSize(query, 'limit');
  const before = query.get('before_id');
  const end = before === null ? all.length : findPlace(all, before, 'before_id');
  const after = query.get('after_id');
  const begin = after === null ? 0 : findPlace(all, after, 'after_id') + 1;
  // Backwards the page is the one that ends at the mark.
  const from = before === null ? begin : Math.max(begin, end - limit);
  const page = all.slice(from, Math.min(end, from + limit));
  return {
    data: page.map(renderAnthropicModel),
    has_more: before === null ? from + page.length < end : from > begin,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

function renderGooglePage(all: readonly ListedModel[], query: URLSearchParams): object {
  const size = readSize(query, 'pageSize');
  const token = query.get('pageToken') ?? '';
  const last = Buffer.from(token, 'base64url').toString();
  const begin = token === '' ? 0 : findPlace(all, last, 'pageToken') + 1;
  const page = all.slice(begin, begin + size);
  const more = begin + page.length < all.length;
  return {
    models: page.map(renderGoogleModel),
    ...(more ? { nextPageToken: Buffer.from(page.at(-1)!.id).toString('base64url') } : {}),
  };
}

/** Google cuts a size that is too large, Anthropic refuses it; nobody is worse off with a page. */
function readSize(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null || text === '') return largestPage;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 0) throw invalid(name, 'a whole number');
  return size === 0 ? largestPage : Math.min(size, largestPage);
}

function findPlace(all: readonly ListedModel[], id: string, name: string): number {
  const place = all.findIndex((listed) => listed.id === id);
  if (place < 0) throw invalid(name, 'from the list of before');
  return place;
}

function invalid(name: string, what: string): GatewayError {
  return new GatewayError('invalid_body', `"${name}" must be ${what}.`, { param: name });
}
