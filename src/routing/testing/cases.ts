// A test with `cases` → one test for each of them: `{name}` in its texts and keys stands for the case's value.
import type { ResolvedTest } from '../../config/generated/types.ts';

export interface TestCase {
  readonly name: string;
  /** Place in the list of the file. */
  readonly index: number;
  readonly test: ResolvedTest;
}

export function expandCases(tests: readonly ResolvedTest[]): readonly TestCase[] {
  return tests.flatMap((test, index) => {
    const { cases, ...plain } = test;
    if (!cases) return [{ name: test.name, index, test }];
    return cases.map((values): TestCase => {
      const filled = fill(plain, values) as ResolvedTest;
      const { name } = filled;
      return { name: name === test.name ? `${name} (${describe(values)})` : name, index, test: filled };
    });
  });
}

function fill(value: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') return fillText(value, values);
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, values));
  if (value === null || typeof value !== 'object') return value;
  const filled = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) filled[fillText(key, values)] = fill(item, values);
  return filled;
}

function fillText(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? render(values[name]) : whole,
  );
}

function describe(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${render(value)}`)
    .join(', ');
}

function render(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
