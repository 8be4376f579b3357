// `when:` expressions, a subset of CEL: text → a bounded, total function over the facts, or every fault in the text.
// The library reads the grammar; types, names and costs are checked here, and evaluation is plain closures.
import { Environment, ParseError, type ASTNode } from '@marcbachmann/cel-js';
import type { TextProblem } from '../diagnostics.ts';
import { maxCost } from './expressions/calls.ts';
import { compileNode } from './expressions/compile.ts';
import { Scope, typeNames } from './expressions/nodes.ts';
import type { DemandableFact, Facts } from './facts.ts';

export interface Expression {
  readonly text: string;
  /** Optional facts that it reads; the gateway extracts exactly these. */
  readonly demands: ReadonlySet<DemandableFact>;
  /** Every field that it reads, dotted, `now` included. */
  readonly reads: ReadonlySet<string>;
  /** The answer, when it reads nothing and therefore never changes. */
  readonly constant?: boolean;
  /** Upper bound of elementary steps of one evaluation. */
  readonly cost: number;
  /** Whether it holds; `now` is epoch milliseconds. Never throws. */
  evaluate(facts: Facts, now: number): boolean;
}

export type ExpressionResult =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly problems: readonly TextProblem[] };

/** Bounds that hold before anything is evaluated. */
export const expressionLimits = { characters: 2048, nodes: 64, cost: maxCost } as const;

/** How the library's token names look to a person. */
const tokens: Readonly<Record<string, string>> = {
  EOF: 'the end of the expression',
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  IDENTIFIER: 'a name',
};

const parser = new Environment({
  limits: {
    maxAstNodes: expressionLimits.nodes,
    maxDepth: expressionLimits.nodes,
    maxListElements: expressionLimits.nodes,
  },
});

/** Stands in for the facts of an expression that reads none. */
const noFacts: Facts = {
  model: '',
  protocol: 'openai-chat',
  operation: 'chat',
  stream: false,
  principal: { role: 'anonymous', tags: {}, noLog: false },
  address: '',
  bodyBytes: 0,
};

/** Compiles one expression that must answer true or false. Reports all faults, with offsets into the text. */
export function compileExpression(text: string): ExpressionResult {
  const whole = { start: 0, end: text.length };
  if (text.length > expressionLimits.characters) {
    return refuse({
      ...whole,
      message: `the expression has ${text.length} characters, at most ${expressionLimits.characters}`,
    });
  }
  const tree = parse(text);
  if ('message' in tree) return refuse(tree);
  const scope = new Scope();
  const node = compileNode(scope, tree);
  if (node.type !== 'bool') {
    if (node.type !== 'fault')
      scope.report(whole, `the expression answers ${typeNames[node.type]}, not true or false`);
    return refuse(...scope.problems);
  }
  if (scope.problems.length === 0 && scope.cost > maxCost) {
    scope.report(
      whole,
      `the expression can take ${scope.cost} steps, at most ${maxCost}`,
      'use fewer or shorter patterns',
    );
  }
  if (scope.problems.length > 0) return refuse(...scope.problems);
  const { run } = node;
  const { demands, reads, cost } = scope;
  const expression: Expression = { text, demands, reads, cost, evaluate: run };
  return { ok: true, expression: reads.size > 0 ? expression : { ...expression, constant: run(noFacts, 0) } };
}

function refuse(...problems: readonly TextProblem[]): ExpressionResult {
  return { ok: false, problems: problems.toSorted((a, b) => a.start - b.start) };
}

function parse(text: string): ASTNode | TextProblem {
  try {
    return parser.parse(text).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { start = 0, end = text.length } = error.range ?? {};
    const message = error.summary.startsWith('Exceeded max')
      ? `the expression has more than ${expressionLimits.nodes} parts`
      : error.summary
          .replaceAll(/\b[A-Z]{2,}\b/g, (token) => tokens[token] ?? token.toLowerCase())
          .toLowerCase();
    return { start, end: Math.max(end, start + 1), message };
  }
}
