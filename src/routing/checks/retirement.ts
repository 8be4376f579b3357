// Models go away on a day that their provider has announced. Judged by the injected clock, never an error: a file that
// was good yesterday must still start today.
import type { Finding } from '../../diagnostics/rule.ts';
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingContext, factsOf, resolve } from './context.ts';
import { atModel, listOverflows, listRoutes, listTargets } from './references.ts';

const day = 86_400_000;
export const soon = 90 * day;

export function* findRetirements(
  context: RoutingContext,
  due: (retires: number, now: number) => boolean,
  verb: string,
): Generator<Finding> {
  const { config, locate, now } = context;
  const places = [
    ...Object.entries(config.aliases)
      .filter(([name]) => !isGlob(name))
      .map(([name, target]) => ({ pointer: renderPointer(['aliases', name]), name: target })),
    ...[...listTargets(config)].map(({ pointer, name }) => ({ ...atModel(locate, pointer), name })),
    ...listRoutes(config),
    ...listOverflows(config),
  ];
  for (const { name, ...place } of places) {
    if (Object.hasOwn(config.aliases, name) || Object.hasOwn(config.combos, name)) continue;
    const target = resolve(context, name);
    const retires = target?.kind === 'model' ? factsOf(context, target)?.retires : undefined;
    if (retires === undefined || !due(retires, now)) continue;
    const date = new Date(retires).toISOString().slice(0, 10);
    const days = Math.ceil((retires - now) / day);
    const when = days > 0 ? `, in ${days} day${days === 1 ? '' : 's'}` : '';
    yield { ...place, message: `"${name}" ${verb} ${date}${when}` };
  }
}
