// Waiting for the signals that end a server.

/**
 * Resolves at the first SIGTERM or SIGINT, with its name. A second one ends the process at once: whoever asks twice
 * does not want to wait for a drain.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      for (const name of signals) {
        process.removeListener(name, stop);
        process.once(name, () => process.exit(signal === 'SIGINT' ? 130 : 143));
      }
      resolve(signal);
    };
    for (const name of signals) process.on(name, stop);
  });
}

const signals = ['SIGTERM', 'SIGINT'] as const;
