// Calls without ids, or with ids of somebody's own making: their results are told by name and order. Thousands of them may
// wait at once, so that no search begins at the front again.

export interface WaitingCall {
  readonly id: string;
  readonly name: string;
  /** The id is ours, because the client sent none. */
  readonly made: boolean;
}

export interface WaitingCalls {
  add(call: WaitingCall): void;
  /** The id of the oldest call of which the first description holds, else the second and so on; it waits no more. */
  take(descriptions: readonly Partial<WaitingCall>[]): string | undefined;
}

export function createWaitingCalls(): WaitingCalls {
  const queues = new Map<string, { readonly calls: WaitingCall[]; next: number }>();
  const taken = new Set<WaitingCall>();

  return {
    add(call) {
      const { id, name, made } = call;
      for (const description of [{ id }, { name, made }, { name }, { made }, {}]) {
        const key = keyOf(description);
        const queue = queues.get(key);
        if (queue === undefined) queues.set(key, { calls: [call], next: 0 });
        else queue.calls.push(call);
      }
    },
    take(descriptions) {
      for (const description of descriptions) {
        const queue = queues.get(keyOf(description));
        if (queue === undefined) continue;
        while (queue.next < queue.calls.length) {
          const call = queue.calls[queue.next++]!;
          if (taken.has(call)) continue;
          taken.add(call);
          return call.id;
        }
      }
      return undefined;
    },
  };
}

function keyOf({ id, name, made }: Partial<WaitingCall>): string {
  return JSON.stringify([id, name, made]);
}
