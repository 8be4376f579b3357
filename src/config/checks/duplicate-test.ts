// Test reports name tests; two of one name cannot be told apart.
import type { DocumentCheck } from './context.ts';

export const duplicateTest: DocumentCheck = {
  code: 'name/duplicate-test',
  severity: 'warning',
  meaning: 'Two tests have the same name, so a report cannot say which of them failed.',
  action: 'Say in the name what makes them different.',
  *check({ config }) {
    const first = new Map<string, number>();
    for (const [index, { name }] of config.tests.entries()) {
      const earlier = first.get(name);
      if (earlier === undefined) first.set(name, index);
      else {
        yield {
          pointer: `/tests/${index}/name`,
          message: `another test is called "${name}"`,
          related: [{ pointer: `/tests/${earlier}/name`, message: 'this one' }],
        };
      }
    }
  },
};
