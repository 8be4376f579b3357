// A process that only writes usage rows, for tests that end it in every way. It says on standard output what it did:
// `ready`, `A <rows appended> <epoch ms>`, `F <rows flushed>`. Arguments: data folder, prefix of request ids, seed.
import { writeSync } from 'node:fs';
import { createRandom } from '../../src/lib/random.ts';
import { openSqliteState } from '../../src/state/open.ts';
import { makeRow } from './usage.ts';

const [dataDir = '', prefix = '', seed = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
const say = (line: string): void => void writeSync(1, `${line}\n`);

const state = await openSqliteState({ dataDir });
say('ready');
let appended = 0;
const ending = new AbortController();

process.on('SIGTERM', () => {
  ending.abort();
  void state.close().then(() => {
    say(`A ${appended} ${Date.now()}`);
    process.exit(state.status().dropped === 0 ? 0 : 1);
  });
});

// A burst, then a turn of the loop or a pause: batches of every size, full ones and those that the window cuts.
while (!ending.signal.aborted) {
  const burst = Math.floor(random() * 200);
  for (let row = 0; row < burst; row++) {
    const key = random() < 0.5 ? 'ci' : null;
    state.ledger.append(makeRow({ requestId: `${prefix}-${appended++}`, at: Date.now(), key }));
  }
  say(`A ${appended} ${Date.now()}`);
  state.store.save(() => [{ kind: 'appended', id: prefix, value: String(appended) }]);
  if (random() < 0.2) {
    const before = appended;
    await state.ledger.flush();
    say(`F ${before}`);
  }
  // Old rounds are cleaned up meanwhile, so that a kill also meets a half-done clean-up.
  if (random() < 0.1) void state.retain({ usage: 5000 }).catch(() => undefined);
  const pause = random() < 0.3 ? Math.floor(random() * 40) : 0;
  await new Promise((resolve) => setTimeout(resolve, pause));
}
