// `budgets` → ceilings with money in nano-USD and their periods. Disabled ones are left out.
import { renderPointer } from '../../lib/json-pointer.ts';
import { renderCanonical } from '../../lib/stable-hash.ts';
import { findTimeZone, listTimeZones } from '../../lib/time-zone.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { Budget } from '../budgets.ts';
import { createPeriods } from '../periods.ts';
import { compileMatch } from '../policies/compile.ts';
import type { CompileStep } from './context.ts';

export const compileBudgets: CompileStep = ({ config, draft, at, report }) => {
  for (const [index, rule] of config.budgets.entries()) {
    if (!rule.enabled) continue;
    const zone = findTimeZone(rule.timeZone);
    if (!zone) {
      const hint = renderNearest(rule.timeZone, listTimeZones());
      const place = renderPointer(['budgets', index, 'timeZone']);
      report('compile/schedule', place, `"${rule.timeZone}" is no time zone`, hint);
      continue;
    }
    const { id, match, per, limit, period, resetTime, reserve, reserveCap, warnAt, onExceeded } = rule;
    const [hours = 0, minutes = 0] = resetTime.split(':').map(Number);
    const { action, route } = onExceeded;
    const budget: Budget = {
      id,
      tests: compileMatch(match, draft.demands),
      ...(match.models && { models: match.models }),
      ...(match.providers && { providers: match.providers }),
      per,
      limit: nano(limit),
      reserve,
      ...(reserveCap !== undefined && { reserveCap: nano(reserveCap) }),
      warnAt,
      onExceeded: { action, ...(route !== undefined && { route }) },
      meaning: renderCanonical({ ...rule, description: undefined }),
      at: at(renderPointer(['budgets', index])),
      bounds: createPeriods(period, hours * 60 + minutes, zone),
    };
    draft.budgets.push(budget);
  }
};

function nano(usd: number): number {
  return Math.round(usd * 1e9);
}
