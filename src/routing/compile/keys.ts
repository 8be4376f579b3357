// `keys` → client keys by their digest; the keys themselves are nowhere.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { CompileStep } from './context.ts';

const scheme = 'sha256:';

export const compileKeys: CompileStep = ({ config, draft, at, report }) => {
  for (const [index, key] of config.keys.entries()) {
    const pointer = renderPointer(['keys', index]);
    const digest = key.digest.slice(scheme.length);
    const known = draft.keys.get(digest);
    if (known) {
      report(
        'compile/duplicate-key',
        `${pointer}/digest`,
        `the keys "${known.id}" and "${key.id}" have the same digest`,
      );
      continue;
    }
    draft.keys.set(digest, {
      id: key.id,
      enabled: key.enabled,
      tags: key.tags,
      ...(key.models && { models: key.models }),
      role: key.role,
      noLog: key.noLog,
      at: at(pointer),
    });
  }
};
