// GET /v1/models: one list that OpenAI and Anthropic clients both read, and Gemini's beside it for those who ask like
// Gemini clients. A key sees the names that it may use.
import { GatewayError } from '../errors.ts';
import { isModelAllowed } from '../routing/decide.ts';
import { hasUsableConnection } from '../routing/expand.ts';
import { resolveName } from '../routing/resolve.ts';
import type { ModelFacts, Snapshot } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { readHeader, type Incoming } from './incoming.ts';
import { replyJson } from './reply.ts';
import type { Responder } from './responder.ts';

interface Listed {
  readonly id: string;
  readonly owner: string;
  readonly facts?: ModelFacts | undefined;
}

export function replyModels(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const data = listNames(gateway, exchange).map((listed) => render(listed, exchange.at));
  replyJson(exchange, responder, 200, {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    ...(looksLikeGemini(exchange.incoming) ? { models: data.map(renderGemini) } : {}),
  });
}

/** GET /v1/models/{id}; ids may hold slashes. Throws `model_not_found`. */
export function replyModel(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const wanted = exchange.incoming.rest ?? '';
  const listed = listNames(gateway, exchange).find(({ id }) => id === wanted);
  if (!listed) {
    throw new GatewayError(
      'model_not_found',
      `No model "${wanted.slice(0, 200)}". GET /v1/models lists the names.`,
      {
        param: 'model',
      },
    );
  }
  replyJson(exchange, responder, 200, render(listed, exchange.at));
}

/** Combos, then aliases, then what providers with a usable connection list; each part in the order of the file. */
function listNames({ world }: Gateway, { snapshot, principal }: Exchange): readonly Listed[] {
  const isActive = (id: string): boolean => {
    const provider = snapshot.providers.get(id);
    return provider !== undefined && hasUsableConnection(provider, world);
  };
  const names: Listed[] = [
    ...snapshot.combos.names().map((id) => ({ id, owner: 'combo' })),
    ...snapshot.aliases.names().map((id) => ({ id, owner: 'alias' })),
  ];
  for (const provider of snapshot.providers.values()) {
    if (!isActive(provider.id)) continue;
    for (const model of provider.models ?? []) {
      const facts = snapshot.modelFacts(provider.id, model);
      names.push({ id: `${provider.id}/${model}`, owner: provider.id, facts });
    }
  }
  const patterns = principal?.models;
  if (!patterns) return names;
  return names.filter(({ id }) => isUsable(id, patterns, snapshot, isActive));
}

function isUsable(
  id: string,
  patterns: readonly string[],
  snapshot: Snapshot,
  isActive: (provider: string) => boolean,
): boolean {
  const resolved = resolveName(id, snapshot, isActive);
  return resolved.kind === 'resolved' && isModelAllowed(patterns, id, resolved);
}

function render({ id, owner, facts }: Listed, now: number) {
  return {
    id,
    object: 'model',
    type: 'model',
    created: Math.floor(now / 1000),
    created_at: new Date(now).toISOString(),
    owned_by: owner,
    display_name: id,
    ...(facts?.context === undefined ? {} : { context_length: facts.context }),
    ...(facts?.maxOutput === undefined ? {} : { max_output_tokens: facts.maxOutput }),
  };
}

function renderGemini({ id, context_length, max_output_tokens }: ReturnType<typeof render>) {
  return {
    name: `models/${id}`,
    displayName: id,
    ...(context_length === undefined ? {} : { inputTokenLimit: context_length }),
    ...(max_output_tokens === undefined ? {} : { outputTokenLimit: max_output_tokens }),
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent'],
  };
}

function looksLikeGemini({ headers, query }: Incoming): boolean {
  return (
    readHeader(headers, 'x-goog-api-key') !== undefined ||
    readHeader(headers, 'x-goog-api-client') !== undefined ||
    /(^|&)key=/.test(query)
  );
}
