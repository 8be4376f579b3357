// The writer thread: the only place that changes the database. It writes one batch a transaction, repeats what a
// locked or full disk refused, and cleans up in small portions between batches.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import { type Connection, openForWriting, sqliteCode } from './drivers/sqlite.ts';
import { createUsageWriter, type UsageWriter, usedBytes } from './drivers/usage-sql.ts';
import { StateError } from './fault.ts';
import type { RetentionOrder, RetentionReport, WriterNotice, WriterOrder, WriterSetup } from './messages.ts';
import type { Greeting } from './thread.ts';

const firstPause = 50;
const longestPause = 2000;

/** A quarter to a third of a core remains on a machine that is busy with nothing but requests. */
const niceness = 5;

if (parentPort) {
  stepBack();
  serve(parentPort, workerData as WriterSetup);
}

function serve(port: NonNullable<typeof parentPort>, setup: WriterSetup): void {
  const tell = (notice: WriterNotice | Greeting): void => port.postMessage(notice);
  let database: Connection;
  let usage: UsageWriter;
  try {
    database = openForWriting(setup.file, { busyTimeout: setup.busyTimeout });
    if (setup.maxPages !== undefined) database.pragma(`max_page_count = ${setup.maxPages}`);
    usage = createUsageWriter(database, setup.session);
  } catch (error) {
    tell({
      kind: 'refused',
      fault: error instanceof StateError ? error.fault : 'unopenable',
      message: messageOf(error),
    });
    port.close();
    return;
  }

  const phase = { closing: false };
  port.on('message', (order: WriterOrder) => {
    if (order.kind === 'batch') writeBatch(order.batch, firstPause);
    else if (order.kind === 'retain') void answerRetain(order.id, order.order);
    else close();
  });
  tell({ kind: 'ready' });

  function writeBatch(batch: Batch, pause: number): void {
    if (phase.closing) return;
    try {
      tell({ kind: 'written', sequence: batch.sequence, ...usage.write(batch) });
    } catch (error) {
      tell({ kind: 'stalled', code: sqliteCode(error) ?? 'unknown', message: messageOf(error) });
      setTimeout(() => writeBatch(batch, Math.min(pause * 2, longestPause)), pause);
    }
  }

  async function answerRetain(id: number, order: RetentionOrder): Promise<void> {
    try {
      tell({ kind: 'retained', id, report: await retain(order) });
    } catch (error) {
      tell({ kind: 'retention-failed', id, message: messageOf(error) });
    }
  }

  // Between two portions the loop turns once, so that a waiting batch goes first.
  async function retain(order: RetentionOrder): Promise<RetentionReport> {
    let rows = 0;
    const repeat = async (portion: () => number): Promise<void> => {
      for (let removed = 1; removed > 0 && !phase.closing; rows += removed) {
        removed = portion();
        await nextTurn();
      }
    };
    const { rowsBefore, maxBytes, countersBefore, auditBefore } = order;
    if (auditBefore !== null) {
      await repeat(() => usage.forgetAudits(auditBefore));
      rows = 0;
    }
    if (rowsBefore !== null) await repeat(() => usage.retireBefore(rowsBefore));
    if (maxBytes !== null) await repeat(() => usage.retireAbove(maxBytes));
    if (phase.closing) throw new Error('the writer is closing');
    const counters = countersBefore === null ? 0 : usage.forgetCounters(countersBefore);
    usage.forgetSessions(order.sessionsBefore);
    while (!phase.closing && usage.vacuum()) await nextTurn();
    if (phase.closing) throw new Error('the writer is closing');
    return { rows, counters, bytes: usedBytes(database) };
  }

  function close(): void {
    phase.closing = true;
    try {
      usage.forgetSession();
      database.pragma('optimize');
      database.pragma('wal_checkpoint(TRUNCATE)');
      database.close();
    } finally {
      tell({ kind: 'closed' });
      port.close();
    }
  }
}

/**
 * On Linux each thread has a priority of its own. A batch may wait for a free moment; requests must not wait for a batch,
 * which on few cores would stop the main thread for as long as it is written.
 */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    // <process>/task/<thread>
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness);
  } catch {
    // Without /proc it works as well, only less politely.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
