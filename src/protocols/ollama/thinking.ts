// `think` ⇄ how hard the hub wants the model to reason: a switch for most models, a level for those that know levels.
import type { LossReport } from '../../ir/loss.ts';
import { clampEffort, effortOfBudget, isEffort, type Effort, type Reasoning } from '../../ir/options.ts';
import { wrong } from '../../ir/read.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';

/** The levels that a server takes by name. */
export const levels: readonly Effort[] = ['low', 'medium', 'high'];

export function decodeThinking(body: JsonObject): Reasoning | undefined {
  const { think } = body;
  if (think === undefined || think === null || think === '') return undefined;
  if (typeof think === 'boolean') return think ? { mode: 'enabled' } : { effort: 'none' };
  if (typeof think === 'string' && isEffort(think) && think !== 'none') return { effort: think };
  return wrong('think', 'true, false or one of low, medium, high, max');
}

/** The value of `think`; undefined leaves the choice to the model. */
export function encodeThinking(
  reasoning: Reasoning | undefined,
  rules: ModelRules,
  loss: LossReport,
): boolean | Effort | undefined {
  if (reasoning === undefined) return undefined;
  const { mode, effort, budget } = reasoning;
  if (mode === 'disabled' || effort === 'none' || budget === 0) return false;
  if (rules.ollamaThinking === 'unknown') {
    // A model that can think does so unasked; one that cannot would refuse the whole request.
    loss.add('reasoning', 'whether and how hard it thinks is left to the model');
    return undefined;
  }
  const wanted = effort ?? (budget === undefined ? undefined : effortOfBudget(budget));
  if (rules.ollamaThinking === 'switch') {
    if (wanted !== undefined) loss.add('reasoning.effort', 'the model only knows thinking on and off');
    return true;
  }
  if (wanted === undefined) return true;
  const given = clampEffort(wanted, levels);
  if (given !== wanted) loss.add('reasoning.effort', `${wanted} became ${given}`);
  return given;
}
