// A simulator behind a real listener for one test file, and the tools that its tests offer.
import { afterAll, beforeAll } from 'vitest';
import type { SandboxListener } from '../../src/upstream/sandbox/listener.ts';
import { listenSandbox } from '../../src/upstream/sandbox/listener.ts';
import type { Sandbox, SandboxOptions } from '../../src/upstream/sandbox/simulator.ts';
import { createSandbox } from '../../src/upstream/sandbox/simulator.ts';

/** Listens for the whole file; `url` is only there inside tests. */
export function useSandbox(options: SandboxOptions = { faults: true }): {
  readonly sandbox: Sandbox;
  readonly url: string;
} {
  const sandbox = createSandbox(options);
  let listener: SandboxListener | undefined;
  beforeAll(async () => {
    listener = await listenSandbox(sandbox);
  });
  afterAll(() => listener?.close());
  return {
    sandbox,
    get url() {
      if (!listener) throw new Error('the sandbox listens only inside tests');
      return listener.url;
    },
  };
}

/** What a coding agent's shell tool looks like. */
export const bashSchema = {
  type: 'object',
  properties: { command: { type: 'string' }, description: { type: 'string' } },
  required: ['command', 'description'],
  additionalProperties: false,
} as const;

export const personSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 18 },
    role: { type: 'string', enum: ['admin', 'user'] },
    tags: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
  required: ['name', 'age', 'role', 'tags'],
  additionalProperties: false,
} as const;

/** The smallest PNG: one transparent pixel, 68 bytes. */
export const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=';

/** All of an async iterable. */
export async function gather<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}
