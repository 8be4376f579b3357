// Faults of stored secrets, for the pages that list every diagnostic; apart, so that listing loads no database.
import type { DiagnosticRule } from '../diagnostics/rule.ts';

export const secretRules = [
  {
    code: 'secret/locked',
    severity: 'error',
    meaning: 'A secret of the store was sealed with a key that is not at hand, or its envelope is damaged.',
    action:
      'Bring back OMNIROUTE_SECRET_KEY or `secret.key` in the data folder, or set the secret anew with `omniroute secrets set`.',
  },
] as const satisfies readonly DiagnosticRule[];
