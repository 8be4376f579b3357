// Copies everything that this process writes to standard output and standard error into the secret search: the
// console, process.stdout, and direct writes to the descriptors (pino writes with fs.write, past process.stdout).
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { capture } from './canary.ts';

const names: Readonly<Record<number, string>> = { 1: 'standard output', 2: 'standard error' };

/** Wraps the writers of this process. Called once per worker process; a second call has no effect. */
export function captureOutput(): void {
  const marker = Symbol.for('omniroute.test.output');
  const holder = globalThis as { [marker]?: boolean };
  if (holder[marker]) return;
  holder[marker] = true;

  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const) {
    const original = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]) => {
      for (const value of values) capture('the console', render(value));
      original(...values);
    };
  }
  for (const [descriptor, stream] of [
    [1, process.stdout],
    [2, process.stderr],
  ] as const) {
    const original = stream.write.bind(stream) as (...values: unknown[]) => boolean;
    stream.write = (...values: unknown[]) => {
      note(descriptor, values[0]);
      return original(...values);
    };
  }
  for (const method of ['write', 'writeSync'] as const) {
    const original = fs[method] as (...values: unknown[]) => unknown;
    Object.assign(fs, {
      [method]: (...values: unknown[]) => {
        if (typeof values[0] === 'number') note(values[0], values[1]);
        return original.apply(fs, values);
      },
    });
  }
  syncBuiltinESMExports();
}

function note(descriptor: number, text: unknown): void {
  const name = names[descriptor];
  if (name === undefined) return;
  if (typeof text === 'string' || text instanceof Uint8Array) capture(name, text);
}

function render(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error)
    return `${value.stack ?? ''} ${render(value.cause ?? '')} ${JSON.stringify(value)}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
