// A value that must not be seen: from a pipe, or typed at a prompt that shows nothing. Never from the arguments, which
// every user of the machine can list and every shell writes into its history.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliFailure, createUsageFailure } from './failure.ts';

/** Larger values are a mistake. */
const maxBytes = 64 * 1024;

/** One line end at the end is not part of the value. Throws CliFailure for nothing, for too much and for non-UTF-8. */
export async function readSecret(prompt: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  const value = input.isTTY ? await ask(prompt, input) : await readAll(input);
  if (value === '') throw createUsageFailure('the value is empty', 'pipe it in, or type it at the prompt');
  return value;
}

async function ask(prompt: string, input: NodeJS.ReadStream): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

async function readAll(input: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new CliFailure('cli/failed', `the value is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return text.replace(/\r?\n$/, '');
  } catch (cause) {
    throw new CliFailure('cli/failed', 'the value is not UTF-8 text', { cause });
  }
}
