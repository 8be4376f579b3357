// The walk over the grammar tree: names, literals, accesses and calls → typed closures, every fault in its place.
import type { ASTNode } from '@marcbachmann/cel-js';
import { findNearest, renderNearest } from '../../lib/nearest.ts';
import { compileCall, compileMethod } from './calls.ts';
import { cut, expressionFields, fieldGroups, type Field } from './fields.ts';
import { fault, typeNames, type Node, type Scalar, type Scope } from './nodes.ts';
import { compileBinary, compileChoice, compileUnary } from './operators.ts';

/** One node of the grammar → a typed closure. Whatever is not listed is not part of the subset. */
export function compileNode(scope: Scope, node: ASTNode): Node {
  switch (node.op) {
    case 'value':
      return compileLiteral(scope, node);
    case 'id':
      return compileName(scope, node);
    case '.':
    case '[]':
      return compileAccess(scope, node);
    case 'list':
      return compileList(scope, node);
    case '!_':
    case '-_':
      return compileUnary(scope, node.op, compileNode(scope, node.args), node);
    case '?:': {
      const [condition, yes, no] = node.args;
      return compileChoice(
        scope,
        compileNode(scope, condition),
        compileNode(scope, yes),
        compileNode(scope, no),
        node,
      );
    }
    case 'call': {
      const [name, values] = node.args;
      if (name === 'has' && values.length === 1 && values[0]) return compilePresence(scope, values[0]);
      return compileCall(
        scope,
        name,
        values.map((value) => compileNode(scope, value)),
        node,
      );
    }
    case 'rcall': {
      const [name, receiver, values] = node.args;
      // The variable of a loop is no field; one fault for the loop says all.
      const parts = /^(all|exists|exists_one|map|filter)$/.test(name)
        ? []
        : values.map((value) => compileNode(scope, value));
      return compileMethod(scope, name, compileNode(scope, receiver), parts, node);
    }
    case 'map':
    case '.?':
    case '[?]':
      return scope.report(node, 'this form is not part of the expressions that the gateway knows');
    default: {
      const [left, right] = node.args;
      scope.cost += 1;
      return compileBinary(scope, node.op, compileNode(scope, left), compileNode(scope, right), node);
    }
  }
}

function compileLiteral(scope: Scope, node: ASTNode & { op: 'value' }): Node {
  const value = node.args;
  if (typeof value === 'boolean') return { type: 'bool', run: () => value, literal: value };
  if (typeof value === 'string') return { type: 'string', run: () => value, literal: value };
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return scope.report(node, 'the number is too large');
    return { type: 'int', run: () => number, literal: number };
  }
  if (typeof value === 'number')
    return scope.report(node, 'no field holds a fraction', `write ${Math.round(value)}`);
  return scope.report(node, 'this kind of literal is not part of the expressions that the gateway knows');
}

function compileName(scope: Scope, node: ASTNode & { op: 'id' }): Node {
  if (node.args === 'now') {
    scope.reads.add('now');
    return { type: 'timestamp', run: (_facts, now) => now };
  }
  if (fieldGroups.includes(node.args)) return { type: 'group', name: node.args };
  const full = [...expressionFields.keys()].find((name) => name.endsWith(`.${node.args}`));
  return scope.report(
    node,
    `there is no field "${node.args}"`,
    full ? `did you mean "${full}"?` : renderNearest(node.args, [...fieldGroups, 'now']),
  );
}

function compileAccess(scope: Scope, node: ASTNode & { op: '.' | '[]' }): Node {
  const [parent, part] = node.args;
  const owner = compileNode(scope, parent);
  const key: Node =
    typeof part === 'string' ? { type: 'string', run: () => part, literal: part } : compileNode(scope, part);
  if (owner.type === 'fault' || key.type === 'fault') return fault;
  if (owner.type === 'group') {
    const name = `${owner.name}.${key.type === 'string' ? (key.literal ?? '') : ''}`;
    const field = expressionFields.get(name);
    if (!field) return scope.report(node, `there is no field "${name}"`, suggestField(name));
    scope.reads.add(name);
    if (field.demands) scope.demands.add(field.demands);
    return readField(name, field);
  }
  if (owner.type !== 'map' || key.type !== 'string') {
    return scope.report(node, `${typeNames[owner.type]} has no entry that ${typeNames[key.type]} names`);
  }
  const map = owner.run;
  const read = key.run;
  return {
    type: 'string',
    run(facts, now) {
      const entries = map(facts, now);
      const name = read(facts, now);
      // Names come from clients: `constructor` must not find what every object inherits.
      return Object.hasOwn(entries, name) ? cut(entries[name] ?? '') : '';
    },
  };
}

function compileList(scope: Scope, node: ASTNode & { op: 'list' }): Node {
  const values: Scalar[] = [];
  let of: 'bool' | 'int' | 'string' | undefined;
  for (const element of node.args) {
    const item = compileNode(scope, element);
    if (item.type === 'fault') return fault;
    const literal = 'literal' in item ? item.literal : undefined;
    if (literal === undefined || item.type === 'group')
      return scope.report(element, 'a list holds texts or numbers that are written down');
    if (item.type !== 'bool' && item.type !== 'int' && item.type !== 'string') return fault;
    of ??= item.type;
    if (item.type !== of)
      return scope.report(
        element,
        `a list holds one kind of value, here ${typeNames[of]} and ${typeNames[item.type]}`,
      );
    values.push(literal);
  }
  return of ? { type: 'list', of, values } : scope.report(node, 'the list is empty, nothing is in it');
}

/** has(place): whether a fact or an entry is there. */
function compilePresence(scope: Scope, place: ASTNode): Node {
  if (place.op !== '.' && place.op !== '[]')
    return scope.report(place, '"has" wants a field, such as has(key.tags.team)');
  const [parent, part] = place.args;
  const owner = compileNode(scope, parent);
  if (owner.type === 'map') {
    const key = typeof part === 'string' ? part : undefined;
    if (key === undefined)
      return scope.report(place, '"has" wants a name that is written down', 'use "in" instead');
    const map = owner.run;
    return { type: 'bool', run: (facts, now) => Object.hasOwn(map(facts, now), key) };
  }
  const value = compileNode(scope, place);
  if (value.type === 'fault') return fault;
  const name = owner.type === 'group' && typeof part === 'string' ? `${owner.name}.${part}` : '';
  const has = expressionFields.get(name)?.has;
  return { type: 'bool', run: has ? (facts) => has(facts) : () => true };
}

function readField(name: string, field: Field): Node {
  switch (field.type) {
    case 'bool':
      return { type: 'bool', run: field.read };
    case 'int':
      return { type: 'int', run: field.read };
    case 'map':
      return { type: 'map', run: field.read };
    case 'string':
      return { type: 'string', run: field.read, values: field.values, of: name };
  }
}

function suggestField(name: string): string {
  const [group = '', part = ''] = name.split('.');
  const names = [...expressionFields.keys()];
  const siblings = names.filter((other) => other.startsWith(`${group}.`));
  const elsewhere = names.find((other) => other.endsWith(`.${part}`));
  const near = findNearest(name, siblings) ?? elsewhere ?? findNearest(name, names);
  return near ? `did you mean "${near}"?` : `there are ${siblings.join(', ')}`;
}
