// `keys` → client keys by their digest; the keys themselves are nowhere.
import { renderPointer } from '../../lib/json-pointer.ts';
import { compileLimits } from './pace.ts';
import { parseSchedule, type Schedule } from '../schedule.ts';
import type { CompileContext, CompileStep } from './context.ts';

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
      ...(Object.keys(key.limits).length > 0 && { limits: compileLimits(key.limits) }),
      ...readSchedule(key.schedule, `${pointer}/schedule`, report),
      role: key.role,
      noLog: key.noLog,
      at: at(pointer),
    });
  }
};

// A key whose hours cannot be read is an error, and then there is no snapshot in which it could be always open.
function readSchedule(
  text: string | undefined,
  pointer: string,
  report: CompileContext['report'],
): { readonly schedule?: Schedule } {
  const parsed = text === undefined ? undefined : parseSchedule(text);
  if (parsed?.ok) return { schedule: parsed.schedule };
  for (const { message, suggestion } of parsed?.problems ?? [])
    report('compile/schedule', pointer, message, suggestion);
  return {};
}
