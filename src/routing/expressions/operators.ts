// Operators of the expression subset: typed operands → one closure each.
import { renderNearest } from '../../lib/nearest.ts';
import { fault, typeNames, type Node, type Range, type Run, type Scalar, type Scope } from './nodes.ts';

export type BinaryOperator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&&'
  | '||';

/** Types, checks and compiles `left operator right`. */
export function compileBinary(
  scope: Scope,
  operator: BinaryOperator,
  left: Node,
  right: Node,
  at: Range,
): Node {
  if (left.type === 'fault' || right.type === 'fault') return fault;
  switch (operator) {
    case '&&':
    case '||':
      return compileLogic(scope, operator, left, right, at);
    case 'in':
      return compileMembership(scope, left, right, at);
    case '==':
    case '!=':
      return compileEquality(scope, operator, left, right, at);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrder(scope, operator, left, right, at);
    default:
      return compileArithmetic(scope, operator, left, right, at);
  }
}

/** Compiles `!value` and `-value`. */
export function compileUnary(scope: Scope, operator: '!_' | '-_', operand: Node, at: Range): Node {
  if (operand.type === 'fault') return fault;
  if (operator === '!_') {
    if (operand.type !== 'bool')
      return scope.report(at, `"!" negates true or false, here ${typeNames[operand.type]}`);
    const { run } = operand;
    return { type: 'bool', run: (facts, now) => !run(facts, now) };
  }
  if (operand.type !== 'int')
    return scope.report(at, `"-" negates a number, here ${typeNames[operand.type]}`);
  const { run, literal } = operand;
  if (literal !== undefined) return { type: 'int', run: () => -literal, literal: -literal };
  return { type: 'int', run: (facts, now) => -run(facts, now) };
}

/** Compiles `condition ? yes : no`; both branches must have one type. */
export function compileChoice(scope: Scope, condition: Node, yes: Node, no: Node, at: Range): Node {
  if (condition.type === 'fault' || yes.type === 'fault' || no.type === 'fault') return fault;
  if (condition.type !== 'bool')
    return scope.report(at, `"?" decides on true or false, here ${typeNames[condition.type]}`);
  const test = condition.run;
  if (yes.type === 'bool' && no.type === 'bool') return { type: 'bool', run: choose(test, yes.run, no.run) };
  if (yes.type === 'int' && no.type === 'int') return { type: 'int', run: choose(test, yes.run, no.run) };
  if (yes.type === 'string' && no.type === 'string')
    return { type: 'string', run: choose(test, yes.run, no.run) };
  if (yes.type === 'timestamp' && no.type === 'timestamp')
    return { type: 'timestamp', run: choose(test, yes.run, no.run) };
  return scope.report(
    at,
    `both branches of "? :" must be alike, here ${typeNames[yes.type]} and ${typeNames[no.type]}`,
  );
}

function choose<Value>(test: Run<boolean>, yes: Run<Value>, no: Run<Value>): Run<Value> {
  return (facts, now) => (test(facts, now) ? yes(facts, now) : no(facts, now));
}

function compileLogic(scope: Scope, operator: '&&' | '||', left: Node, right: Node, at: Range): Node {
  if (left.type !== 'bool' || right.type !== 'bool') {
    return scope.report(
      at,
      `"${operator}" joins true or false, here ${typeNames[left.type]} and ${typeNames[right.type]}`,
    );
  }
  const [first, second] = [left.run, right.run];
  if (operator === '&&')
    return { type: 'bool', run: (facts, now) => first(facts, now) && second(facts, now) };
  return { type: 'bool', run: (facts, now) => first(facts, now) || second(facts, now) };
}

function compileEquality(scope: Scope, operator: '==' | '!=', left: Node, right: Node, at: Range): Node {
  checkValue(scope, left, right, at);
  checkValue(scope, right, left, at);
  const pair = comparable(left, right);
  if (!pair) return scope.report(at, mismatch(operator, left, right));
  const [first, second] = pair;
  if (operator === '==')
    return { type: 'bool', run: (facts, now) => first(facts, now) === second(facts, now) };
  return { type: 'bool', run: (facts, now) => first(facts, now) !== second(facts, now) };
}

function comparable(left: Node, right: Node): readonly [Run<Scalar>, Run<Scalar>] | undefined {
  if (left.type !== right.type || !('run' in left) || !('run' in right)) return undefined;
  if (left.type === 'map' || right.type === 'map') return undefined;
  return [left.run, right.run];
}

