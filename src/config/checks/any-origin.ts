// `*` lets any web page that a user opens talk to the gateway.
import type { DocumentCheck } from './context.ts';

export const anyOrigin: DocumentCheck = {
  code: 'server/any-origin',
  severity: 'warning',
  meaning:
    'Every web page may call the gateway from a browser. Without required keys any page that a user opens can use it.',
  action: 'List the origins that you trust in `server.cors.origins`.',
  *check({ config: { server, auth } }) {
    const index = server.cors.origins.indexOf('*');
    if (index >= 0 && !auth.requireApiKey)
      yield {
        pointer: `/server/cors/origins/${index}`,
        message: 'every web page may call this gateway without a key',
      };
  },
};
