// When may a changed set of files be read? When git holds no index.lock and two readings, a moment apart, are equal.
// A half-finished checkout can be valid YAML; equal hashes of the whole set are the only sign that writing has ended.

export interface SettleParts {
  /** Hash over the bytes of the whole dependency set; unreadable files take part as such. */
  fingerprint(): Promise<string>;
  /** Whether git is writing the work tree that holds the files. */
  isLocked(): Promise<boolean>;
  /** Resolves after `milliseconds`. */
  pause(milliseconds: number): Promise<void>;
}

export interface SettleTimes {
  /** Milliseconds between two readings. */
  readonly interval: number;
  /** Milliseconds after which a lock is taken for stale and reading goes on. */
  readonly lockPatience: number;
  /** Milliseconds after which an ever-changing set is read as it is. */
  readonly patience: number;
}

/** Defaults: two readings 40 ms apart, a lock is believed for 30 s, a busy set for 2 s. */
export const settleTimes: SettleTimes = { interval: 40, lockPatience: 30_000, patience: 2_000 };

/** Resolves with the fingerprint once the set is quiet; says whether a stale lock was overrun. */
export async function settleSources(
  parts: SettleParts,
  times: SettleTimes = settleTimes,
): Promise<{ readonly fingerprint: string; readonly staleLock: boolean }> {
  let waited = 0;
  while ((await parts.isLocked()) && waited < times.lockPatience) {
    await parts.pause(times.interval);
    waited += times.interval;
  }
  const staleLock = waited >= times.lockPatience;
  let fingerprint = await parts.fingerprint();
  for (let spent = 0; spent < times.patience; spent += times.interval) {
    await parts.pause(times.interval);
    const locked = !staleLock && (await parts.isLocked());
    const again = await parts.fingerprint();
    if (again === fingerprint && !locked) break;
    fingerprint = again;
  }
  return { fingerprint, staleLock };
}
