// An API writer who may introduce ${env:} or ${file:} can send any secret of the machine to an address of his own.
import type { DocumentCheck } from './context.ts';

export const allowedReferences: DocumentCheck = {
  code: 'gitops/allowed-references',
  severity: 'warning',
  meaning:
    'Edits through the management API may introduce references to variables or files. With an address of his own, an administrator could read any secret of the machine.',
  action: 'Allow only `secret` and `catalog`.',
  *check({ config: { gitops } }) {
    for (const [index, kind] of gitops.allowReferences.entries()) {
      if (kind === 'env' || kind === 'file')
        yield {
          pointer: `/gitops/allowReferences/${index}`,
          message: `the API may introduce references to any ${kind === 'env' ? 'variable' : 'file'}`,
        };
    }
  },
};
