// One model of the price package → one row of ours: integer pico-USD per token, conditions kept, what is not charged
// by the token left out.
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import type { ModelRow, RowMatch } from '../src/catalog/models.ts';
import {
  fromUsdPerMillion,
  type KindPrices,
  type PriceChange,
  type TokenPrices,
} from '../src/catalog/prices.ts';

/** Prices and models that were over before this day are dropped from the lists; moved forward whenever the package is updated. */
export const asOf = '2026-11-21';

const kinds: Readonly<Record<string, keyof KindPrices>> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cacheRead',
  cache_write_mtok: 'cacheWrite',
  cache_write_1h_mtok: 'cacheWrite1h',
  output_reasoning_mtok: 'reasoning',
  input_audio_mtok: 'audioInput',
  output_audio_mtok: 'audioOutput',
};

/** Answers mix tokens of these kinds with text, and no wire tells them apart: better no cost than a wrong one. */
const mixed = ['output_image_mtok', 'output_video_mtok'];

/** `provider` is the id in the price package. */
export function convertModel(provider: string, model: ModelInfo): ModelRow {
  const prices = convertConditions(model.prices);
  // Google charges audio like other input where it lists no price of its own; elsewhere a missing price is unknown.
  const filled =
    provider === 'google' && prices && prices.audioInput === undefined ? fillAudio(prices) : prices;
  return {
    id: model.id,
    match: flatten(model.match),
    facts: {
      ...(model.context_window !== undefined && { context: model.context_window }),
      ...(filled && { prices: filled }),
      ...(model.deprecated === true && { deprecated: true as const }),
    },
  };
}

function convertConditions(prices: ModelInfo['prices']): TokenPrices | undefined {
  if (!Array.isArray(prices)) return convertPrices(prices);
  let base: ModelPrice | undefined;
  const changes: PriceChange[] = [];
  for (const { constraint, prices: list } of prices as readonly ConditionalPrice[]) {
    if (!constraint) {
      base = list;
    } else if (constraint.type === 'start_date') {
      if (constraint.start_date <= asOf) {
        // Whatever was listed before it is over, times of day included: the last rule that applies wins.
        base = list;
        changes.length = 0;
      } else {
        changes.push({
          from: Date.parse(`${constraint.start_date}T00:00:00Z`),
          prices: convertPrices(list) ?? {},
        });
      }
    } else {
      const daily = [readTime(constraint.start_time), readTime(constraint.end_time)] as const;
      changes.push({ daily, prices: convertPrices(list) ?? {} });
    }
  }
  const converted = base && convertPrices(base);
  return converted && changes.length > 0 ? { ...converted, changes } : converted;
}

function convertPrices(list: ModelPrice): TokenPrices | undefined {
  const starts = new Set<number>();
  for (const price of Object.values(list)) {
    if (typeof price === 'object') for (const tier of price.tiers) starts.add(tier.start);
  }
  const base = convertLevel(list, 0);
  if (Object.keys(base).length === 0) return undefined;
  const tiers = [...starts]
    .toSorted((a, b) => a - b)
    .map((above) => ({ above, prices: convertLevel(list, above) }));
  return tiers.length > 0 ? { ...base, tiers } : base;
}

// The prices of a prompt that is longer than `above` tokens.
function convertLevel(list: ModelPrice, above: number): KindPrices {
  const level: Record<string, number> = {};
  for (const [key, price] of Object.entries(list)) {
    const kind = kinds[key];
    if (price === undefined) continue;
    const usd =
      typeof price === 'number'
        ? price
        : (price.tiers.findLast((tier) => tier.start <= above && above > 0)?.price ?? price.base);
    if (kind !== undefined) level[kind] = fromUsdPerMillion(usd);
    // Per thousand calls: 1 USD is 10⁹ pico-USD for each.
    if (key === 'requests_kcount') level['request'] = Math.round(usd * 1e9);
  }
  if (mixed.some((key) => key in list)) delete level['output'];
  return level;
}

function fillAudio(prices: TokenPrices): TokenPrices {
  const fill = <Level extends KindPrices>(level: Level): Level =>
    level.input === undefined || level.audioInput !== undefined
      ? level
      : { ...level, audioInput: level.input };
  return {
    ...fill(prices),
    ...(prices.tiers && { tiers: prices.tiers.map((tier) => ({ ...tier, prices: fill(tier.prices) })) }),
    ...(prices.changes && {
      changes: prices.changes.map((change) => ({ ...change, prices: fillAudio(change.prices) })),
    }),
  };
}

function readTime(text: string): number {
  return Date.parse(`1970-01-01T${text}`);
}

function flatten(match: MatchLogic): readonly RowMatch[] {
  return 'or' in match ? match.or.flatMap(flatten) : [convertMatch(match)];
}

function convertMatch(match: MatchLogic): RowMatch {
  if ('and' in match) {
    return match.and.map((one) => {
      const converted = convertMatch(one);
      if (typeof converted !== 'string') throw new Error('a match nests deeper than rows can say');
      return converted;
    });
  }
  if ('equals' in match) return `=${match.equals.toLowerCase()}`;
  if ('starts_with' in match) return `^${match.starts_with.toLowerCase()}`;
  if ('ends_with' in match) return `$${match.ends_with.toLowerCase()}`;
  if ('contains' in match) return `*${match.contains.toLowerCase()}`;
  if ('regex' in match) return `~${match.regex}`;
  throw new Error(`unknown match ${JSON.stringify(match)}`);
}
