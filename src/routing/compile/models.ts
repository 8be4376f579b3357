// What is known about models: the `models` section of the file on top of the catalog.
import type { ModelKnowledge } from '../../catalog/catalog.ts';
import { fromUsdPerMillion, type TokenPrices } from '../../catalog/prices.ts';
import type { ResolvedModel } from '../../config/generated/types.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { freezeDeep } from '../assemble.ts';
import type { ModelFacts } from '../snapshot.ts';
import type { CompileStep } from './context.ts';

/** Facts that are remembered for names that no list has; then all are forgotten at once. */
const mostRemembered = 4096;

export const compileModels: CompileStep = ({ config, catalog, draft, at }) => {
  const entries = new Map(draft.providers.map((provider) => [provider.id, provider.catalog]));
  const ask = (provider: string, model: string): ModelKnowledge | undefined => {
    const entry = entries.get(provider);
    return entry === undefined ? undefined : catalog.model(entry, model);
  };
  for (const [id, model] of Object.entries(config.models)) {
    const slash = id.indexOf('/');
    const known = ask(id.slice(0, slash), model.upstreamId ?? id.slice(slash + 1));
    draft.models.push({
      ...convertKnowledge(id, known),
      ...convertModel(model),
      at: at(renderPointer(['models', id]), 'key'),
    });
  }
  const remembered = new Map<string, ModelFacts | undefined>();
  draft.findModel = (provider, model) => {
    const id = `${provider}/${model}`;
    if (remembered.has(id)) return remembered.get(id);
    if (remembered.size >= mostRemembered) remembered.clear();
    const known = ask(provider, model);
    const facts = known && freezeDeep(convertKnowledge(id, known));
    remembered.set(id, facts);
    return facts;
  };
};

function convertKnowledge(id: string, known: ModelKnowledge | undefined): ModelFacts {
  if (!known) return { id };
  const { retires, ...facts } = known;
  return { id, ...facts, ...(retires !== undefined && { retires: Date.parse(retires) }) };
}

function convertModel(model: ResolvedModel): Partial<ModelFacts> {
  const {
    context,
    maxOutput,
    price,
    capabilities,
    operations,
    protocol,
    upstreamId,
    quirks,
    hidden,
    retires,
  } = model;
  return {
    ...(context !== undefined && { context }),
    ...(maxOutput !== undefined && { maxOutput }),
    ...(price && { prices: convertPrice(price) }),
    ...(capabilities && { features: capabilities }),
    ...(operations && { operations }),
    ...(protocol && { protocol }),
    ...(upstreamId !== undefined && { upstreamId }),
    ...(quirks.length > 0 && { quirks }),
    ...(hidden && { hidden }),
    ...(retires !== undefined && { retires: Date.parse(retires) }),
  };
}

// A price list in the file replaces the catalog's as a whole: half of each would be nobody's price.
function convertPrice(price: NonNullable<ResolvedModel['price']>): TokenPrices {
  return Object.fromEntries(Object.entries(price).map(([kind, usd]) => [kind, fromUsdPerMillion(usd)]));
}
