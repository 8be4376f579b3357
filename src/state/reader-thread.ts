// The reader thread: answers named queries on a connection that cannot write.
import { parentPort, workerData } from 'node:worker_threads';
import { createQueryTable } from './drivers/query-sql.ts';
import { openForReading } from './drivers/sqlite.ts';
import { StateError } from './fault.ts';
import type { Answer, Params, QueryName, QueryTable } from './queries.ts';
import type { ReaderNotice, ReaderOrder, ReaderSetup } from './reader.ts';
import type { Greeting } from './thread.ts';

if (parentPort) serve(parentPort, workerData as ReaderSetup);

function serve(port: NonNullable<typeof parentPort>, setup: ReaderSetup): void {
  const tell = (notice: ReaderNotice | Greeting): void => port.postMessage(notice);
  let table: QueryTable;
  try {
    table = createQueryTable(openForReading(setup.file));
  } catch (error) {
    const fault = error instanceof StateError ? error.fault : 'unopenable';
    tell({ kind: 'refused', fault, message: messageOf(error) });
    port.close();
    return;
  }
  port.on('message', ({ id, name, params }: ReaderOrder) => {
    try {
      tell({ kind: 'answer', id, answer: run(table, name, params) });
    } catch (error) {
      tell({ kind: 'failed', id, message: messageOf(error) });
    }
  });
  tell({ kind: 'ready' });
}

function run<Name extends QueryName>(table: QueryTable, name: Name, params: Params<Name>): Answer<Name> {
  if (!Object.hasOwn(table, name)) throw new Error(`There is no query "${String(name)}".`);
  return table[name](params);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
