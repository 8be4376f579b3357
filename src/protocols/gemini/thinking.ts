// How hard Gemini's models think: a number of tokens up to 2.5, a level from 3 on. A client may say either, in any case
// of letters; the model's rules say which one is sent.
import { clampEffort, effortOfBudget, isEffort } from '../../ir/options.ts';
import type { Effort, Reasoning } from '../../ir/options.ts';
import type { LossReport } from '../../ir/loss.ts';
import { readBoolean, readNumber, readObject, readString } from '../../ir/read.ts';
import { defined } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';

const at = 'generationConfig.thinkingConfig';

export function decodeThinking(config: JsonObject): Reasoning | undefined {
  const thinking = readObject(config, 'thinkingConfig', 'generationConfig');
  if (thinking === undefined) return undefined;
  const shown = readBoolean(thinking, 'includeThoughts', at);
  const budget = readNumber(thinking, 'thinkingBudget', at);
  const level = readString(thinking, 'thinkingLevel', at)?.toLowerCase();
  const effort = isEffort(level) ? level : undefined;
  return defined({
    mode:
      budget === 0
        ? ('disabled' as const)
        : budget === -1
          ? ('adaptive' as const)
          : effort === undefined && budget === undefined
            ? undefined
            : ('enabled' as const),
    effort,
    budget: budget !== undefined && budget > 0 ? budget : undefined,
    display: shown === undefined ? undefined : shown ? ('summarized' as const) : ('omitted' as const),
  });
}

/** Tokens for an effort (protocols §8.5). */
const budgets: Readonly<Record<Exclude<Effort, 'none' | 'max'>, number>> = {
  minimal: 512,
  low: 2048,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
};

/** `thinkingConfig`; undefined where the model decides alone. */
export function encodeThinking(
  reasoning: Reasoning | undefined,
  rules: ModelRules,
  loss: LossReport,
): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const isOff = reasoning.mode === 'disabled' || reasoning.effort === 'none';
  if (rules.geminiThinking === 'none') {
    if (!isOff) loss.add('reasoning', 'the model does not think on request');
    return undefined;
  }
  // Other wires show reasoning when there is some; this one only when it is asked for.
  const includeThoughts = isOff ? undefined : reasoning.display !== 'omitted';
  const asked =
    rules.geminiThinking === 'level'
      ? { thinkingLevel: pickLevel(reasoning, isOff, rules, loss) }
      : { thinkingBudget: pickBudget(reasoning, isOff, rules, loss) };
  const written = defined({ ...asked, includeThoughts });
  return Object.keys(written).length === 0 ? undefined : written;
}

function pickLevel(
  { effort, budget, mode }: Reasoning,
  isOff: boolean,
  { efforts }: ModelRules,
  loss: LossReport,
): string | undefined {
  const wanted = isOff
    ? 'none'
    : (effort ?? (budget === undefined || mode === 'adaptive' ? undefined : effortOfBudget(budget)));
  if (wanted === undefined) return undefined;
  const given = clampEffort(wanted, efforts);
  if (given !== wanted) loss.add('reasoning.effort', `${wanted} became ${given}`);
  return given?.toUpperCase();
}

function pickBudget(
  { effort, budget, mode }: Reasoning,
  isOff: boolean,
  { geminiBudgets: [least, most] }: ModelRules,
  loss: LossReport,
): number | undefined {
  if (isOff) {
    if (least > 0) loss.add('reasoning.effort', `the model thinks with ${least} tokens at least`);
    return least;
  }
  const wanted =
    budget ??
    (effort === undefined ? undefined : effort === 'max' ? most : budgets[effort as keyof typeof budgets]);
  if (wanted === undefined) return mode === 'adaptive' ? -1 : undefined;
  const given = Math.min(most, Math.max(least, Math.trunc(wanted)));
  if (given !== wanted && budget !== undefined) loss.add('reasoning.budget', `${wanted} became ${given}`);
  return given;
}
