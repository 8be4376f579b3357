// `omniroute sandbox` as people run it: a process that serves the simulator and ends on a signal.
import { expect, test } from 'vitest';
import { runCli, startCli } from '../support/cli.ts';

test.each(['SIGTERM', 'SIGINT'] as const)('serves, and ends with 0 on %s', async (signal) => {
  const cli = startCli([
    'sandbox',
    '--listen',
    '127.0.0.1:0',
    '--faults',
    '--journal',
    '--model',
    'script/agent',
  ]);
  const [url = ''] = await cli.until(/http:\/\/127\.0\.0\.1:\d+/);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'whatever', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  expect(answer.headers.get('x-omniroute-sandbox')).toBe('true');
  expect(await answer.json()).toMatchObject({
    model: 'whatever',
    choices: [{ message: { content: 'No tool was offered.' } }],
  });
  expect(await (await fetch(`${url}/-/journal`)).json()).toMatchObject({ entries: [{ model: 'whatever' }] });
  // A stalled answer does not hold up the end.
  const stalled = fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'script/stall-head', messages: [{ role: 'user', content: 'Hello' }] }),
  }).catch(() => 'broken');
  cli.child.kill(signal);
  expect(await cli.ended).toEqual({ code: 0, signal: null });
  expect(await stalled).toBe('broken');
});

test('says that its address is taken, in one line', async () => {
  const first = startCli(['sandbox', '--listen', '127.0.0.1:0', '--json']);
  const [, port = ''] = await first.until(/"url":"http:\/\/127\.0\.0\.1:(\d+)"/);
  const second = await runCli(['sandbox', '--listen', `127.0.0.1:${port}`]);
  expect(second.code).toBe(1);
  expect(second.err).toMatch(new RegExp(`^error {2}cli/address-in-use {2}127.0.0.1:${port} is taken`));
  expect(second.err).not.toContain('    at ');
  first.child.kill('SIGTERM');
  await first.ended;
});

test('a reader that goes away early is no fault', async () => {
  const cli = startCli(['schema']);
  cli.child.stdout?.destroy();
  expect(await cli.ended).toEqual({ code: 0, signal: null });
  expect(cli.err).toBe('');
});
