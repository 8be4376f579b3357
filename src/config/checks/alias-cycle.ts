// An alias may lead to an alias, but not back to itself.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const aliasCycle: DocumentCheck = {
  code: 'name/alias-cycle',
  severity: 'error',
  meaning: 'Aliases lead to each other in a circle, so none of them ever reaches a model.',
  action: 'Let one of them name a combo or `provider/model`.',
  *check({ config: { aliases } }) {
    const done = new Set<string>();
    for (const start of Object.keys(aliases)) {
      const path: string[] = [];
      let name = start;
      while (Object.hasOwn(aliases, name) && !done.has(name) && !path.includes(name)) {
        path.push(name);
        name = aliases[name] ?? '';
      }
      const from = path.indexOf(name);
      for (const visited of path) done.add(visited);
      if (from < 0) continue;
      const circle = path.slice(from);
      yield {
        pointer: `/aliases/${escapeSegment(circle[0] ?? name)}`,
        message: `this alias leads back to itself: ${[...circle, name].join(' → ')}`,
        related: circle
          .slice(1)
          .map((other) => ({ pointer: `/aliases/${escapeSegment(other)}`, message: `by way of "${other}"` })),
      };
    }
  },
};
