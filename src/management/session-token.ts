// The cookie of a login: a signed token that names a row of the accounts. The row decides; the signature only keeps
// guesses away from it.
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../lib/clock.ts';

export const cookieName = 'auth_token';

export interface SessionTokens {
  sign(id: string, expiresAt: number): Promise<string>;
  /** The login that a token names; undefined for anything that this gateway did not sign, or that is over. */
  read(token: string): Promise<string | undefined>;
}

const issuer = 'omniroute';
const audience = 'management';

/** `key`: at least 32 bytes of chance. */
export function createSessionTokens(key: Uint8Array, clock: Clock): SessionTokens {
  return {
    sign: (id, expiresAt) =>
      new SignJWT({ authenticated: true })
        .setProtectedHeader({ alg: 'HS256' })
        .setJti(id)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(key),
    read: async (token) => {
      try {
        const { payload } = await jwtVerify(token, key, {
          // Never what the token itself says.
          algorithms: ['HS256'],
          issuer,
          audience,
          currentDate: new Date(clock.now()),
          requiredClaims: ['jti', 'exp'],
        });
        return payload.jti;
      } catch {
        return undefined;
      }
    },
  };
}

export interface CookieOptions {
  readonly path: string;
  /** Behind TLS. */
  readonly secure: boolean;
  /** Seconds; 0 removes the cookie. */
  readonly maxAge: number;
}

export function renderCookie(value: string, { path, secure, maxAge }: CookieOptions): string {
  const parts = [`${cookieName}=${value}`, `Path=${path}`, 'HttpOnly', 'SameSite=Lax', `Max-Age=${maxAge}`];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}

/** Undefined when there is none, or several: whoever planted a second one must not choose. */
export function readCookie(header: string | undefined): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}
