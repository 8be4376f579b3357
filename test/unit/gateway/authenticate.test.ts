// A digest is made once for each good credential of a snapshot, and anew for every one that is refused.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { findKey } from '../../../src/gateway/authenticate.ts';
import { assembleSnapshot } from '../../../src/routing/assemble.ts';
import { createLookup, type ClientKey, type Snapshot } from '../../../src/routing/snapshot.ts';

const key: ClientKey = { id: 'k', enabled: true, tags: {} };

function snapshotFor(...credentials: readonly string[]): { snapshot: Snapshot; asked: string[] } {
  const asked: string[] = [];
  const keys = createLookup(
    credentials.map((credential) => [createHash('sha256').update(credential).digest('hex'), key]),
  );
  const counted = {
    ...keys,
    get: (digest: string) => {
      asked.push(digest);
      return keys.get(digest);
    },
  };
  return { snapshot: assembleSnapshot({ keys: counted }), asked };
}

it('recognizes a good credential without a second digest', () => {
  const { snapshot, asked } = snapshotFor('sk-good');
  for (let i = 0; i < 3; i++) expect(findKey(snapshot, 'sk-good')).toBe(key);
  expect(asked).toHaveLength(1);
});

it('keeps no credential that was refused', () => {
  const { snapshot, asked } = snapshotFor('sk-good');
  for (let i = 0; i < 3; i++) expect(findKey(snapshot, 'sk-bad')).toBeUndefined();
  expect(asked).toHaveLength(3);
});

it('forgets what another snapshot does not declare', () => {
  expect(findKey(snapshotFor('sk-good').snapshot, 'sk-good')).toBe(key);
  expect(findKey(snapshotFor('sk-other').snapshot, 'sk-good')).toBeUndefined();
});
