// The expression library against a table of CEL cases of our own, written from the language definition.
// Our subset is compared with the library on random expressions, so this table anchors both.
import { Environment } from '@marcbachmann/cel-js';
import { expect, it } from 'vitest';
import cases from '../fixtures/cel-cases.json' with { type: 'json' };

// The library runs `matches` on the engine of the host, without Unicode mode; ours runs on a linear-time engine.
const knownDeviations = new Set(['"😀".matches("^.$")']);

const bindings = {
  s: 'héllo',
  e: '',
  i: 7n,
  n: -3n,
  d: 1.5,
  b: true,
  m: { team: 'infra' },
  l: ['a', 'b'],
  t: new Date('2026-11-21T22:30:00Z'),
};

const environment = new Environment()
  .registerVariable('s', 'string')
  .registerVariable('e', 'string')
  .registerVariable('i', 'int')
  .registerVariable('n', 'int')
  .registerVariable('d', 'double')
  .registerVariable('b', 'bool')
  .registerVariable('m', 'map<string, string>')
  .registerVariable('l', 'list<string>')
  .registerVariable('t', 'google.protobuf.Timestamp');

it.each(cases)('$expression → $want', ({ expression, want }) => {
  if (knownDeviations.has(expression)) expect(answer(expression)).not.toBe(want);
  else expect(answer(expression)).toBe(want);
});

/** `static`: refused before evaluation; `error`: failed during it. */
function answer(expression: string): unknown {
  if (!environment.check(expression).valid) return 'static';
  try {
    return environment.evaluate(expression, bindings);
  } catch {
    return 'error';
  }
}
