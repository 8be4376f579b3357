// Some upstreams repeat the key that they were sent in their errors. Clients, logs and rows must not learn it.
import type { UpstreamFailure } from '../errors.ts';

const names = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'];

/** Shorter ones are no secrets, and would tear words apart. */
const shortest = 6;

/** The failure without what the call carried as its credential, whole or cut off at the end. */
export function hideCredential(
  failure: UpstreamFailure,
  headers: Readonly<Record<string, string>>,
): UpstreamFailure {
  const secrets = names
    .map((name) => headers[name]?.replace(/^bearer\s+/i, ''))
    .filter((value) => value !== undefined && value.length >= shortest);
  if (secrets.length === 0) return failure;
  const hide = (text: string): string => secrets.reduce<string>((shown, secret) => cut(shown, secret!), text);
  const { message, code, param } = failure;
  return {
    ...failure,
    message: hide(message),
    ...(code === undefined ? {} : { code: hide(code) }),
    ...(param === undefined ? {} : { param: hide(param) }),
  };
}

function cut(text: string, secret: string): string {
  const whole = text.replaceAll(secret, '[redacted]');
  const start = whole.lastIndexOf(secret.slice(0, shortest));
  // Messages are shortened before they come here: half of the key may stand at the end.
  const half = start >= 0 && secret.startsWith(whole.slice(start).replace(/…$/, ''));
  return half ? `${whole.slice(0, start)}[redacted]` : whole;
}
