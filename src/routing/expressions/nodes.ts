// The typed, runnable form of expression nodes, and the scope that gathers faults, demands and cost while compiling.
import type { TextProblem } from '../../diagnostics.ts';
import type { DemandableFact, Facts } from '../facts.ts';

/** What a compiled node computes. Nothing in it throws: every operation of the subset is total. */
export type Run<Value> = (facts: Facts, now: number) => Value;

export type Scalar = string | number | boolean;

export type Node =
  | { readonly type: 'bool'; readonly run: Run<boolean>; readonly literal?: boolean }
  | { readonly type: 'int'; readonly run: Run<number>; readonly literal?: number }
  | {
      readonly type: 'string';
      readonly run: Run<string>;
      readonly literal?: string;
      readonly values?: readonly string[] | undefined;
      readonly of?: string;
    }
  /** Epoch milliseconds. */
  | { readonly type: 'timestamp'; readonly run: Run<number> }
  | { readonly type: 'map'; readonly run: Run<Readonly<Record<string, string>>> }
  /** A list of literals; only `in` reads it. */
  | { readonly type: 'list'; readonly of: 'bool' | 'int' | 'string'; readonly values: readonly Scalar[] }
  /** `request`, `key`, `client`: only a field of it is a value. */
  | { readonly type: 'group'; readonly name: string }
  /** A fault was reported here; what contains it stays silent. */
  | { readonly type: 'fault' };

export type NodeType = Node['type'];

/** A range of offsets into the expression. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const fault: Node = { type: 'fault' };

/** How types are called in messages. */
export const typeNames = {
  bool: 'true or false',
  int: 'a number',
  string: 'a text',
  timestamp: 'a time',
  map: 'a map',
  list: 'a list',
  group: 'a group of fields',
  fault: 'a fault',
} as const satisfies Record<NodeType, string>;

/** Collects what one compilation finds out. */
export class Scope {
  readonly problems: TextProblem[] = [];
  readonly demands = new Set<DemandableFact>();
  /** Field names that are read, `now` included. */
  readonly reads = new Set<string>();
  /** Upper bound of elementary steps of one evaluation. */
  cost = 0;

  /** Reports a fault and answers the node that silences whatever contains it. */
  report({ start, end }: Range, message: string, suggestion?: string): Node {
    this.problems.push(
      suggestion === undefined ? { start, end, message } : { start, end, message, suggestion },
    );
    return fault;
  }
}
