// A configuration in a clone of its own, the bare remote behind it, and another clone in which other people work.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GitPlaces {
  /** The folder of the configuration. */
  readonly ours: string;
  readonly theirs: string;
  readonly remote: string;
  git(place: 'ours' | 'theirs' | 'remote', ...args: readonly string[]): string;
  /** Others replace the main file and push. */
  push(text: string, subject?: string): void;
  remove(): void;
}

export const mainFile = 'omniroute.config.yaml';

/** All three hold `text` as the main file on branch main. */
export function createGitPlaces(text: string): GitPlaces {
  const top = mkdtempSync(join(tmpdir(), 'omniroute-remote-'));
  const paths = { ours: join(top, 'ours'), theirs: join(top, 'theirs'), remote: join(top, 'remote') };
  const git: GitPlaces['git'] = (place, ...args) =>
    execFileSync('git', ['-c', 'user.name=Grace', '-c', 'user.email=grace@example.org', ...args], {
      cwd: paths[place],
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  for (const path of Object.values(paths)) mkdirSync(path);
  git('remote', 'init', '--quiet', '--bare', '--initial-branch=main');
  git('ours', 'init', '--quiet', '--initial-branch=main');
  writeFileSync(join(paths.ours, mainFile), text);
  writeFileSync(join(paths.ours, '.gitignore'), 'data/\n');
  git('ours', 'add', '.');
  git('ours', 'commit', '--quiet', '-m', 'first');
  git('ours', 'remote', 'add', 'origin', paths.remote);
  git('ours', 'push', '--quiet', '--set-upstream', 'origin', 'main');
  git('theirs', 'clone', '--quiet', paths.remote, '.');
  return {
    ...paths,
    git,
    push: (next, subject = 'theirs') => {
      writeFileSync(join(paths.theirs, mainFile), next);
      git('theirs', 'commit', '--quiet', '-am', subject);
      git('theirs', 'push', '--quiet', 'origin', 'main');
    },
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
}
