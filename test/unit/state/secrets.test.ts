import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SecretReference } from '../../../src/routing/snapshot.ts';
import { createSecrets } from '../../../src/state/secrets.ts';
import { plantSecret } from '../../setup/canary.ts';
import { makeDataDir } from '../../support/state.ts';

const env = (name: string, fallback?: string): SecretReference => ({
  source: 'env',
  name,
  ...(fallback === undefined ? {} : { fallback }),
});
const file = (name: string): SecretReference => ({ source: 'file', name });

describe('secrets', () => {
  it('come from variables and from files, without the last line break', async () => {
    const folder = makeDataDir();
    const value = plantSecret();
    writeFileSync(join(folder, 'key'), `${value}\r\n`);
    const secrets = createSecrets({ environment: { KEY: value }, folder });
    const prepared = await secrets.prepare([env('KEY'), file('key'), file(join(folder, 'key'))]);
    expect(prepared.unresolved).toEqual([]);
    expect(secrets.read(env('KEY'))).toBeUndefined();
    prepared.commit();
    expect(secrets.read(env('KEY'))).toBe(value);
    expect(secrets.read(file('key'))).toBe(value);
    expect(secrets.epoch).toBe(1);
    expect(secrets.files).toEqual([
      { path: join(folder, 'key'), hash: createHash('sha256').update(`${value}\r\n`).digest('hex') },
    ]);
    expect(new Set(secrets.values())).toEqual(new Set([value]));
  });

  it('say what is missing and how, once for each reference', async () => {
    const folder = makeDataDir();
    writeFileSync(join(folder, 'empty'), '\n');
    writeFileSync(join(folder, 'huge'), 'x'.repeat(70_000));
    const secrets = createSecrets({ environment: { EMPTY: '' }, folder });
    const { unresolved, files } = await secrets.prepare([
      env('EMPTY'),
      env('toString'),
      file('absent'),
      file('empty'),
      file('huge'),
      { source: 'secret', name: 'stored' },
      env('EMPTY', 'a default'),
    ]);
    expect(unresolved.map(({ reference }) => reference.name)).toEqual([
      'EMPTY',
      'toString',
      'absent',
      'empty',
      'huge',
      'stored',
    ]);
    expect(unresolved[0]?.message).toBe('The variable EMPTY is not set.');
    expect(unresolved[4]?.message).toContain('larger than 65536 bytes');
    expect(unresolved[5]?.message).toBe('The secret store holds no "stored".');
    expect(files.find(({ path }) => path.endsWith('absent'))?.hash).toBeNull();
  });

  it('use the default of a variable that is not set', async () => {
    const secrets = createSecrets({ environment: {}, folder: '/' });
    (await secrets.prepare([env('KEY', 'local')])).commit();
    expect(secrets.read(env('KEY', 'local'))).toBe('local');
    expect(secrets.read(env('KEY'))).toBeUndefined();
  });

  it('count an epoch up only when a value changed', async () => {
    const folder = makeDataDir();
    const path = join(folder, 'key');
    const first = plantSecret('first');
    const second = plantSecret('second');
    writeFileSync(path, first);
    const secrets = createSecrets({ environment: {}, folder });
    (await secrets.prepare([file('key')])).commit();
    const same = await secrets.prepare([file('key')]);
    expect(same.changed).toBe(false);
    same.commit();
    expect(secrets.epoch).toBe(1);
    writeFileSync(path, second);
    const next = await secrets.prepare([file('key')]);
    expect(next.changed).toBe(true);
    expect(secrets.read(file('key'))).toBe(first);
    next.commit();
    expect(secrets.read(file('key'))).toBe(second);
    expect(secrets.epoch).toBe(2);
  });

  it('stay readable for requests that began before a reload dropped them', async () => {
    const value = plantSecret();
    const secrets = createSecrets({ environment: { KEY: value, OTHER: 'other' }, folder: '/' });
    (await secrets.prepare([env('KEY')])).commit();
    (await secrets.prepare([env('OTHER')])).commit();
    expect(secrets.read(env('KEY'))).toBe(value);
    (await secrets.prepare([env('OTHER')])).commit();
    expect(secrets.read(env('KEY'))).toBeUndefined();
  });

  it('are withdrawn when their source is gone but the file still names them', async () => {
    const folder = makeDataDir();
    writeFileSync(join(folder, 'key'), plantSecret());
    const secrets = createSecrets({ environment: {}, folder });
    (await secrets.prepare([file('key')])).commit();
    rmSync(join(folder, 'key'));
    const next = await secrets.prepare([file('key')]);
    expect(next.unresolved).toHaveLength(1);
    next.commit();
    expect(secrets.read(file('key'))).toBeUndefined();
  });

  it('ask the stored secrets by name', async () => {
    const value = plantSecret();
    const secrets = createSecrets({
      environment: {},
      folder: '/',
      readStored: (name) => (name === 'spare' ? value : undefined),
    });
    (await secrets.prepare([{ source: 'secret', name: 'spare' }])).commit();
    expect(secrets.read({ source: 'secret', name: 'spare' })).toBe(value);
    expect(secrets.read({ source: 'env', name: 'spare' })).toBeUndefined();
  });
});
