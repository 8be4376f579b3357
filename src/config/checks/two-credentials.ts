// An account signs in one way.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const twoCredentials: DocumentCheck = {
  code: 'connection/two-credentials',
  severity: 'error',
  meaning:
    'An account has a key and an OAuth sign-in, or a credential although its provider says `auth: none`.',
  action: 'Keep one; use two connections for two accounts.',
  *check({ config }) {
    for (const [name, { auth, connections = [] }] of Object.entries(config.providers)) {
      for (const [index, { apiKey, oauth }] of connections.entries()) {
        const at = `/providers/${escapeSegment(name)}/connections/${index}`;
        if (apiKey && oauth)
          yield {
            pointer: `${at}/oauth`,
            part: 'key',
            message: 'the account has a key already',
            related: [{ pointer: `${at}/apiKey`, message: 'the key' }],
          };
        else if (auth === 'none' && (apiKey || oauth)) {
          const field = apiKey ? 'apiKey' : 'oauth';
          yield {
            pointer: `${at}/${field}`,
            part: 'key',
            message: `the provider says auth: none, so "${field}" is never sent`,
            related: [{ pointer: `/providers/${escapeSegment(name)}/auth`, message: 'here' }],
          };
        }
      }
    }
  },
};
