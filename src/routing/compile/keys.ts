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
      ...(key.schedule !== undefined && { schedule: readSchedule(key.schedule) }),
      role: key.role,
      noLog: key.noLog,
      at: at(pointer),
    });
  }
};

// The checks have refused a schedule that cannot be read; a text that gets here all the same is a fault of ours.
function readSchedule(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(`not a schedule: ${text}`);
  return parsed.schedule;
}
