// Off the loopback address a gateway without keys is everybody's.
import type { DocumentCheck } from './context.ts';

export const exposed: DocumentCheck = {
  code: 'server/exposed-without-keys',
  severity: 'error',
  meaning:
    'The gateway listens on an address that others can reach, or behind a proxy, but declares no client key. Anyone could spend your money.',
  action: 'Set `auth.requireApiKey: true` and declare at least one key; or listen on 127.0.0.1.',
  *check({ config: { server, auth, keys } }) {
    const open = isLoopback(server.listen)
      ? server.trustedProxies.length > 0
        ? '/server/trustedProxies'
        : undefined
      : '/server/listen';
    if (open === undefined) return;
    if (!auth.requireApiKey)
      yield {
        pointer: open,
        message: 'others can reach this address, but requireApiKey is off',
        suggestion: 'set auth.requireApiKey: true',
      };
    else if (!keys.some(({ enabled }) => enabled))
      yield { pointer: open, message: 'others can reach this address, but no client key is declared' };
  },
};

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replaceAll(/[[\]]/g, '').toLowerCase();
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
