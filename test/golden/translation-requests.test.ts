// Requests of each client dialect as each upstream gets them. A case is a file: `target` names the upstream models, the
// golden beside it is the body that leaves the gateway with what was lost. UPDATE_GOLDEN=1 rewrites the goldens.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGatewayError } from '../../src/errors.ts';
import { bodyOf, translate, wireNames } from '../support/translation.ts';
import type { TargetCase, WireName } from '../support/translation.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

interface RequestCase {
  /** Where a wire has several paths that speak differently. */
  readonly path?: string;
  readonly target: { readonly [upstream in WireName]?: TargetCase };
  readonly request: object;
}

const folder = join(import.meta.dirname, 'requests');

const cases = wireNames.flatMap((client) =>
  readdirSync(join(folder, client))
    .filter((file) => /^[^.]+\.json$/.test(file))
    .flatMap((file) => {
      const content = read(join(folder, client, file)) as RequestCase;
      return (Object.keys(content.target) as WireName[]).map((upstream) => ({
        client,
        upstream,
        name: file.replace('.json', ''),
        content,
      }));
    }),
);

test('both directions have cases', () => {
  expect(cases.length).toBeGreaterThan(40);
});

describe.each(cases)('$client/$name to $upstream', ({ client, upstream, name, content }) => {
  const outcome = run(client, upstream, content);

  test('is as the golden says', () => {
    const path = join(folder, client, `${name}.${upstream}.golden.json`);
    const text = `${JSON.stringify(outcome, null, 2)}\n`;
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
    expect(existsSync(path), `${path} is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  test('breaks no rule of the vendor', () => {
    if (!('request' in outcome)) {
      expect(name).toMatch(/^(refused|only)-/);
      return;
    }
    expect(name).not.toMatch(/^(refused|only)-/);
    expect(findRequestFaults(upstream, outcome.request)).toEqual([]);
  });
});

function run(client: WireName, upstream: WireName, { request, target, path }: RequestCase) {
  try {
    const translation = translate(client, upstream, request, target[upstream]!, path);
    return { request: bodyOf(translation), headers: translation.headers, loss: translation.loss };
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    return { error: error.code, message: error.message };
  }
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
