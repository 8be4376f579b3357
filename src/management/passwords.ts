// Passwords as argon2id digests. A computation takes 19 MiB and a tenth of a second, so only a few run or wait at once:
// a flood of logins must not take the machine from the requests that it serves.
import { argon2, randomBytes, timingSafeEqual, type Argon2Parameters } from 'node:crypto';
import { GatewayError } from '../errors.ts';

export interface PasswordCost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
}

/** The second choice of RFC 9106's successors at OWASP: 19 MiB, two passes, one lane. */
export const usualCost: PasswordCost = { memory: 19_456, passes: 2 };

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Constant in time for a given digest. Throws GatewayError 429 when too many wait. */
  verify(password: string, digest: string): Promise<boolean>;
}

const running = 2;
const waiting = 8;

export function createPasswords(cost: PasswordCost = usualCost): Passwords {
  let active = 0;
  const line: (() => void)[] = [];
  async function takeTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    if (active >= running) {
      if (line.length >= waiting)
        throw new GatewayError('locked_out', 'Too many logins at once.', { retryAfter: 1 });
      await new Promise<void>((resolve) => line.push(resolve));
    } else {
      active++;
    }
    try {
      return await run();
    } finally {
      const next = line.shift();
      if (next) next();
      else active--;
    }
  }
  return {
    hash: (password) =>
      takeTurn(async () => {
        const salt = randomBytes(16);
        const tag = await derive(password, salt, cost);
        return [
          'argon2id',
          cost.memory,
          cost.passes,
          salt.toString('base64url'),
          tag.toString('base64url'),
        ].join('$');
      }),
    verify: (password, digest) =>
      takeTurn(async () => {
        const [kind, memory, passes, salt = '', tag = ''] = digest.split('$');
        if (kind !== 'argon2id') return false;
        const parameters = { memory: Number(memory), passes: Number(passes) };
        const given = await derive(password, Buffer.from(salt, 'base64url'), parameters);
        const wanted = Buffer.from(tag, 'base64url');
        return given.length === wanted.length && timingSafeEqual(given, wanted);
      }),
  };
}

function derive(password: string, nonce: Buffer, { memory, passes }: PasswordCost): Promise<Buffer> {
  // Two spellings of one character are one password.
  const message = password.normalize('NFC');
  const parameters: Argon2Parameters = { message, nonce, parallelism: 1, tagLength: 32, memory, passes };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}

/** Passwords that guides of this and other gateways once showed, and the first guesses of everybody. */
const known = new Set([
  'changeme',
  'password',
  'omniroute',
  '12345678',
  '123456789',
  '1234567890',
  'administrator',
]);

/** Why a password is none; undefined when it may be one. Never repeats it. */
export function findPasswordFault(password: string): string | undefined {
  if (password.length < 8) return 'a password has at least 8 characters';
  if (password.length > 200) return 'a password has at most 200 characters';
  if (known.has(password.toLowerCase())) return 'this password is one of the first that everybody tries';
  return undefined;
}
