// The fault table of the test suite → docs/reference/failures.md: what the page promises is what the suite has seen.
import { renderDuration } from '../../src/lib/duration.ts';
import { faultTable, type FaultRow } from '../../test/support/fault-table.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

const modes = { whole: 'whole', streamed: 'streamed', both: 'both' } as const;

const seen: Readonly<Record<FaultRow['outcome'], string>> = {
  answer: 'the answer',
  next: 'the next answer, nothing of the fault',
  refused: 'the refusal at once',
  broken: 'what has arrived, an error frame of its protocol, a broken connection',
};

const billed: Readonly<Record<FaultRow['outcome'], string>> = {
  answer: 'the answer',
  next: 'the answer that came',
  refused: 'nothing',
  broken: 'what was delivered, once',
};

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const groups = [...new Set(faultTable.map(({ group }) => group))];
  const page = renderPage('When upstreams fail', 'test/support/fault-table.ts', [
    'What the gateway does about each way in which an upstream can fail. Every row is run for every client protocol, ' +
      'over an upstream of the same and of every other protocol, ' +
      'streamed and whole, before this page can be written. “Next” means that another target, account or repeat ' +
      'answers and the client sees nothing of it; the status is what a client gets when nobody else is left, in the ' +
      'envelope of its protocol.',
    ...groups.flatMap((group) => [
      `## ${group}`,
      renderTable(
        ['Fault', 'Call', 'Taken for', 'Client sees', 'Status at last', 'Rests', 'Breaker', 'Billed'],
        faultTable.filter((row) => row.group === group).map(renderRow),
      ),
    ]),
    '## What follows from it',
    "A client's own mistake (400, 422) never touches an account. 401 and 403 lock the account, never its provider; 402 " +
      'until the provider names a time or an operator resets it (`POST /api/resilience/reset`). 429 rests one model at ' +
      'one account, so that the other models and accounts go on. Only what says something about the upstream itself ' +
      'counts toward its breakers: connections, server errors, overload, timeouts, broken answers.',
    'Rests double with each failure in a row, up to `cooldown.maxLevel`, and are stretched by up to a fifth so that ' +
      'accounts that failed together do not come back together; a hint of the provider is kept to the millisecond. Of ' +
      'several hints the largest counts, and none for longer than a day. Failures that arrive while the account rests ' +
      'change nothing. A success forgets all of it.',
    'An open breaker lets nothing through until `breaker.reset` is over, then one single probe, however many wait.',
  ]);
  return new Map([['docs/reference/failures.md', page]]);
}

function renderRow(row: FaultRow): readonly string[] {
  return [
    row.fault,
    modes[row.only ?? 'both'],
    row.class === undefined ? '' : code(row.class),
    seen[row.outcome],
    row.outcome === 'answer' || row.outcome === 'broken' ? '200' : renderStatus(row),
    renderRest(row),
    row.counts === true ? 'counts' : '',
    billed[row.outcome],
  ];
}

function renderStatus({ status = {} }: FaultRow): string {
  const all = Object.entries(status);
  const different = new Set(all.map(([, number]) => number));
  if (different.size === 1) return String(all[0]![1]);
  return [...different]
    .map((number) => {
      const names = all.filter(([, other]) => other === number).map(([name]) => name);
      return `${number} (${names.join(', ')})`;
    })
    .join(', ');
}

function renderRest({ rests, rest }: FaultRow): string {
  if (rests === undefined) return '';
  const who = rests === 'account' ? 'the account' : 'the model at this account';
  if (rest === 'operator') return `${who}, until an operator resets it`;
  return rest === undefined ? who : `${who}, for ${renderDuration(rest)}`;
}
