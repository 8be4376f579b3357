// The administrator's password and the logins that are alive, in memory and in the store. A login is a row here: a token
// without its row is dead, after a logout, a new password, or a reset by the command line.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Slice, Store } from '../routing/ports.ts';
import { untilDurable } from './durable.ts';
import { findPasswordFault, type Passwords } from './passwords.ts';

export const accountKind = 'account';
export const sessionKind = 'login';
export const administrator = 'admin';

interface Account {
  readonly digest: string;
  /** Counts changes; logins of an older one are dead. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly changedAt: number;
}

interface Login {
  readonly version: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface Accounts {
  readonly hasPassword: boolean;
  /** False for a wrong one, and where there is none. */
  verify(password: string): Promise<boolean>;
  /** All logins end. Throws PasswordError for one that is none. */
  setPassword(password: string): Promise<void>;
  /** A new login; `id` goes into its token. */
  open(expiresAt: number): Promise<{ readonly id: string }>;
  /** Until when this login lasts; undefined when it is dead. */
  find(id: string): { readonly expiresAt: number } | undefined;
  renew(id: string, expiresAt: number): void;
  close(id: string): Promise<void>;
  /** Reads the store again: a command beside the gateway may have set a password. */
  refresh(): Promise<void>;
}

/** The message says what is wrong and never repeats the password. */
export class PasswordError extends Error {
  override readonly name = 'PasswordError';
}

export interface AccountsOptions {
  readonly store: Store;
  readonly passwords: Passwords;
  readonly clock: Clock;
  /** What `store.load()` answered. */
  readonly saved: readonly Slice[];
}

/** More logins than anybody needs; the oldest ends. */
const mostLogins = 200;

export function createAccounts({ store, passwords, clock, saved }: AccountsOptions): Accounts {
  let account: Account | undefined;
  const logins = new Map<string, Login>();
  const restore = (slices: readonly Slice[]): void => {
    const found = slices.find(({ kind, id }) => kind === accountKind && id === administrator);
    account = found && readValue<Account>(found, ['digest', 'version', 'changedAt']);
    logins.clear();
    for (const slice of slices) {
      const login =
        slice.kind === sessionKind ? readValue<Login>(slice, ['version', 'expiresAt']) : undefined;
      if (login && login.expiresAt > clock.now()) logins.set(slice.id, login);
    }
  };
  restore(saved);

  const save = (slices: readonly Slice[]): void => store.save(() => slices);
  const drop = (name: string): void => {
    logins.delete(name);
    save([{ kind: sessionKind, id: name, value: null }]);
  };

  return {
    get hasPassword() {
      return account !== undefined;
    },
    verify: async (password) => account !== undefined && (await passwords.verify(password, account.digest)),
    setPassword: async (password) => {
      const fault = findPasswordFault(password);
      if (fault !== undefined) throw new PasswordError(fault);
      const digest = await passwords.hash(password);
      account = { digest, version: (account?.version ?? 0) + 1, changedAt: clock.now() };
      const gone = [...logins.keys()];
      logins.clear();
      save([
        { kind: accountKind, id: administrator, value: JSON.stringify(account) },
        ...gone.map((id) => ({ kind: sessionKind, id, value: null })),
      ]);
      await untilDurable(store.flush());
    },
    open: async (expiresAt) => {
      const id = randomBytes(24).toString('base64url');
      const login = { version: account?.version ?? 0, createdAt: clock.now(), expiresAt };
      const [oldest] = logins.keys();
      if (logins.size >= mostLogins && oldest !== undefined) drop(oldest);
      logins.set(nameOf(id), login);
      save([{ kind: sessionKind, id: nameOf(id), value: JSON.stringify(login) }]);
      await untilDurable(store.flush());
      return { id };
    },
    find: (id) => {
      const login = logins.get(nameOf(id));
      if (!login) return undefined;
      if (login.expiresAt > clock.now() && login.version === account?.version) return login;
      drop(nameOf(id));
      return undefined;
    },
    renew: (id, expiresAt) => {
      const name = nameOf(id);
      const login = logins.get(name);
      if (!login) return;
      const renewed = { ...login, expiresAt };
      logins.set(name, renewed);
      save([{ kind: sessionKind, id: name, value: JSON.stringify(renewed) }]);
    },
    close: async (id) => {
      drop(nameOf(id));
      await untilDurable(store.flush());
    },
    refresh: async () => {
      // What waits here must not be lost to what is read there.
      await untilDurable(store.flush());
      restore(await untilDurable(store.load()));
    },
  };
}

// Who reads the database must not find what goes into a token.
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function readValue<Value>({ value }: Slice, members: readonly (keyof Value & string)[]): Value | undefined {
  try {
    const parsed: unknown = JSON.parse(value ?? 'null');
    const whole =
      typeof parsed === 'object' &&
      parsed !== null &&
      members.every((member) => Object.hasOwn(parsed, member));
    return whole ? (parsed as Value) : undefined;
  } catch {
    return undefined;
  }
}
