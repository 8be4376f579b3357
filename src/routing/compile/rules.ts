// Faults that compilation itself meets: what remains when a configuration passes every check that stands before it,
// or when no check ran. Documented with all other diagnostics.
import type { Severity } from '../../diagnostics.ts';

interface CompileRule {
  readonly severity: Severity;
  readonly meaning: string;
  readonly action: string;
}

export const compileRules = {
  'compile/unknown-catalog': {
    severity: 'error',
    meaning: 'A provider names a catalog entry that does not exist.',
    action: 'Use an entry of docs/reference/providers.md, or describe the provider with `protocols`.',
  },
  'compile/no-address': {
    severity: 'error',
    meaning: 'Neither the file nor the catalog says where a wire of this provider is.',
    action: 'Write `protocols: [{ name: openai-chat, baseUrl: … }]`.',
  },
  'compile/private-address': {
    severity: 'error',
    meaning: 'A provider that takes a credential has an address on this machine or in a private network.',
    action:
      'Write `allowPrivateNetwork: true` when that is meant, or `auth: none` for a server without keys.',
  },
  'compile/no-credential': {
    severity: 'error',
    meaning: 'A connection has no key, and the catalog knows no usual variable for this provider.',
    action: 'Write `apiKey: "${env:NAME}"`, or `auth: none` for a server without keys.',
  },
  'compile/unknown-profile': {
    severity: 'error',
    meaning: 'A provider names a resilience profile that does not exist.',
    action: 'Declare it below `resilience.profiles`, or use default, oauth, apikey or local.',
  },
  'compile/prefix-taken': {
    severity: 'error',
    meaning: 'A short prefix is already the id or a prefix of another provider.',
    action: 'Choose another prefix.',
  },
  'compile/unknown-name': {
    severity: 'error',
    meaning: 'A target is no combo, no alias, and no `provider/model` of a declared provider.',
    action: 'Correct the name, or declare the provider.',
  },
  'compile/ambiguous-name': {
    severity: 'error',
    meaning: 'A target without a provider is known to several providers.',
    action: 'Write it as `provider/model`.',
  },
  'compile/glob-target': {
    severity: 'error',
    meaning: 'The target of an alias pattern keeps what the pattern matched, but does not name a provider.',
    action: 'Write the target as `provider/…*…`, or without a `*`.',
  },
  'compile/name-taken': {
    severity: 'error',
    meaning: 'A combo and an alias have the same name.',
    action: 'Rename one of them: they share one namespace.',
  },
  'compile/cycle': {
    severity: 'error',
    meaning: 'Aliases or combos lead back to themselves.',
    action: 'Take one of the named places out of the circle.',
  },
  'compile/too-deep': {
    severity: 'error',
    meaning: 'Combos nest deeper than `defaults.comboDepth`.',
    action: 'Put the targets of the innermost combo into the one above.',
  },
  'compile/unknown-strategy': {
    severity: 'error',
    meaning: 'The strategy of a combo is not built yet.',
    action: 'Use a strategy of docs/reference/strategies.md.',
  },
  'compile/expression': {
    severity: 'error',
    meaning: 'A condition cannot be compiled.',
    action: 'See docs/reference/expressions.md.',
  },
  'compile/schedule': {
    severity: 'error',
    meaning: 'A schedule cannot be read.',
    action: 'Write it as `Mon-Fri 09:00-18:00 Europe/Berlin`.',
  },
  'compile/duplicate-key': {
    severity: 'error',
    meaning: 'Two client keys have the same digest.',
    action: 'Give each key a digest of its own.',
  },
} as const satisfies Record<string, CompileRule>;

export type CompileCode = keyof typeof compileRules;
