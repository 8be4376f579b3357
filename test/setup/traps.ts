// Runs before and after every test file: handles left open and secrets written anywhere fail the file. Unhandled
// rejections fail the run through vitest itself; the turns waited for here let late ones arrive before the end.
import { afterAll } from 'vitest';
import { findLeakedSecrets, plantSecret } from './canary.ts';
import { createLeakWatch } from './leaks.ts';
import { captureOutput } from './output.ts';

/** How long handles that are closing may take: a killed child on a busy machine needs most of it. */
const grace = 2000;

captureOutput();
// A secret that every product process started from a test inherits.
process.env['TEST_CANARY_SECRET'] = plantSecret('env');

const watch = createLeakWatch();
watch.start();

afterAll(async () => {
  const open = await watch.finish(grace);
  const leaked = findLeakedSecrets();
  const faults = [
    ...open.map((line) => `left open at the end of the file: ${line}`),
    ...leaked.map((line) => `a secret was written: ${line}`),
  ];
  if (faults.length > 0) throw new Error(faults.join('\n'));
}, grace + 8000);
