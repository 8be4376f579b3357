// Functions and methods of the expression subset: texts, maps, times. Patterns run on a linear-time engine.
import { RE2JS, RE2JSException } from 're2js';
import { findNearest, renderNearest } from '../../lib/nearest.ts';
import { findTimeZone, listTimeZones, type WallClock } from '../../lib/time-zone.ts';
import { maxTextLength } from './fields.ts';
import { fault, typeNames, type Node, type Range, type Run, type Scope } from './nodes.ts';

/** Steps that one evaluation may take at most; `contains` and `matches` are what can reach it. */
export const maxCost = 32_768;

const textTests: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
  contains: (text, part) => text.includes(part),
};

// Months and days of the month count from 0 in CEL, getDate from 1.
const timeReaders: Readonly<Record<string, (clock: WallClock) => number>> = {
  getFullYear: (clock) => clock.year,
  getMonth: (clock) => clock.month - 1,
  getDate: (clock) => clock.day,
  getDayOfMonth: (clock) => clock.day - 1,
  getDayOfWeek: (clock) => clock.weekday,
  getHours: (clock) => Math.floor(clock.minuteOfDay / 60),
  getMinutes: (clock) => clock.minuteOfDay % 60,
};

const methodNames = [
  ...Object.keys(textTests),
  'matches',
  'size',
  'lowerAscii',
  'upperAscii',
  ...Object.keys(timeReaders),
];
const functionNames = ['has', 'size', 'timestamp'];
const loops = ['all', 'exists', 'exists_one', 'map', 'filter'];

/** Compiles `name(arguments)`. `has` is not here: its argument is a place, not a value. */
export function compileCall(scope: Scope, name: string, values: readonly Node[], at: Range): Node {
  const [first] = values;
  if (values.some((value) => value.type === 'fault')) return fault;
  if (name === 'size' && first && values.length === 1) return compileSize(scope, first, at);
  if (name === 'timestamp' && values.length === 1) return compileTimestamp(scope, first, at);
  return scope.report(
    at,
    `there is no function "${name}" with ${values.length} arguments`,
    suggest(name, functionNames),
  );
}

/** Compiles `receiver.name(arguments)`. */
export function compileMethod(
  scope: Scope,
  name: string,
  receiver: Node,
  values: readonly Node[],
  at: Range,
): Node {
  if (loops.includes(name))
    return scope.report(at, `"${name}" loops, and expressions do not loop`, 'use "in" with a list');
  if (receiver.type === 'fault' || values.some((value) => value.type === 'fault')) return fault;
  const [first] = values;
  if (name === 'size' && values.length === 0) return compileSize(scope, receiver, at);
  if (receiver.type === 'string') {
    const test = Object.hasOwn(textTests, name) ? textTests[name] : undefined;
    if (test && values.length === 1) return compileTextTest(scope, name, test, receiver.run, first, at);
    if (name === 'matches' && values.length === 1) return compilePattern(scope, receiver.run, first, at);
    const { run } = receiver;
    if (name === 'lowerAscii' && values.length === 0)
      return text(scope, (facts, now) => lower(run(facts, now)));
    if (name === 'upperAscii' && values.length === 0)
      return text(scope, (facts, now) => upper(run(facts, now)));
  }
  const reader = Object.hasOwn(timeReaders, name) ? timeReaders[name] : undefined;
  if (receiver.type === 'timestamp' && reader && values.length <= 1)
    return compileTime(scope, reader, receiver.run, first, at);
  const known = methodNames.includes(name);
  return scope.report(
    at,
    known
      ? `"${name}" does not work on ${typeNames[receiver.type]} with ${values.length} arguments`
      : `there is no method "${name}"`,
    known ? undefined : suggest(name, methodNames),
  );
}

function compileTextTest(
  scope: Scope,
  name: string,
  test: (text: string, part: string) => boolean,
  run: Run<string>,
  part: Node | undefined,
  at: Range,
): Node {
  if (part?.type !== 'string')
    return scope.report(at, `"${name}" wants a text, here ${typeNames[part?.type ?? 'fault']}`);
  const wanted = part.run;
  // The search of contains() can fall back to comparing at every position.
  scope.cost +=
    name === 'contains' ? maxTextLength * Math.min(part.literal?.length ?? maxTextLength, 32) : maxTextLength;
  return { type: 'bool', run: (facts, now) => test(run(facts, now), wanted(facts, now)) };
}

function compilePattern(scope: Scope, run: Run<string>, pattern: Node | undefined, at: Range): Node {
  if (pattern?.type !== 'string' || pattern.literal === undefined) {
    return scope.report(at, '"matches" wants a pattern that is written down, so that it is compiled once');
  }
  try {
    const program = RE2JS.compile(pattern.literal);
    const steps = maxTextLength * program.programSize();
    scope.cost += steps;
    if (steps > maxCost) {
      return scope.report(
        at,
        `the pattern is too large: ${program.programSize()} instructions, at most ${maxCost / maxTextLength}`,
      );
    }
    return { type: 'bool', run: (facts, now) => program.test(run(facts, now)) };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return scope.report(
      at,
      `the pattern is not valid: ${error.message.replace(/^error parsing regexp: /, '')}`,
    );
  }
}

function compileSize(scope: Scope, value: Node, at: Range): Node {
  if (value.type === 'map') {
    const { run } = value;
    return { type: 'int', run: (facts, now) => Object.keys(run(facts, now)).length };
  }
  if (value.type !== 'string')
    return scope.report(at, `"size" measures a text or a map, here ${typeNames[value.type]}`);
  const { run } = value;
  scope.cost += maxTextLength;
  return { type: 'int', run: (facts, now) => countCharacters(run(facts, now)) };
}

function compileTimestamp(scope: Scope, value: Node | undefined, at: Range): Node {
  if (value?.type !== 'string' || value.literal === undefined)
    return scope.report(at, '"timestamp" wants a time that is written down');
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(value.literal)
    ? Date.parse(value.literal)
    : Number.NaN;
  if (Number.isNaN(time))
    return scope.report(at, `"${value.literal}" is not a time`, 'write "2026-12-31T23:59:59Z"');
  return { type: 'timestamp', run: () => time };
}

function compileTime(
  scope: Scope,
  reader: (clock: WallClock) => number,
  run: Run<number>,
  zoneName: Node | undefined,
  at: Range,
): Node {
  if (zoneName && (zoneName.type !== 'string' || zoneName.literal === undefined)) {
    return scope.report(at, 'the time zone must be a text that is written down');
  }
  const name = zoneName?.type === 'string' ? (zoneName.literal ?? 'UTC') : 'UTC';
  const zone = findTimeZone(name);
  if (!zone) return scope.report(at, `"${name}" is not a time zone`, renderNearest(name, listTimeZones()));
  return { type: 'int', run: (facts, now) => reader(zone.wallClockAt(run(facts, now))) };
}

function text(scope: Scope, run: Run<string>): Node {
  scope.cost += maxTextLength;
  return { type: 'string', run };
}

function lower(value: string): string {
  return value.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upper(value: string): string {
  return value.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function countCharacters(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

function suggest(name: string, names: readonly string[]): string {
  return findNearest(name, names)
    ? `did you mean "${findNearest(name, names)}"?`
    : `there are ${names.join(', ')}`;
}
