// Combos may hold combos, also through aliases, but never themselves.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { ResolvedConfig } from '../generated/types.ts';
import type { DocumentCheck } from './context.ts';

interface Edge {
  readonly combo: string;
  readonly pointer: string;
}

export const comboCycle: DocumentCheck = {
  code: 'name/combo-cycle',
  severity: 'error',
  meaning:
    'A combo holds itself, directly or through other combos and aliases. A request would never come to an end.',
  action: 'Remove one of the targets that close the circle.',
  *check({ config }) {
    const done = new Set<string>();
    for (const start of Object.keys(config.combos)) {
      // Depth first with the path at hand; what is done cannot be part of a new circle.
      const stack: { name: string; edges: Edge[] }[] = [{ name: start, edges: listEdges(config, start) }];
      while (stack.length > 0) {
        const top = stack.at(-1);
        const edge = top?.edges.shift();
        if (!top || !edge) {
          done.add(stack.pop()?.name ?? '');
          continue;
        }
        const from = stack.findIndex(({ name }) => name === edge.combo);
        if (from >= 0) {
          const circle = [...stack.slice(from).map(({ name }) => name), edge.combo];
          yield { pointer: edge.pointer, message: `this target closes a circle: ${circle.join(' → ')}` };
        } else if (!done.has(edge.combo))
          stack.push({ name: edge.combo, edges: listEdges(config, edge.combo) });
      }
    }
  },
};

function listEdges(config: ResolvedConfig, name: string): Edge[] {
  const targets = config.combos[name]?.targets ?? [];
  return targets.flatMap(({ model }, index) => {
    const combo = followAliases(config, model);
    if (!Object.hasOwn(config.combos, combo)) return [];
    return [{ combo, pointer: `/combos/${escapeSegment(name)}/targets/${index}` }];
  });
}

function followAliases({ aliases, combos }: ResolvedConfig, name: string): string {
  const seen = new Set<string>();
  while (!Object.hasOwn(combos, name) && Object.hasOwn(aliases, name) && !seen.has(name)) {
    seen.add(name);
    name = aliases[name] ?? '';
  }
  return name;
}
