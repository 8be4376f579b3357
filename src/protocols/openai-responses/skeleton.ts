// The response object around the items of an answer: every field that the official types require, and the fields of the
// request that the API repeats.
import type { FinishReason } from '../../ir/events.ts';
import type { Usage } from '../../ir/usage.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';
import { encodeFinish } from './finish.ts';
import { encodeUsage } from './usage.ts';
import { echoDefaults } from './wire.ts';

export interface Skeleton {
  /** JSON of the response while items are to come. */
  running(): string;
  /** JSON of the response with all its items, each as JSON. */
  ended(reason: FinishReason, output: readonly string[], usage: Usage | undefined): string;
}

export function createSkeleton(
  { id, model, created }: { readonly id: string; readonly model: string; readonly created: number },
  { client, now }: EncodeContext,
): Skeleton {
  const head = JSON.stringify({ id, object: 'response', created_at: created, model }).slice(0, -1);
  // Tools and instructions of an agent are tens of kilobytes: written once for all events.
  const echo = JSON.stringify({ ...echoDefaults, ...client.echo }).slice(1);
  const write = (state: JsonObject, output: string): string =>
    `${head},${JSON.stringify(state).slice(1, -1)},"output":[${output}],${echo}`;
  return {
    running: () =>
      write(
        { status: 'in_progress', completed_at: null, error: null, incomplete_details: null, usage: null },
        '',
      ),
    ended(reason, output, usage) {
      const finish = encodeFinish(reason);
      const state = {
        ...finish,
        completed_at: finish.status === 'completed' ? Math.max(created, Math.floor(now() / 1000)) : null,
        error: null,
        usage: usage === undefined ? null : encodeUsage(usage),
      };
      return write(state, output.join(','));
    },
  };
}
