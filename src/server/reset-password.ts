// A new administrator password, written by a command beside the gateway: all logins end with it.
import { accountKind, createAccounts, sessionKind } from '../management/accounts.ts';
import { createPasswords } from '../management/passwords.ts';
import type { Clock } from '../lib/clock.ts';
import { openCommandState } from '../state/open-for-command.ts';
import { tellGateway, type CommandPlace } from './command-state.ts';

export type PasswordReset = 'reloaded' | 'none';

/** Whether a running gateway knows it already. Rejects with PasswordError, StateError. */
export async function resetPassword(
  place: CommandPlace,
  password: string,
  actor: string,
  clock: Clock,
): Promise<PasswordReset> {
  const state = openCommandState(place.dataFolder);
  try {
    const saved = [...state.slices(accountKind), ...state.slices(sessionKind)];
    const row = { at: clock.now(), action: 'auth.password.reset', actor, status: 'success' } as const;
    const accounts = createAccounts({
      saved,
      clock,
      passwords: createPasswords(),
      store: {
        load: () => Promise.resolve(saved),
        save: (collect) => state.save([...collect()], row),
        flush: () => Promise.resolve(),
      },
    });
    await accounts.setPassword(password);
    // Logins that had expired already are not in the accounts.
    const left = state.slices(sessionKind).map(({ kind, id }) => ({ kind, id, value: null }));
    if (left.length > 0) state.save(left, { ...row, action: 'auth.logins.ended' });
  } finally {
    state.close();
  }
  return (await tellGateway(place)) ? 'reloaded' : 'none';
}
