// Tests outside of a configuration: a `*.test.yaml` beside it, and the parts of one that a command line or an API brings.
// They are read as the `tests:` of a file are, with the same diagnostics.
import { createHash } from 'node:crypto';
import type { Diagnostic, Locate } from '../diagnostics.ts';
import { uniteFiles } from './document.ts';
import type { Environment } from './environment.ts';
import type { ResolvedTest } from './generated/types.ts';
import { interpret } from './interpret.ts';
import { parseFile } from './parse.ts';
import { resolveConfig } from './resolve.ts';
import { createFault } from './rules.ts';
import { positionOf } from './tree.ts';
import { validateConfig } from './validate-cases.ts';

export interface TestFile {
  /** Empty when any diagnostic is an error. */
  readonly tests: readonly ResolvedTest[];
  /** Of pointers such as `/tests/0`. */
  readonly locate: Locate;
  readonly diagnostics: readonly Diagnostic[];
}

const sections = new Set(['version', 'tests']);

/** Reads the text of a file with `version: 1` and `tests:`, and nothing else. */
export function readTestFile(name: string, text: string, environment: Environment): TestFile {
  const hash = createHash('sha256').update(text).digest('hex');
  const file = parseFile({ path: name, name, text, hash, size: text.length });
  const { root, locate, diagnostics: united } = uniteFiles([file]);
  const told = [...file.diagnostics, ...united];
  if (!root) return { tests: [], locate, diagnostics: told };
  const { value, diagnostics, unusable } = interpret(root, environment);
  for (const [section, { key }] of root.entries) {
    if (sections.has(section)) continue;
    const message = `a file of tests holds no "${section}"`;
    told.push(createFault('schema/unknown-key', message, { at: positionOf(key), pointer: `/${section}` }));
  }
  const checked = validateConfig(value, { locate, unusable, originOf: () => undefined });
  const all = [...told, ...diagnostics, ...checked.diagnostics];
  const broken = all.some(({ severity }) => severity === 'error');
  return { tests: broken ? [] : resolveConfig(value).tests, locate, diagnostics: all };
}

/** One test out of plain data, as an API receives it. */
export function readTestData(test: unknown): {
  readonly test?: ResolvedTest;
  readonly diagnostics: readonly Diagnostic[];
} {
  const value = { version: 1, tests: [test] };
  const { diagnostics } = validateConfig(value, {
    locate: () => undefined,
    unusable: new Set(),
    originOf: () => undefined,
  });
  if (diagnostics.length > 0) return { diagnostics };
  const [read] = resolveConfig(value).tests;
  return { ...(read && { test: read }), diagnostics };
}
