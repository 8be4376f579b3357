// What a process of ours may end with. Closed: scripts and CI depend on it; docs/reference is generated from it.

export const exitCodes = {
  ok: { code: 0, meaning: 'It worked, and there is nothing to object to.' },
  negative: {
    code: 1,
    meaning:
      'A negative result or an error: findings, a failing test, a refused request, a bad configuration, an address that is taken. For `plan`: an error.',
  },
  usage: {
    code: 2,
    meaning: 'The command line cannot be read, or Node is too old. For `plan`: something would change.',
  },
  stale: { code: 3, meaning: 'What the command was based on has changed since: read again and repeat.' },
  internal: { code: 70, meaning: 'A fault of OmniRoute itself; the message says how to report it.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

/** The number that a process ends with. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]['code'];
