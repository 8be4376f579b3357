// Off the loopback address a gateway without keys is everybody's.
import { readWritten, type DocumentCheck } from './context.ts';

export const exposed: DocumentCheck = {
  code: 'server/exposed-without-keys',
  severity: 'error',
  meaning:
    'The gateway listens on an address that others can reach, or behind a proxy, but declares no client key. Anyone could spend your money.',
  action: 'Set `auth.requireApiKey: true` and declare at least one key; or listen on 127.0.0.1.',
  *check(context) {
    const { server, auth, keys } = context.config;
    const proxied = server.trustedProxies.length > 0;
    if (isLoopback(server.listen) && !proxied) return;
    const pointer = isLoopback(server.listen) ? '/server/trustedProxies' : '/server/listen';
    // A flag or variable may have opened what the file keeps closed: then no line of it is to blame.
    const written = readWritten(context, pointer) ?? '';
    const blamed = proxied || written.includes(server.listen) || written.includes('${');
    const at = blamed ? {} : { at: null };
    const who = proxied ? 'requests arrive through a proxy' : `others can reach ${server.listen}`;
    if (!auth.requireApiKey) {
      const suggestion = 'set auth.requireApiKey: true';
      yield { pointer, ...at, message: `${who}, but requireApiKey is off`, suggestion };
    } else if (!keys.some(({ enabled }) => enabled)) {
      yield { pointer, ...at, message: `${who}, but no client key is declared` };
    }
  },
};

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replaceAll(/[[\]]/g, '').toLowerCase();
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
