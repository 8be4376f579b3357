// A database that does not answer: whoever waits for it is told.
import { expect, it } from 'vitest';
import { createManualClock } from '../../../src/lib/clock.ts';
import { createAccounts } from '../../../src/management/accounts.ts';
import { untilDurable } from '../../../src/management/durable.ts';
import { createPasswords, findPasswordFault } from '../../../src/management/passwords.ts';

it('gives the answer, the fault, or 503 when neither comes', async () => {
  expect(await untilDurable(Promise.resolve(7))).toBe(7);
  await expect(untilDurable(Promise.reject(new Error('full')))).rejects.toThrow('full');
  const never = new Promise<void>(() => undefined);
  await expect(untilDurable(never, 1)).rejects.toMatchObject({ status: 503, code: 'state_unavailable' });
});

it('a few digests are computed at once, a few wait, the next is told to come again', async () => {
  const passwords = createPasswords({ memory: 64, passes: 1 });
  const digest = await passwords.hash('correct horse battery');
  const answers = await Promise.allSettled(
    Array.from({ length: 12 }, (_, n) => passwords.verify(n % 2 ? 'wrong' : 'correct horse battery', digest)),
  );
  const told = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'busy'));
  expect(told.slice(0, 10)).toEqual([true, false, true, false, true, false, true, false, true, false]);
  expect(told.slice(10)).toEqual(['busy', 'busy']);
  expect(await passwords.verify('correct horse battery', digest)).toBe(true);
  expect(await passwords.verify('x', 'sha256$1$1$x$y')).toBe(false);
});

it('one character in two spellings is one password', async () => {
  const passwords = createPasswords({ memory: 64, passes: 1 });
  expect(
    await passwords.verify('pa\u0073s\u00e9-partout', await passwords.hash('pass\u0065\u0301-partout')),
  ).toBe(true);
});

it('faults of a password never repeat it', () => {
  for (const password of ['short', 'CHANGEME', 'x'.repeat(201)])
    expect(findPasswordFault(password)).not.toContain(password);
});

it('logins of a store that is not whole are no logins', () => {
  const saved = [
    { kind: 'account', id: 'admin', value: '{"digest":1' },
    { kind: 'login', id: 'a', value: '{"version":1}' },
    { kind: 'login', id: 'b', value: 'null' },
  ];
  const store = { load: async () => saved, save: () => undefined, flush: async () => undefined };
  const passwords = createPasswords({ memory: 64, passes: 1 });
  const accounts = createAccounts({ store, passwords, clock: createManualClock(0), saved });
  expect([accounts.hasPassword, accounts.find('a'), accounts.find('b')]).toEqual([
    false,
    undefined,
    undefined,
  ]);
});