function compileOrder(
  scope: Scope,
  operator: '<' | '<=' | '>' | '>=',
  left: Node,
  right: Node,
  at: Range,
): Node {
  const numbers =
    (left.type === 'int' && right.type === 'int') || (left.type === 'timestamp' && right.type === 'timestamp')
      ? ([left.run, right.run] as const)
      : undefined;
  if (numbers) return { type: 'bool', run: order(operator, ...numbers) };
  if (left.type === 'string' && right.type === 'string')
    return { type: 'bool', run: order(operator, left.run, right.run) };
  return scope.report(at, mismatch(operator, left, right));
}

function order<Value extends number | string>(
  operator: '<' | '<=' | '>' | '>=',
  left: Run<Value>,
  right: Run<Value>,
): Run<boolean> {
  switch (operator) {
    case '<':
      return (facts, now) => left(facts, now) < right(facts, now);
    case '<=':
      return (facts, now) => left(facts, now) <= right(facts, now);
    case '>':
      return (facts, now) => left(facts, now) > right(facts, now);
    case '>=':
      return (facts, now) => left(facts, now) >= right(facts, now);
  }
}

function compileArithmetic(
  scope: Scope,
  operator: '+' | '-' | '*' | '/' | '%',
  left: Node,
  right: Node,
  at: Range,
): Node {
  if (operator === '+' && left.type === 'string' && right.type === 'string') {
    const [first, second] = [left.run, right.run];
    return { type: 'string', run: (facts, now) => first(facts, now) + second(facts, now) };
  }
  if (left.type !== 'int' || right.type !== 'int') return scope.report(at, mismatch(operator, left, right));
  const [first, second] = [left.run, right.run];
  switch (operator) {
    case '+':
      return { type: 'int', run: (facts, now) => first(facts, now) + second(facts, now) };
    case '-':
      return { type: 'int', run: (facts, now) => first(facts, now) - second(facts, now) };
    case '*':
      return { type: 'int', run: (facts, now) => first(facts, now) * second(facts, now) };
    default: {
      const divisor = right.literal;
      // A divisor that could be 0 would be an error at run time, in the middle of a request.
      if (!divisor)
        return scope.report(at, `"${operator}" divides by a number that is written down and is not 0`);
      if (operator === '/')
        return { type: 'int', run: (facts, now) => Math.trunc(first(facts, now) / divisor) };
      return { type: 'int', run: (facts, now) => first(facts, now) % divisor };
    }
  }
}

function compileMembership(scope: Scope, left: Node, right: Node, at: Range): Node {
  if (right.type === 'map' && left.type === 'string') {
    const [name, map] = [left.run, right.run];
    return { type: 'bool', run: (facts, now) => Object.hasOwn(map(facts, now), name(facts, now)) };
  }
  if (right.type !== 'list')
    return scope.report(at, `"in" looks into a list or a map, here ${typeNames[right.type]}`);
  if (left.type !== right.of || !('run' in left)) {
    return scope.report(
      at,
      `"in" looks for ${typeNames[right.of]} in this list, here ${typeNames[left.type]}`,
    );
  }
  for (const value of right.values) {
    if (typeof value === 'string')
      checkValue(scope, left, { type: 'string', run: () => value, literal: value }, at);
  }
  const values: ReadonlySet<Scalar> = new Set(right.values);
  const run: Run<Scalar> = left.run;
  return { type: 'bool', run: (facts, now) => values.has(run(facts, now)) };
}

/** A closed field compared with a word that it can never hold is a typing error. */
function checkValue(scope: Scope, field: Node, word: Node, at: Range): void {
  if (field.type !== 'string' || word.type !== 'string' || !field.values || word.literal === undefined)
    return;
  if (field.values.includes(word.literal)) return;
  scope.report(
    at,
    `${field.of} is never "${word.literal}"`,
    renderNearest(word.literal, field.values) ?? `it is one of ${field.values.join(', ')}`,
  );
}

function mismatch(operator: string, left: Node, right: Node): string {
  if (left.type === right.type) return `"${operator}" does not work on ${typeNames[left.type]}`;
  return `"${operator}" wants both sides alike, here ${typeNames[left.type]} and ${typeNames[right.type]}`;
}
