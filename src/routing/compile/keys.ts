// `keys` → client keys by their digest; the keys themselves are nowhere.
import { renderPointer } from '../../lib/json-pointer.ts';
import { parseSchedule, type Schedule } from '../schedule.ts';
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
      ...(key.connections && { connections: key.connections }),
      ...(key.expires !== undefined && { expires: Date.parse(key.expires) }),
      ...readSchedule(key.schedule),
      role: key.role,
      noLog: key.noLog,
      at: at(pointer),
    });
  }
};

// A schedule that cannot be read has been refused by the checks; the snapshot that would lack it is never made.
function readSchedule(text: string | undefined): { readonly schedule?: Schedule } {
  const parsed = text === undefined ? undefined : parseSchedule(text);
  return parsed?.ok ? { schedule: parsed.schedule } : {};
}
