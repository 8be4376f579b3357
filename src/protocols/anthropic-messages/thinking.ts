// How hard Anthropic's models think: two encodings of one wish. Newer models choose themselves and take an effort;
// older ones take a number of tokens that must fit under the answer's limit.
import { clampEffort, effortOfBudget } from '../../ir/options.ts';
import type { Effort, Reasoning } from '../../ir/options.ts';
import type { LossReport } from '../../ir/loss.ts';
import { readNumber, readObject, readOneOf, readString, wrong } from '../../ir/read.ts';
import { isEffort } from '../../ir/options.ts';
import { defined } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Target } from '../protocol.ts';

export function decodeThinking(body: JsonObject): Reasoning | undefined {
  const thinking = readObject(body, 'thinking', '');
  const output = readObject(body, 'output_config', '');
  const effort = output === undefined ? undefined : readString(output, 'effort', 'output_config');
  if (effort !== undefined && !isEffort(effort)) return wrong('output_config.effort', 'a known effort');
  if (thinking === undefined) return effort === undefined ? undefined : { effort };
  return defined({
    mode: decodeMode(thinking),
    effort,
    budget: readNumber(thinking, 'budget_tokens', 'thinking'),
    display: readOneOf(thinking, 'display', ['summarized', 'omitted'], 'thinking'),
  });
}

function decodeMode(thinking: JsonObject): NonNullable<Reasoning['mode']> {
  const type = readOneOf(thinking, 'type', ['enabled', 'adaptive', 'disabled', 'between_tools'], 'thinking');
  if (type === undefined) return wrong('thinking.type', 'one of enabled, adaptive, disabled, between_tools');
  return type === 'between_tools' ? 'between-tools' : type;
}

export interface EncodedThinking {
  readonly thinking?: JsonObject;
  readonly effort?: Effort;
  readonly maxTokens: number;
  /** True when sampling and forced calls are out of the question. */
  readonly active: boolean;
}

const smallestBudget = 1024;

/** Tokens for an effort on models that want a number (protocols §8.5). */
const budgets: Readonly<Record<Exclude<Effort, 'none' | 'max'>, number>> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
};

/** `refused`: why this request may not think at all, whatever it asks for. */
export function encodeThinking(
  reasoning: Reasoning | undefined,
  target: Target,
  maxTokens: number,
  refused: string | undefined,
  loss: LossReport,
): EncodedThinking {
  const { rules } = target;
  const off = { maxTokens, active: false };
  if (reasoning === undefined) return off;
  const isOff = reasoning.mode === 'disabled' || reasoning.effort === 'none';
  if (rules.thinking === 'none') {
    if (!isOff) loss.add('reasoning', 'the model does not think on request');
    return off;
  }
  const effort = encodeEffort(reasoning, target, loss);
  if (isOff) return { ...off, thinking: { type: 'disabled' } };
  if (refused !== undefined) {
    loss.add('reasoning', refused);
    return { ...defined({ effort }), ...off, thinking: { type: 'disabled' } };
  }
  const display = reasoning.display ?? 'summarized';
  if (rules.thinking === 'adaptive') {
    const type = reasoning.mode === 'between-tools' ? 'between_tools' : 'adaptive';
    const thinking = type === 'between_tools' ? { type } : { type, display };
    return defined({ thinking, effort, maxTokens, active: true });
  }
  const wanted = reasoning.budget ?? budgetOf(reasoning.effort ?? 'medium', maxTokens);
  const fitted = fit(Math.max(smallestBudget, Math.trunc(wanted)), maxTokens, target.maxOutput);
  if (fitted === undefined) {
    loss.add('reasoning', 'the answer is too short to think before it');
    return off;
  }
  return defined({
    thinking: { type: 'enabled', budget_tokens: fitted.budget, ...(reasoning.display && { display }) },
    effort,
    maxTokens: fitted.maxTokens,
    active: true,
  });
}

function encodeEffort(
  { effort, budget }: Reasoning,
  { rules }: Target,
  loss: LossReport,
): Effort | undefined {
  const wanted =
    effort ?? (budget === undefined || rules.thinking === 'budget' ? undefined : effortOfBudget(budget));
  if (wanted === undefined || wanted === 'none' || rules.efforts.length === 0) return undefined;
  const given = clampEffort(wanted, rules.efforts);
  if (given !== wanted && wanted !== 'minimal') loss.add('reasoning.effort', `${wanted} became ${given}`);
  return given;
}

function budgetOf(effort: Effort, maxTokens: number): number {
  if (effort === 'none') return smallestBudget;
  return effort === 'max' ? Math.max(smallestBudget, maxTokens - 1024) : budgets[effort];
}

/** The limit is raised rather than the visible answer cut; only the model's own limit stops that. */
function fit(
  budget: number,
  maxTokens: number,
  most: number | undefined,
): { readonly budget: number; readonly maxTokens: number } | undefined {
  if (budget < maxTokens) return { budget, maxTokens };
  const raised = Math.min(maxTokens + budget, most ?? Number.POSITIVE_INFINITY);
  if (budget < raised) return { budget, maxTokens: raised };
  const smaller = raised - smallestBudget;
  return smaller >= smallestBudget ? { budget: smaller, maxTokens: raised } : undefined;
}
