import { describe, expect, test } from 'vitest';
import { renderPath } from '../../../src/config/validate.ts';
import { loadText } from '../../support/config-files.ts';

/** `line:column message (suggestion)` of every diagnostic. */
async function told(text: string): Promise<string[]> {
  const { diagnostics } = await loadText(`version: 1\n${text}\n`);
  return diagnostics
    .filter(({ code }) => code.startsWith('schema/'))
    .map(
      ({ at, message, suggestion }) =>
        `${at?.line}:${at?.column} ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
    );
}

describe('messages', () => {
  test.each([
    ['sever: {}', '2:1 unknown key "sever" (did you mean "server"?)'],
    ['server: { lissten: x }', '2:11 unknown key "lissten" in server (did you mean "listen"?)'],
    [
      'server: { cors: { origin: [] } }',
      '2:19 unknown key "origin" in server.cors (did you mean "origins"?)',
    ],
    [
      'auth: { providers: {} }',
      '2:9 unknown key "providers" in auth ("providers" is a section of the file; is it indented too far?)',
    ],
    [
      'auth: { zzz: {} }',
      '2:9 unknown key "zzz" in auth (known keys are requireApiKey, requireLogin, sessionLifetime, lockout)',
    ],
    ['combos: { c: {} }', '2:11 combos.c lacks targets'],
    [
      'combos: { c: { strategy: priorty, targets: [] } }',
      '2:26 "priorty" is not a value of combos.c.strategy (did you mean "priority"?)',
    ],
    ['defaults: { onLoss: explode }', '2:21 defaults.onLoss does not take this value (one of warn, reject)'],
    [
      'server: { maxBodySize: 32MB2 }',
      '2:24 server.maxBodySize is not a size with its unit, such as 32MiB or 500KB',
    ],
    [
      'server: { drainTimeout: 30 }',
      '2:25 server.drainTimeout must be a duration with its unit, such as 30s, 5m or 1h30m, not a number (put it in quotes)',
    ],
    ['server: { maxDepth: 1 }', '2:21 server.maxDepth must be at least 8'],
    ['server: { maxDepth: 1.5 }', '2:21 server.maxDepth must be a whole number, not a number'],
    ['server: { maxDepth: "64" }', '2:21 server.maxDepth must be a whole number, not a text'],
    ['auth: { requireApiKey: "yes" }', '2:24 auth.requireApiKey must be true or false, not a text'],
    ['auth: { requireApiKey: yes }', '2:24 auth.requireApiKey must be true or false, not a text'],
    ['providers: { openai: }', '2:14 providers.openai is empty (write {} if nothing is to be said)'],
    ['keys:', '2:1 keys is empty (write [] if nothing is to be said)'],
    ['keys: {}', '2:7 keys must be a list, not a map'],
    ['include: a.yaml', '2:10 include must be a list, not a text (write it as a list: [value])'],
    ['providers: [openai]', '2:12 providers must be a map, not a list'],
    [
      'providers: { "open ai": {} }',
      '2:14 "open ai" cannot be a name in providers (an id of letters, digits, dots, dashes and underscores, at most 100 characters)',
    ],
    ['providers: { local: { protocols: [] } }', '2:34 providers.local.protocols must not be an empty list'],
    [
      'providers: { local: { protocols: [openai-chats] } }',
      '2:35 "openai-chats" is not a value of providers.local.protocols[0].name (did you mean "openai-chat"?)',
    ],
    ['combos: { c: { targets: [{ weight: 1 }] } }', '2:26 combos.c.targets[0] lacks model'],
    [
      'combos: { c: { targets: [5] } }',
      '2:26 combos.c.targets[0].model must be the name of a combo or alias, or provider/model, not a number (put it in quotes)',
    ],
    [
      'combos: { c: { targets: ["a b"] } }',
      '2:26 combos.c.targets[0].model is not the name of a combo or alias, or provider/model',
    ],
    ['models: { llama: {} }', '2:11 "llama" cannot be a name in models (provider/model)'],
    [
      'gitops: { files: { polices: x.yaml } }',
      '2:20 "polices" cannot be a name in gitops.files (did you mean "policies"?)',
    ],
    ['aliases: { a: "" }', '2:15 aliases.a must not be empty'],
  ])('%s', async (line, message) => {
    expect(await told(line)).toEqual([message]);
  });

  test('an integer beyond its bounds is rounded nowhere', async () => {
    expect(await told('providers: { openai: { connections: [{ id: a, priority: 101 }] } }')).toEqual([
      '2:57 providers.openai.connections[0].priority must be at most 100',
    ]);
  });

  test('a missing key in a block points at the name of the block', async () => {
    expect(await told('combos:\n  one:\n    strategy: weighted\nkeys:\n  - id: a\n    name: b')).toEqual([
      '3:3 combos.one lacks targets',
      '6:5 keys[0] lacks digest',
    ]);
  });

  test('a value is only shown when it nearly is a known one', async () => {
    const messages = await told(
      'combos: { c: { strategy: hunter2-my-password, targets: [] } }\nserver: { listen: hunter2-my-password }',
    );
    expect(messages).toHaveLength(2);
    expect(messages.join('\n')).not.toContain('hunter2');
  });

  test('a value that breaks several rules is told once', async () => {
    expect(await told('providers: { openai: { headers: { x: "a\\nb" } } }')).toHaveLength(1);
    expect(await told(`aliases: { a: "${' '.repeat(300)}" }`)).toHaveLength(1);
  });
});

test('paths read as people write them', () => {
  expect(renderPath('/combos/coding/targets/0/model')).toBe('combos.coding.targets[0].model');
  expect(renderPath('/models/openai~1gpt-5/price')).toBe('models["openai/gpt-5"].price');
  expect(renderPath('')).toBe('the file');
});
