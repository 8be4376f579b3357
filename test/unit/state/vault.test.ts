// The secret store: its envelopes, its keys and their rotation, over both tables.
import { existsSync, readFileSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openCommandState } from '../../../src/state/open-for-command.ts';
import { readSecretRows } from '../../../src/state/drivers/secrets-sql.ts';
import {
  createMemorySecretTable,
  createVault,
  deriveKey,
  type SecretTable,
} from '../../../src/state/vault.ts';
import { ensureVaultKeys, readVaultKeys, rotateKeyFile } from '../../../src/state/vault-keys.ts';
import { makeDataDir } from '../../support/state.ts';

const first = deriveKey('a'.repeat(32));
const second = deriveKey('b'.repeat(32));

const tables: Readonly<Record<string, () => SecretTable>> = {
  memory: createMemorySecretTable,
  sqlite: () => {
    const state = openCommandState(makeDataDir());
    onTestFinished(() => state.close());
    return state.secrets;
  },
};

describe.each(Object.entries(tables))('secret table %s', (_name, open) => {
  it('gives values back, replaces them, forgets them', () => {
    let now = 10;
    const vault = createVault(open(), [first], () => now);
    vault.set('b', 'one');
    now = 20;
    vault.set('b', 'zwei – 🜁');
    vault.set('a', '');
    expect(vault.read('b')).toBe('zwei – 🜁');
    expect(vault.list()).toEqual([
      { name: 'a', createdAt: 20, updatedAt: 20, keyId: first.id, locked: false },
      { name: 'b', createdAt: 10, updatedAt: 20, keyId: first.id, locked: false },
    ]);
    expect([vault.remove('b'), vault.remove('b'), vault.read('b')]).toEqual([true, false, undefined]);
  });

  it('never holds the value, and seals the same value differently', () => {
    const table = open();
    const vault = createVault(table, [first], () => 0);
    vault.set('a', 'canary-value');
    vault.set('b', 'canary-value');
    const [a, b] = table.list().map(({ envelope }) => envelope.split('.').slice(2).join('.'));
    expect(JSON.stringify(table.list())).not.toContain('canary');
    expect(a).not.toBe(b);
  });

  it('names the secret and both keys when the key has changed, and opens nothing', () => {
    const table = open();
    createVault(table, [first], () => 0).set('spare', 'value');
    const other = createVault(table, [second], () => 0);
    expect(() => other.read('spare')).toThrow(
      new RegExp(`"spare" was sealed with key ${first.id}.*at hand: ${second.id}`),
    );
    expect(other.list()[0]?.locked).toBe(true);
  });

  it('finds envelopes that were exchanged, cut or bent', () => {
    const table = open();
    const vault = createVault(table, [first], () => 0);
    vault.set('a', 'alpha');
    vault.set('b', 'beta');
    const [a] = table.list();
    table.put('b', a!.envelope, 0);
    expect(() => vault.read('b')).toThrow('damaged');
    table.put('b', a!.envelope.slice(0, -30), 0);
    expect(() => vault.read('b')).toThrow('damaged');
    table.put('b', a!.envelope.replace('v1', 'v9'), 0);
    expect(() => vault.read('b')).toThrow('newer OmniRoute');
  });

  it('rotates everything or nothing', () => {
    const table = open();
    createVault(table, [first], () => 0).set('a', 'alpha');
    createVault(table, [deriveKey('c'.repeat(32))], () => 0).set('z', 'lost');
    const before = table.list();
    const vault = createVault(table, [second, first], () => 0);
    expect(() => vault.rotate()).toThrow('"z"');
    expect(table.list()).toEqual(before);
    table.remove('z');
    expect(vault.rotate()).toBe(1);
    expect(createVault(table, [second], () => 0).read('a')).toBe('alpha');
  });
});

describe('keys', () => {
  it('makes a file for the owner at the first use, and finds it again', () => {
    const dataFolder = makeDataDir();
    expect(readVaultKeys({ environment: {}, dataFolder })).toEqual([]);
    const [made] = ensureVaultKeys({ environment: {}, dataFolder }, false);
    expect(statSync(join(dataFolder, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(readVaultKeys({ environment: {}, dataFolder })).toEqual([made]);
  });

  it('never makes a new key while envelopes exist', () => {
    const dataFolder = makeDataDir();
    expect(() => ensureVaultKeys({ environment: {}, dataFolder }, true)).toThrow('Bring the key back');
    expect(existsSync(join(dataFolder, 'secret.key'))).toBe(false);
  });

  it('prefers the variable, and refuses a short or readable key without telling it', () => {
    const dataFolder = makeDataDir();
    const environment = { OMNIROUTE_SECRET_KEY: `${'a'.repeat(32)},${'b'.repeat(32)}` };
    expect(readVaultKeys({ environment, dataFolder })).toEqual([first, second]);
    const short = { environment: { OMNIROUTE_SECRET_KEY: 'hunter2' }, dataFolder };
    expect(() => readVaultKeys(short)).toThrow(/^OMNIROUTE_SECRET_KEY holds a key of 7 characters/);
    writeFileSync(join(dataFolder, 'secret.key'), 'a'.repeat(32));
    chmodSync(join(dataFolder, 'secret.key'), 0o644);
    expect(() => readVaultKeys({ environment: {}, dataFolder })).toThrow('chmod 600');
  });

  it('a rotation that is interrupted leaves both keys, and the next one ends it', () => {
    const dataFolder = makeDataDir();
    const source = { environment: {}, dataFolder };
    const table = createMemorySecretTable();
    createVault(table, ensureVaultKeys(source, false), () => 0).set('a', 'alpha');
    const crash = (): number => {
      throw new Error('power cut');
    };
    expect(() => rotateKeyFile(source, crash)).toThrow('power cut');
    const [newest, ...rest] = ensureVaultKeys(source, true);
    expect(createVault(table, [newest, ...rest], () => 0).read('a')).toBe('alpha');
    expect(rotateKeyFile(source, (keys) => createVault(table, keys, () => 0).rotate())).toBe(1);
    expect(readFileSync(join(dataFolder, 'secret.key'), 'utf8').trim().split('\n')).toHaveLength(1);
    expect(createVault(table, ensureVaultKeys(source, true), () => 0).read('a')).toBe('alpha');
  });

  it('rows of a file that is not there are none', () => {
    expect(readSecretRows(join(makeDataDir(), 'none.sqlite'))).toEqual([]);
  });
});
