// What an upstream says about the key that it was sent.
import { expect, it } from 'vitest';
import { hideCredential } from '../../../src/gateway/hide-credential.ts';

const secret = 'sesame-open-0123456789';
const failure = (message: string) => ({ class: 'authentication', message }) as const;
const said = (message: string, headers: Readonly<Record<string, string>>): string =>
  hideCredential(failure(message), headers).message;

it.each([{ authorization: `Bearer ${secret}` }, { 'x-api-key': secret }, { 'x-goog-api-key': secret }])(
  'takes the key out, everywhere and cut off: %j',
  (headers: Record<string, string>) => {
    expect(said(`Bad key ${secret}: "${secret}"`, headers)).toBe('Bad key [redacted]: "[redacted]"');
    expect(said(`Bad key ${secret.slice(0, 12)}`, headers)).toBe('Bad key [redacted]');
    expect(said(`Bad key ${secret.slice(0, 12)}…`, headers)).toBe('Bad key [redacted]');
    expect(said('sesame oil is out', headers)).toBe('sesame oil is out');
  },
);

it('leaves everything else as it is', () => {
  const told = failure('No such model');
  expect(hideCredential(told, { accept: 'a' })).toBe(told);
  expect(hideCredential({ ...told, code: secret }, { 'api-key': secret }).code).toBe('[redacted]');
});
