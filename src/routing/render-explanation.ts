// An explanation as text for a terminal: the answer first, then the order of the calls, then the tree with every rule.
import { renderUsd } from '../catalog/prices.ts';
import type { ExplainedAttempt, ExplainedReason, ExplainNode, Explanation } from './explain.ts';

/** Several lines without a line end at the end; plain ASCII art but for the branches of the tree. */
export function renderExplanation(explanation: Explanation): string {
  const { model, protocol, operation, key, revision, outcome, attempts, tree, reasons } = explanation;
  const who = key === undefined ? '' : ` with key ${key}`;
  const lines = [`${model}  (${operation} over ${protocol}${who}, revision ${revision})`, ''];
  if (outcome.kind === 'refuse') {
    lines.push(`refused: ${outcome.status} ${outcome.code}`, `  ${outcome.message}`);
    if (outcome.retryAfter !== undefined) lines.push(`  again in ${outcome.retryAfter} s`);
  } else {
    lines.push(...renderAttempts(attempts));
  }
  if (reasons.length > 0) lines.push('', 'why', ...reasons.map((reason) => `  ${renderReason(reason)}`));
  if (tree) lines.push('', 'candidates', ...renderNode(tree, '  ', ''));
  return lines.join('\n');
}

function renderAttempts(attempts: readonly ExplainedAttempt[]): readonly string[] {
  const width = Math.max(...attempts.map(({ target }) => target.length));
  return attempts.map((attempt) => {
    const { place, target, connection, protocol, model, suffixes, cost, at } = attempt;
    const extras = [
      `as ${connection}`,
      protocol,
      ...(target.endsWith(`/${model}`) ? [] : [`model ${model}`]),
      ...(suffixes ?? []).map((suffix) => `[${suffix}]`),
      ...(cost === undefined ? [] : [renderUsd(cost)]),
    ];
    return `${String(place).padStart(3)}. ${target.padEnd(width)}  ${extras.join(', ')}${at === undefined ? '' : `  ${at}`}`;
  });
}

function renderNode(node: ExplainNode, indent: string, branch: string): readonly string[] {
  const { name, places, reasons, children, at } = node;
  const verdict = places.length > 0 ? `#${places.join(', #')}` : 'left out';
  const below = branch === '' ? indent : indent + (branch.startsWith('└') ? '   ' : '│  ');
  const parts = [...reasons.map((reason) => renderReason(reason)), ...children];
  const lines = [`${indent}${branch}${name}  ${verdict}${at === undefined ? '' : `  ${at}`}`];
  for (const [index, part] of parts.entries()) {
    const sign = index === parts.length - 1 ? '└─ ' : '├─ ';
    if (typeof part === 'string') lines.push(`${below}${sign}${part}`);
    else lines.push(...renderNode(part, below, sign));
  }
  return lines;
}

function renderReason({ code, message, at }: ExplainedReason): string {
  return `${message} (${code}${at === undefined ? '' : `, ${at}`})`;
}
