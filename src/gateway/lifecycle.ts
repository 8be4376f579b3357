// How many requests are running, and whether new ones are still welcome.

export interface Lifecycle {
  /** True once the process is on its way out: new requests are refused with 503. */
  readonly draining: boolean;
  readonly running: number;
  begin(): void;
  end(): void;
  drain(): void;
  /** Resolves when nothing runs any more. */
  whenIdle(): Promise<void>;
}

export function createLifecycle(): Lifecycle {
  let draining = false;
  let running = 0;
  let waiting: (() => void)[] = [];
  return {
    get draining() {
      return draining;
    },
    get running() {
      return running;
    },
    begin: () => void running++,
    end: () => {
      if (--running > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    drain: () => {
      draining = true;
    },
    whenIdle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
