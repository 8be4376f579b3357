import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createPortions, type PortionOptions, type Portions } from '../../../src/observability/portions.ts';

function start(options: PortionOptions = {}): { portions: Portions; read(): string } {
  const folder = mkdtempSync(join(tmpdir(), 'omniroute-log-'));
  const file = join(folder, 'log');
  const descriptor = openSync(file, 'a');
  onTestFinished(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  return { portions: createPortions(descriptor, options), read: () => readFileSync(file, 'utf8') };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ${'ü🜁'.repeat(index % 20)}\n`);

it('all lines arrive, in order, whatever their size', async () => {
  const { portions, read } = start({ size: 256, period: 1 });
  const long = `${'x'.repeat(1000)}\n`;
  for (const line of lines) portions.write(line);
  portions.write(long);
  portions.write('last\n');
  await until(() => read().endsWith('last\n'));
  expect(read()).toBe(`${lines.join('')}${long}last\n`);
});

it('a lone line waits for its period, not for others', async () => {
  const { portions, read } = start({ period: 5 });
  portions.write('one\n');
  expect(read()).toBe('');
  await until(() => read() === 'one\n');
});

it('a flush writes at once what waits, and nothing twice', async () => {
  const { portions, read } = start({ size: 256, period: 60_000 });
  for (const line of lines) portions.write(line);
  portions.flush();
  portions.write('after\n');
  portions.flush();
  await until(() => read().length >= lines.join('').length + 6);
  const written = read().split('\n');
  expect(written).toHaveLength(lines.length + 2);
  expect(written.toSorted()).toEqual([...lines.map((line) => line.slice(0, -1)), 'after', ''].toSorted());
});

it('what the owner keeps back goes out with its period, and with a flush, in order', async () => {
  let kept = 'kept\n';
  const rest = (): void => {
    const text = kept;
    kept = '';
    if (text !== '') started.portions.write(text);
  };
  const started = start({ period: 5, rest });
  started.portions.expect();
  await until(() => started.read() === 'kept\n');
  started.portions.write('first\n');
  kept = 'then\n';
  started.portions.flush();
  expect(started.read()).toBe('kept\nfirst\nthen\n');
});

it('what nobody reads is dropped beyond the limit, and the descriptor may be gone', () => {
  const { portions, read } = start({ size: 100, limit: 250, period: 60_000 });
  for (let index = 0; index < 100; index++) portions.write('0123456789'.repeat(2));
  portions.flush();
  expect(read().length).toBeLessThanOrEqual(400);
  const gone = createPortions(999_999);
  gone.write('nobody hears\n');
  expect(() => gone.flush()).not.toThrow();
});
