// What tokens cost. Everything is an integer: prices are pico-USD (10⁻¹²) per token, because list prices such as
// 0.0375 USD per million tokens are no whole number of nano-USD; costs are nano-USD (10⁻⁹).

/**
 * Token counts of one answer. The specific kinds are parts of the general ones and are never added to them:
 * cacheRead, cacheWrite and audioInput are parts of input, cacheWrite1h of cacheWrite, reasoning and audioOutput of
 * output. A kind that the provider did not report is absent.
 */
export interface TokenCounts {
  /** All prompt tokens, cached ones included. */
  readonly input?: number;
  /** All answer tokens, reasoning included. */
  readonly output?: number;
  readonly cacheRead?: number;
  /** All tokens put into the cache, for whatever time. */
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
}

/** Pico-USD per token by kind. 1 USD per million tokens is 1,000,000. A kind that is absent is unknown, never free. */
export interface KindPrices {
  readonly input?: number;
  readonly output?: number;
  /** Absent: as input. */
  readonly cacheRead?: number;
  /** Absent: as input. */
  readonly cacheWrite?: number;
  /** Absent: as cacheWrite. */
  readonly cacheWrite1h?: number;
  /** Absent: as output. */
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  /** Pico-USD for the call itself. */
  readonly request?: number;
}

export interface TokenPrices extends KindPrices {
  /** A prompt of more than `above` tokens is charged, as a whole, at these prices; ascending. */
  readonly tiers?: readonly { readonly above: number; readonly prices: KindPrices }[];
  /** Other prices from a moment on (epoch ms), or each day between two times (ms since 00:00 UTC); the last that applies wins. */
  readonly changes?: readonly PriceChange[];
}

export interface PriceChange {
  readonly from?: number;
  readonly daily?: readonly [start: number, end: number];
  readonly prices: TokenPrices;
}

/**
 * The cost in nano-USD at the moment `at` (epoch ms), or null when the counts or a price that they need are unknown.
 * Rounds once, at the end, to the nearest nano-USD, halves up. Never negative: a part that is reported larger than its
 * whole is cut to it.
 */
export function priceTokens(prices: TokenPrices | undefined, counts: TokenCounts, at: number): number | null {
  if (!prices || counts.input === undefined) return null;
  const list = chooseTier(chooseMoment(prices, at), counts.input);
  // Embeddings have no answer, and no price of one, or nothing as one; everywhere else a missing count is unknown, not zero.
  if (counts.output === undefined && list.output !== undefined && list.output > 0) return null;

  const read = part(counts.cacheRead, counts.input);
  const write = part(counts.cacheWrite, counts.input - read);
  const write1h = part(counts.cacheWrite1h, write);
  const audioIn = part(counts.audioInput, counts.input - read - write);
  const output = counts.output ?? 0;
  const audioOut = part(counts.audioOutput, output);
  const reasoning = part(counts.reasoning, output - audioOut);

  const writePrice = list.cacheWrite ?? list.input;
  const sum = createSum();
  sum.add(counts.input - read - write - audioIn, list.input);
  sum.add(read, list.cacheRead ?? list.input);
  sum.add(write - write1h, writePrice);
  sum.add(write1h, list.cacheWrite1h ?? writePrice);
  sum.add(audioIn, list.audioInput);
  sum.add(output - audioOut - reasoning, list.output);
  sum.add(reasoning, list.reasoning ?? list.output);
  sum.add(audioOut, list.audioOutput);
  sum.add(1, list.request ?? 0);
  return sum.total();
}

/** The prices that hold at a moment, tiers included, changes resolved. */
export function chooseMoment(prices: TokenPrices, at: number): TokenPrices {
  const { changes } = prices;
  if (!changes) return prices;
  for (let index = changes.length - 1; index >= 0; index--) {
    const change = changes[index]!;
    if (isDue(change, at)) return change.prices;
  }
  return prices;
}

/** US dollars per million tokens → pico-USD per token, exact for up to six decimals. */
export function fromUsdPerMillion(usd: number): number {
  return Math.round(usd * 1_000_000);
}

/** Nano-USD as US dollars with three digits that count, `0.00225 USD`; cheap enough for the reasons of a decision. */
export function renderUsd(nano: number): string {
  const usd = nano / 1e9;
  const decimals = usd === 0 ? 0 : Math.max(0, Math.min(9, 2 - Math.floor(Math.log10(Math.abs(usd)))));
  const text = usd.toFixed(decimals);
  return `${text.includes('.') ? text.replace(/\.?0+$/, '') : text} USD`;
}

const day = 86_400_000;

function isDue({ from, daily }: PriceChange, at: number): boolean {
  if (from !== undefined) return at >= from;
  if (!daily) return false;
  const [start, end] = daily;
  const time = at % day;
  return start <= end ? time >= start && time < end : time >= start || time < end;
}

function chooseTier(prices: TokenPrices, input: number): KindPrices {
  const tiers = prices.tiers ?? [];
  for (let index = tiers.length - 1; index >= 0; index--) {
    const tier = tiers[index]!;
    if (input > tier.above) return tier.prices;
  }
  return prices;
}

function part(count: number | undefined, whole: number): number {
  return Math.max(0, Math.min(count ?? 0, whole));
}

// Whole nano and the pico below are summed apart, so that no product leaves the safe integers: costs up to nine
// million USD are exact.
function createSum() {
  let nano = 0;
  let pico = 0;
  let known = true;
  return {
    add(tokens: number, price: number | undefined): void {
      if (tokens === 0) return;
      if (price === undefined) {
        known = false;
        return;
      }
      const whole = Math.floor(price / 1000);
      nano += tokens * whole;
      pico += tokens * (price - whole * 1000);
    },
    total: (): number | null => (known ? nano + Math.floor((pico + 500) / 1000) : null),
  };
}
