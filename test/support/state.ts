// Data folders and usage rows for tests of everything that stores state.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
export { makeRow as makeUsage } from './usage.ts';

/** An empty folder that is gone when the test is over. */
export function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omniroute-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
