// A test with `cases` is a form to be filled in: what the schema says of it is asked of every case with its values in
// their places, and told at the place of the form.
import type { Diagnostic } from '../diagnostics.ts';
import { fillPlaceholders, fillText } from '../lib/placeholders.ts';
import { isObject } from './plain.ts';
import { validatePlain, type Validation, type ValidationContext } from './validate.ts';

/** Checks plain data against the schema. */
export function validateConfig(value: unknown, context: ValidationContext): Validation {
  const forms = listForms(value);
  if (forms.length === 0) return validatePlain(value, context);
  const tests = [...(value as { readonly tests: readonly unknown[] }).tests];
  for (const { index, cases } of forms) tests[index] = cases[0];
  const results = [validatePlain({ ...(value as object), tests }, context)];
  for (const { index, cases } of forms) {
    for (const test of cases.slice(1)) results.push(validateCase(test, index, context));
  }
  return {
    diagnostics: dropRepeats(results.flatMap(({ diagnostics }) => diagnostics)),
    refused: [...new Set(results.flatMap(({ refused }) => refused))],
  };
}

interface Form {
  readonly index: number;
  /** The test, once for each case, filled in; at least one. */
  readonly cases: readonly unknown[];
}

function listForms(value: unknown): readonly Form[] {
  const tests = isObject(value) && Array.isArray(value['tests']) ? (value['tests'] as unknown[]) : [];
  return tests.flatMap((test, index): readonly Form[] => {
    if (!isObject(test) || !Array.isArray(test['cases'])) return [];
    const { cases, ...form } = test;
    const filled = (cases as unknown[]).filter(isObject).map((values) => ({
      ...(fillPlaceholders(form, values) as object),
      // A name is a text, whatever stands in it.
      ...(typeof form['name'] === 'string' && { name: fillText(form['name'], values) }),
      cases,
    }));
    return filled.length === 0 ? [] : [{ index, cases: filled }];
  });
}

/** One test alone, as if it stood at its place. */
function validateCase(test: unknown, index: number, context: ValidationContext): Validation {
  const alone = '/tests/0';
  const place = `/tests/${index}`;
  const toPlace = (pointer: string): string =>
    pointer === alone || pointer.startsWith(`${alone}/`) ? place + pointer.slice(alone.length) : pointer;
  const unusable = [...context.unusable].flatMap((pointer) =>
    pointer.startsWith(`${place}/`) ? [alone + pointer.slice(place.length)] : [],
  );
  const { diagnostics, refused } = validatePlain(
    { version: 1, tests: [test] },
    {
      unusable: new Set(unusable),
      locate: (pointer, part) => context.locate(toPlace(pointer), part),
      originOf: (pointer) => context.originOf(toPlace(pointer)),
    },
  );
  return {
    refused: refused.map(toPlace),
    diagnostics: diagnostics.map((diagnostic) => ({
      ...diagnostic,
      message: diagnostic.message.replaceAll('tests[0]', `tests[${index}]`),
      ...(diagnostic.pointer !== undefined && { pointer: toPlace(diagnostic.pointer) }),
    })),
  };
}

function dropRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, pointer = '', message }) => {
    const id = `${code} ${pointer} ${message}`;
    return !seen.has(id) && seen.add(id);
  });
}
