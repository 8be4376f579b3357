// Faults that only a running gateway finds, for the pages that list every diagnostic; apart, so that listing loads no
// database.
import type { DiagnosticRule } from '../diagnostics/rule.ts';

export const serverRules = [
  {
    code: 'secret/locked',
    severity: 'error',
    meaning: 'A secret of the store was sealed with a key that is not at hand, or its envelope is damaged.',
    action:
      'Bring back OMNIROUTE_SECRET_KEY or `secret.key` in the data folder, or set the secret anew with `omniroute secrets set`.',
  },
  {
    code: 'server/exposed-without-password',
    severity: 'error',
    meaning:
      'A reload would let others reach the gateway, by its address or through a proxy, and no admin password is set.',
    action: 'Set the password first, with `omniroute password reset` or in the dashboard; then reload.',
  },
] as const satisfies readonly DiagnosticRule[];
