// A restart forgets the answers that clients could come back to, because no file ever held them, and says so in the way
// after which clients send everything.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { startBooted } from '../support/booted.ts';

const canary = 'zq-conversation-canary-4711';

test('nothing of a kept answer is in a file, and after a restart it is gone', async () => {
  const config = `version: 1
server: { listen: 127.0.0.1:0 }
providers: { sandbox: {} }
combos: { c: { demo: true, targets: [sandbox/echo] } }
`;
  const first = await startBooted(config);
  const openai = new OpenAI({ apiKey: 'any', baseURL: `${first.gateway.url}/v1`, maxRetries: 0 });
  const made = await openai.responses.create({ model: 'c', input: canary });
  expect(made.output_text).toContain(canary);
  expect((await openai.responses.retrieve(made.id)).output_text).toContain(canary);
  const next = await openai.responses.create({
    model: 'c',
    previous_response_id: made.id,
    input: 'and now?',
  });
  expect((await openai.responses.retrieve(next.id)).previous_response_id).toBe(made.id);
  const { text } = await first.gateway.metrics.render();
  expect(text).toMatch(/^omniroute_kept_responses 2$/m);
  expect(text).toMatch(/^omniroute_kept_responses_bytes [1-9]\d{3}$/m);
  await first.gateway.close();

  const { dataFolder } = first.gateway;
  const files = readdirSync(dataFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.map(({ name }) => name)).toContain('omniroute.sqlite');
  for (const { parentPath, name } of files) {
    expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(canary);
  }
  expect(first.lines.join('\n')).not.toContain(canary);

  const second = await startBooted(undefined, {}, first.folder);
  try {
    const again = new OpenAI({ apiKey: 'any', baseURL: `${second.gateway.url}/v1`, maxRetries: 0 });
    await expect(again.responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    await expect(
      again.responses.create({ model: 'c', previous_response_id: made.id, input: 'and now?' }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    });
  } finally {
    await second.close();
  }
});
