// An explanation as text for a terminal: the answer first, then the order of the calls, then the tree with every rule.
import { renderUsd } from '../catalog/prices.ts';
import { renderDuration } from '../lib/duration.ts';
import type { CacheRecipe } from './cache-recipe.ts';
import type {
  ExplainedAttempt,
  ExplainedCharge,
  ExplainedReason,
  ExplainNode,
  Explanation,
} from './explain.ts';

/** Several lines without a line end at the end; plain ASCII art but for the branches of the tree. */
export function renderExplanation(explanation: Explanation): string {
  const { model, protocol, operation, key, revision, outcome, attempts, tree, reasons, charges, cache } =
    explanation;
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
  if (charges.length > 0)
    lines.push('', 'charged to', ...charges.map((charge) => `  ${renderCharge(charge)}`));
  lines.push('', 'cache', ...renderCache(cache).map((line) => `  ${line}`));
  return lines.join('\n');
}

const units = {
  requests: 'requests',
  calls: 'calls',
  tokens: 'tokens',
  running: 'at the same time',
  conversations: 'conversations',
  retries: 'repeats',
  'nano-USD': '',
} as const;

const ends = {
  refuse: 'the request is refused',
  skip: 'it is left out',
  wait: 'the call waits',
  stop: 'nothing is repeated',
  warn: 'it only warns',
  route: 'the request goes elsewhere',
} as const;

function renderCharge(charge: ExplainedCharge): string {
  const { id, counts, takes, used, limit, left, full, whenFull, resets, at } = charge;
  if (counts === 'nano-USD') return renderMoney(charge);
  const takesMore = takes > 1 ? `, takes about ${takes}` : '';
  const until = resets === undefined || used === 0 ? '' : `, free again from ${resets}`;
  const verdict = full ? `; full: ${ends[whenFull]}` : '';
  return `${id}  ${left} of ${limit} ${units[counts]} left${takesMore}${until}${verdict}${at === undefined ? '' : `  ${at}`}`;
}

function renderMoney({ id, takes, limit, left, full, whenFull, resets, at }: ExplainedCharge): string {
  const until = resets === undefined ? '' : `, resets at ${resets}`;
  const verdict = full ? `; no room: ${ends[whenFull]}` : '';
  const place = at === undefined ? '' : `  ${at}`;
  return `${id}  ${renderUsd(left)} of ${renderUsd(limit)} left, sets aside ${renderUsd(takes)}${until}${verdict}${place}`;
}

function renderCache({ eligible, because, parts, ttl, at, store }: CacheRecipe): readonly string[] {
  const place = at === undefined ? '' : `  ${at}`;
  if (!eligible) {
    const cite = because?.at === undefined ? '' : `  ${because.at}`;
    return [`the answer is not kept: ${because?.message ?? ''}${cite}`];
  }
  return [
    `the answer may be kept for ${renderDuration(ttl ?? 0)}${place}; ${store} in this version: nothing is kept yet`,
    ...parts.map(({ part, value }) => `${part}: ${value}`),
  ];
}

function renderAttempts(attempts: readonly ExplainedAttempt[]): readonly string[] {
  const width = Math.max(...attempts.map(({ target }) => target.length));
  return attempts.flatMap((attempt) => {
    const { place, target, connection, protocol, model, suffixes, at, charges } = attempt;
    const extras = [
      `as ${connection}`,
      protocol,
      ...(target.endsWith(`/${model}`) ? [] : [`model ${model}`]),
      ...(suffixes ?? []).map((suffix) => `[${suffix}]`),
      ...renderCost(attempt),
    ];
    const line = `${String(place).padStart(3)}. ${target.padEnd(width)}  ${extras.join(', ')}${at === undefined ? '' : `  ${at}`}`;
    // A retry budget that is whole is true of every provider and says nothing.
    const told = charges.filter(({ counts, used }) => counts !== 'retries' || used > 0);
    return [line, ...told.map((charge) => `       ${renderCharge(charge)}`)];
  });
}

function renderCost({ cost, promptCost }: ExplainedAttempt): readonly string[] {
  if (cost !== undefined) return [`at most ${renderUsd(cost)}`];
  return promptCost === undefined ? [] : [`${renderUsd(promptCost)} and the answer`];
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
