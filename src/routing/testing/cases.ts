// A test with `cases` → one test for each of them: `{name}` in it stands for the case's value. The values were checked
// against the schema in their places when the file was read.
import type { ResolvedTest } from '../../config/generated/types.ts';
import { fillPlaceholders, fillText, renderPlaceholder } from '../../lib/placeholders.ts';

export interface TestCase {
  readonly name: string;
  /** Place in the list of the file. */
  readonly index: number;
  /** Place in the test's `cases`; absent where it has none. */
  readonly case?: number;
  readonly test: ResolvedTest;
}

export function expandCases(tests: readonly ResolvedTest[]): readonly TestCase[] {
  return tests.flatMap((test, index) => {
    const { cases, ...plain } = test;
    if (!cases) return [{ name: test.name, index, test }];
    return cases.map((values, place): TestCase => {
      const name = fillText(test.name, values);
      const filled = { ...(fillPlaceholders(plain, values) as ResolvedTest), name };
      return {
        name: name === test.name ? `${name} (${describe(values)})` : name,
        index,
        case: place,
        test: filled,
      };
    });
  });
}

function describe(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${renderPlaceholder(value)}`)
    .join(', ');
}
