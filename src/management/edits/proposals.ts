// What an operator does about other people's changes: reject a proposal, take over what the remote has.
import type { PullOutcome } from '../../control/pull.ts';
import { GatewayError } from '../../errors.ts';
import { isTrue, type Answer, type Ask, type ConfigDesk } from '../desk.ts';

/** DELETE /api/config/proposals?branch=: the branch goes, here and at the remote, with the secrets that waited for it. */
export async function rejectProposal(desk: ConfigDesk, { query }: Ask): Promise<Answer> {
  const { repository } = desk;
  const branch = query.get('branch') ?? '';
  const missing = new GatewayError('not_found', `there is no proposal "${branch}"`);
  if (!repository) throw missing;
  const proposal = (await repository.listProposals()).find((each) => each.branch === branch);
  if (!proposal) throw missing;
  if (proposal.merged)
    throw new GatewayError('conflict', `"${branch}" is merged; roll back to the commit before it instead`);
  const told = { branch, commit: proposal.commit };
  if (isTrue(query.get('dryRun'))) return { status: 200, body: { outcome: 'rehearsed', ...told } };
  try {
    await repository.reject(branch);
  } catch (cause) {
    throw new GatewayError('conflict', `git did not remove "${branch}": ${(cause as Error).message}`, {
      cause,
    });
  }
  await desk.settleSecrets();
  return { status: 200, body: { outcome: 'rejected', ...told } };
}

/** POST /api/config/pull: what `gitops.pull` does by the clock, now. */
export async function pullConfig(desk: ConfigDesk, { query }: Ask): Promise<Answer> {
  const { kind, ...rest } = await desk.pull(isTrue(query.get('dryRun')));
  if (kind === 'current' || kind === 'live' || kind === 'rehearsed')
    return { status: 200, body: { outcome: kind, ...rest } };
  const code = kind === 'refused' ? 'config_invalid' : 'conflict';
  const message = 'error' in rest ? rest.error : 'what the remote has does not compile';
  return {
    status: statuses[kind],
    body: { error: { code, message }, outcome: kind, ...rest },
  };
}

const statuses = { refused: 422, diverged: 409, failed: 409 } as const satisfies Partial<
  Record<PullOutcome['kind'], number>
>;
