// `moved` says that state follows a rename: the new name must exist and the old one must be gone.
import { parsePointer } from '../../lib/json-pointer.ts';
import type { ResolvedConfig } from '../generated/types.ts';
import type { DocumentCheck } from './context.ts';

export const movedTarget: DocumentCheck = {
  code: 'reference/moved',
  severity: 'error',
  meaning: 'A rename leads to something that does not exist, or away from something that still does.',
  action:
    'Write pointers with ids, such as `/budgets/id:infra`; remove entries of `moved` that every instance has applied.',
  *check({ config }) {
    for (const [index, { from, to }] of config.moved.entries()) {
      if (!exists(config, to)) yield { pointer: `/moved/${index}/to`, message: `"${to}" does not exist` };
      if (exists(config, from))
        yield { pointer: `/moved/${index}/from`, message: `"${from}" still exists, so nothing was moved` };
    }
  },
};

function exists(config: ResolvedConfig, pointer: string): boolean {
  let value: unknown = config;
  for (const segment of parsePointer(pointer)) {
    if (Array.isArray(value))
      value = value.find((item: { id?: unknown }) => `id:${String(item.id)}` === segment);
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, segment))
      value = (value as Record<string, unknown>)[segment];
    else return false;
  }
  return value !== undefined;
}
