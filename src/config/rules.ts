// The faults that reading a configuration can have, apart from the checks of meaning (checks/, routing/checks).
// A closed table: docs/reference/diagnostics.md is generated from it.
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import type { DiagnosticRule } from '../diagnostics/rule.ts';

export const loadRules = [
  // --- finding and reading files ---
  {
    code: 'source/none',
    severity: 'error',
    meaning: 'No configuration file was found.',
    action: 'Create `omniroute.config.yaml`, or name a file with `--config` or `OMNIROUTE_CONFIG`.',
  },
  {
    code: 'source/not-found',
    severity: 'error',
    meaning: 'A file that is named does not exist.',
    action: 'Correct the path; paths in the file are relative to the folder of the main file.',
  },
  {
    code: 'source/unreadable',
    severity: 'error',
    meaning: 'A file exists but cannot be read: no permission, or it is a folder.',
    action: 'Make it readable for the user that runs the gateway.',
  },
  {
    code: 'source/empty',
    severity: 'error',
    meaning:
      'A file holds nothing but white space and comments. An empty file never means "delete everything".',
    action: 'Restore it, or write `{}` into an included file that says nothing on purpose.',
  },
  {
    code: 'source/too-large',
    severity: 'error',
    meaning: 'A file is larger than 4 MiB, or all files together are larger than 16 MiB.',
    action: 'Split it with `include`, or move bulk data elsewhere.',
  },
  {
    code: 'source/encoding',
    severity: 'error',
    meaning: 'A file is not UTF-8.',
    action: 'Save it as UTF-8.',
  },
  {
    code: 'source/control-character',
    severity: 'error',
    meaning: 'A file holds a control character that YAML forbids.',
    action: 'Delete it, or write it as an escape in double quotes.',
  },
  {
    code: 'source/include-outside',
    severity: 'error',
    meaning: 'An included file lies outside the folder of the main file, perhaps behind a symbolic link.',
    action: 'Move it below that folder.',
  },
  {
    code: 'source/include-unmatched',
    severity: 'warning',
    meaning: 'An `include` pattern matches no file.',
    action: 'Correct the pattern, or delete it.',
  },
  {
    code: 'source/include-nested',
    severity: 'error',
    meaning: 'An included file has an `include` of its own.',
    action: 'List all files in the main file.',
  },
  {
    code: 'source/include-limit',
    severity: 'error',
    meaning: 'The `include` patterns match more than 1,000 files.',
    action: 'Narrow the patterns.',
  },
  {
    code: 'source/too-many-faults',
    severity: 'error',
    meaning: 'There are more faults than anybody reads; the rest is not listed.',
    action: 'Correct the first ones and look again.',
  },
  // --- YAML ---
  {
    code: 'yaml/syntax',
    severity: 'error',
    meaning: 'The text is not YAML at this place.',
    action: 'Correct the line; often a quote, a comma or a bracket is missing just before it.',
  },
  {
    code: 'yaml/indentation',
    severity: 'error',
    meaning: 'A line does not line up with its neighbours.',
    action: 'Indent keys of one map, and items of one list, by the same number of blanks.',
  },
  { code: 'yaml/tab', severity: 'error', meaning: 'A tab is used to indent.', action: 'Use blanks.' },
  {
    code: 'yaml/quote',
    severity: 'error',
    meaning: 'A quoted text has no closing quote, or an unknown escape.',
    action: 'Close it; inside double quotes a backslash is written twice.',
  },
  {
    code: 'yaml/duplicate-key',
    severity: 'error',
    meaning: 'A key stands twice in one map.',
    action: 'Keep one of them.',
  },
  {
    code: 'yaml/tag',
    severity: 'error',
    meaning: 'A value begins with `!`, which YAML reads as a tag. This language has none.',
    action: 'Put the value in quotes: `when: "!request.hasImages"`.',
  },
  {
    code: 'yaml/alias',
    severity: 'error',
    meaning: 'An alias (`*name`) names no anchor (`&name`) above it.',
    action: 'Define the anchor first, or put the value in quotes when no alias is meant.',
  },
  {
    code: 'yaml/merge',
    severity: 'error',
    meaning: 'A merge key (`<<`) does not merge an anchored map.',
    action: 'Write `<<: *name` or `<<: [*one, *two]`, where the names are anchors of maps.',
  },
  {
    code: 'yaml/key',
    severity: 'error',
    meaning: 'A key is empty, longer than 300 characters, or itself a list or a map.',
    action: 'Write a name before the colon.',
  },
  {
    code: 'yaml/number',
    severity: 'error',
    meaning: 'A number is infinite, not a number, or too large to be exact.',
    action: 'Write a smaller number, or quotes if it is a name.',
  },
  {
    code: 'yaml/several-documents',
    severity: 'error',
    meaning: 'A file holds several YAML documents, separated by `---`.',
    action: 'Use one document per file, and `include` for several files.',
  },
  {
    code: 'yaml/directive',
    severity: 'error',
    meaning: 'A file starts with a directive (`%YAML`, `%TAG`) other than `%YAML 1.2`.',
    action: 'Delete the line; the language is YAML 1.2.',
  },
  {
    code: 'yaml/too-deep',
    severity: 'error',
    meaning: 'Values nest deeper than 64 levels.',
    action: 'Flatten them.',
  },
  {
    code: 'yaml/too-many-values',
    severity: 'error',
    meaning: 'A file holds, or its aliases expand to, more values than the gateway reads.',
    action: 'Split the file, or use fewer aliases of large values.',
  },
  // --- several files as one ---
  {
    code: 'document/not-a-map',
    severity: 'error',
    meaning: 'A file is not a map of sections.',
    action: 'Start with `version: 1` and sections such as `providers:`.',
  },
  {
    code: 'document/duplicate-name',
    severity: 'error',
    meaning: 'One name is defined in two files.',
    action: 'Keep one definition.',
  },
  {
    code: 'document/duplicate-section',
    severity: 'error',
    meaning: 'A section that exists once stands in two files.',
    action: 'Keep it in one file.',
  },
  // --- references and variables ---
  {
    code: 'reference/literal-secret',
    severity: 'error',
    meaning: 'A secret stands in the file itself.',
    action:
      'Put it into a variable, a file or the secret store and write `${env:NAME}`, `${file:/path}` or `${secret:name}`. If the file was ever shared, revoke the secret.',
  },
  {
    code: 'reference/malformed',
    severity: 'error',
    meaning: 'A reference is not spelled as one.',
    action:
      'Write `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}` or `${secret:name}`; a literal `${` is `$${`.',
  },
  {
    code: 'reference/unknown-source',
    severity: 'error',
    meaning: 'A reference names a source other than `env`, `file` and `secret`.',
    action: 'Use one of the three; a literal `${` is `$${`.',
  },
  {
    code: 'reference/misplaced',
    severity: 'error',
    meaning: 'A `${file:}` or `${secret:}` reference stands in a field that is not secret.',
    action: 'Use `${env:NAME}` there, or write the value.',
  },
  {
    code: 'reference/unset-variable',
    severity: 'error',
    meaning: 'A variable is not set and the reference has no default.',
    action: 'Set it, or write `${env:NAME:-default}`.',
  },
  {
    code: 'reference/wrong-type',
    severity: 'error',
    meaning: 'The value of a variable is not of the type that the key wants.',
    action: 'Set the variable to such a value.',
  },
  // --- the schema ---
  {
    code: 'schema/unknown-key',
    severity: 'error',
    meaning: 'A key is not part of the language at this place.',
    action: 'Correct or delete it; docs/reference/config.md lists all keys.',
  },
  { code: 'schema/missing-key', severity: 'error', meaning: 'A required key is missing.', action: 'Add it.' },
  {
    code: 'schema/type',
    severity: 'error',
    meaning: 'A value is of the wrong type.',
    action: 'Write the type that the message names.',
  },
  {
    code: 'schema/value',
    severity: 'error',
    meaning: 'A value is not one of those that the key takes.',
    action: 'Use one of the listed values.',
  },
  {
    code: 'schema/spelling',
    severity: 'error',
    meaning: 'A text is not spelled as the key wants it.',
    action: 'Write it as the message shows.',
  },
  {
    code: 'schema/range',
    severity: 'error',
    meaning: 'A number, a text or a list is too small or too large.',
    action: 'Stay within the bounds that the message names.',
  },
  {
    code: 'schema/name',
    severity: 'error',
    meaning: 'A name cannot be spelled like this.',
    action: 'Rename it as the message says.',
  },
  {
    code: 'schema/version',
    severity: 'error',
    meaning: 'The file is written for another version of the language.',
    action: 'Write `version: 1`, or use the gateway that it was written for.',
  },
  {
    code: 'language/not-yet',
    severity: 'error',
    meaning: 'A key or value belongs to the language, but this version does not act on it.',
    action: 'Remove it until a release notes that it works. Where it can do no harm this is only a note.',
  },
  {
    code: 'language/deprecated',
    severity: 'warning',
    meaning: 'A key has a new name. The old one still works.',
    action: 'Rename it; `validate --fix` does so.',
  },
  // --- flags and variables ---
  {
    code: 'environment/invalid',
    severity: 'error',
    meaning: 'A flag or variable that sets a key holds a value that the key does not take.',
    action: 'Correct it; the message names the key.',
  },
  {
    code: 'environment/set-in-file',
    severity: 'warning',
    meaning: 'A variable of older versions is set. It is not read: its meaning stands in the file now.',
    action: 'Set the key that the message names and unset the variable.',
  },
  {
    code: 'environment/unknown',
    severity: 'warning',
    meaning: 'A variable begins with `OMNIROUTE_`, but nothing reads it.',
    action: 'Correct the name; docs/reference/environment.md lists all.',
  },
] as const satisfies readonly DiagnosticRule[];

export type LoadCode = (typeof loadRules)[number]['code'];

/** What a load fault says besides what its rule knows. */
export interface FaultDetails {
  readonly at?: SourcePosition | undefined;
  readonly pointer?: string;
  readonly suggestion?: string | undefined;
  readonly severity?: Diagnostic['severity'];
  readonly fix?: Diagnostic['fix'];
  readonly sensitive?: boolean | undefined;
  readonly related?: Diagnostic['related'];
}

const severities = new Map<string, Diagnostic['severity']>(
  loadRules.map((rule) => [rule.code, rule.severity]),
);

/** A diagnostic of this table; its severity is the rule's unless `details` says otherwise. */
export function createFault(code: LoadCode, message: string, details: FaultDetails = {}): Diagnostic {
  const { at, pointer, suggestion, severity, fix, sensitive, related } = details;
  return {
    code,
    severity: severity ?? severities.get(code) ?? 'error',
    message,
    ...(at && { at }),
    ...(pointer !== undefined && { pointer }),
    ...(suggestion !== undefined && { suggestion }),
    ...(fix && { fix }),
    ...(sensitive && { sensitive }),
    ...(related && { related }),
  };
}
