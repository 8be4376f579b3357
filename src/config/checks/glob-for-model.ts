// Facts belong to one model; a glob here would look like a rule for many and change nothing.
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const globForModel: DocumentCheck = {
  code: 'model/glob',
  severity: 'error',
  meaning:
    'Facts are written about a glob. Entries under `models` name one model each, so this one changes nothing.',
  action: 'Write one entry for each model, as `provider/model`.',
  *check({ config }) {
    for (const name of Object.keys(config.models)) {
      if (isGlob(name))
        yield {
          pointer: renderPointer(['models', name]),
          part: 'key',
          message: `"${name}" is a glob, and facts are written about one model`,
        };
    }
  },
};
