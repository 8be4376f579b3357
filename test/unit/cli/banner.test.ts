import { expect, test } from 'vitest';
import { describeProviders, renderBanner } from '../../../src/cli/banner.ts';
import { assembleSnapshot } from '../../../src/routing/assemble.ts';
import type { SecretReference } from '../../../src/routing/snapshot.ts';
import { makeCombo, makeConnection, makeProvider } from '../../support/routing.ts';

const variable = (name: string): SecretReference => ({ source: 'env', name });
const account = (id: string, credential: SecretReference, enabled = true) =>
  makeConnection('p', { id, credential, enabled });
const { credential: _, ...open } = makeConnection('local');
const settings = { faults: false, seed: 1, behaviours: {} };

const snapshot = assembleSnapshot({
  revision: 'abcdef012345',
  providers: [
    makeProvider('unset', {
      connections: [account('a', variable('UNSET_KEY')), account('b', variable('UNSET_KEY'))],
    }),
    makeProvider('local', { models: ['llama'], connections: [open] }),
    makeProvider('two', { connections: [account('a', variable('KEY')), account('b', variable('KEY'))] }),
    makeProvider('half', {
      connections: [account('a', variable('KEY')), account('b', { source: 'file', name: '/run/x' })],
    }),
    makeProvider('off', { connections: [account('a', variable('KEY'), false)] }),
    makeProvider('stored', {
      connections: [
        account('a', { source: 'secret', name: 's' }),
        account('b', { source: 'file', name: '/run/x' }),
      ],
    }),
    makeProvider('sandbox', { sandbox: settings }),
  ],
  combos: [
    makeCombo('never', 'priority', ['unset/x']),
    makeCombo("it's", 'priority', ['unset/x', 'local/llama']),
  ],
});
const secrets = { epoch: 1, read: ({ name }: SecretReference) => (name === 'KEY' ? 'value' : undefined) };

test('every provider is ready or says what it waits for', () => {
  expect(describeProviders(snapshot, secrets)).toEqual([
    { provider: 'unset', ready: false, note: 'set UNSET_KEY' },
    { provider: 'local', ready: true, note: '' },
    { provider: 'two', ready: true, note: '2 accounts' },
    { provider: 'half', ready: true, note: '' },
    { provider: 'off', ready: false, note: 'no account is enabled' },
    { provider: 'stored', ready: false, note: 'store the secret s or write /run/x' },
    { provider: 'sandbox', ready: true, note: 'simulator' },
  ]);
});

test('the banner names address, file, revision, and a request that works, quoted for a shell', () => {
  const facts = { version: '1.2.3', url: 'http://127.0.0.1:1', file: 'x.yaml', snapshot, secrets };
  const text = renderBanner(facts, { paint: (_, plain) => plain }).join('\n');
  expect(text).toContain('OmniRoute 1.2.3 serves http://127.0.0.1:1');
  expect(text).toContain('x.yaml, revision abcdef012345');
  expect(text).toContain('ready     local, two (2 accounts), half, sandbox (simulator)');
  expect(text).toMatch(/^ {2}waiting {3}unset {3}set UNSET_KEY\n {12}off {5}no account/m);
  expect(text).toContain(`curl -i http://127.0.0.1:1/v1/chat/completions`);
  expect(text).toContain(String.raw`-d '{"model":"it'\''s"`);
  expect(text).not.toContain('value');
});
