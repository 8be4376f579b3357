// A proof of reasoning returns to its issuer unchanged and is shown to nobody else, also where client and upstreams all
// speak Responses, nothing is translated, and the client itself carries the conversation.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProofIssuers } from '../../src/gateway/proofs.ts';
import { lanes, startRig, type Lane, type Rig } from '../support/gateway.ts';
import { createResponsesAgent, type Item } from '../support/responses-agent.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const names = ['north', 'south'] as const;
let upstreams: Record<(typeof names)[number], Upstream>;
let rig: Rig;

beforeEach(async () => {
  const [north, south] = await Promise.all(
    names.map((issuer) => startUpstream(createResponsesAgent({ issuer, stateless: true }))),
  );
  upstreams = { north: north!, south: south! };
  rig = await startRig({
    providers: names.map((name) =>
      makeProvider(name, {
        endpoints: [makeEndpoint({ baseUrl: upstreams[name].baseUrl, protocol: 'openai-responses' })],
      }),
    ),
  });
});

afterEach(async () => {
  await rig.close();
  for (const name of names) await upstreams[name].close();
});

async function ask(
  lane: Lane,
  name: string,
  input: readonly Item[],
  stream: boolean,
): Promise<readonly Item[]> {
  const body = { model: `${name}/m`, input, stream, store: false, include: ['reasoning.encrypted_content'] };
  const { status, text } = await rig.ask(lane, { path: '/v1/responses', body });
  expect(status).toBe(200);
  const whole = stream ? /^event: response\.completed\ndata: (.*)$/m.exec(text)![1]! : text;
  const value = JSON.parse(whole) as { output: Item[]; response?: { output: Item[] } };
  return value.response?.output ?? value.output;
}

test.each(lanes.flatMap((lane) => [false, true].map((stream) => ({ lane, stream }))))(
  '$lane lane, streamed $stream',
  async ({ lane, stream }) => {
    const conversation: Item[] = [{ role: 'user', content: 'one' }];
    const turn = async (name: (typeof names)[number]): Promise<string> => {
      conversation.push(...(await ask(lane, name, conversation, stream)), { role: 'user', content: 'more' });
      return upstreams[name].calls.at(-1)!.body;
    };
    await turn('north');
    const own = await turn('north');
    expect(own).toContain('"PROOF-OF-north-1"');
    const body = { ...(JSON.parse(own) as object), model: 'm' };
    expect(own).toBe(JSON.stringify(body));
    const south = await turn('south');
    expect(south).not.toContain('PROOF-OF-north');
    expect((JSON.parse(south) as { input: Item[] }).input.map(({ type }) => type)).toEqual([
      undefined,
      'message',
      undefined,
      'message',
      undefined,
    ]);
    const back = await turn('north');
    expect(back).toContain('"PROOF-OF-north-1"');
    expect(back).toContain('"PROOF-OF-north-2"');
    expect(back).not.toContain('PROOF-OF-south');
  },
);

test('a handover in the same wire shows nobody what is not its own', async () => {
  const conversation: Item[] = [{ role: 'user', content: 'one' }];
  conversation.push(...(await ask('node', 'north', conversation, false)));
  await ask('node', 'south', [...conversation, { type: 'compaction_trigger' }], false);
  const { body } = upstreams.south.calls[0]!;
  expect(body).toContain('handover');
  expect(body).not.toContain('PROOF-OF-north');
});

test.each(lanes)('a proof that its reader refuses is left out, in one call more (%s lane)', async (lane) => {
  const stranger = { type: 'reasoning', summary: [], encrypted_content: 'PROOF-OF-before-the-restart' };
  const output = await ask(lane, 'south', [stranger, { role: 'user', content: 'x' }], lane === 'node');
  expect(output).toHaveLength(2);
  expect(upstreams.south.calls).toHaveLength(2);
  expect(upstreams.south.calls[0]!.body).toContain('before-the-restart');
  expect(JSON.parse(upstreams.south.calls[1]!.body)).toMatchObject({
    input: [{ role: 'user', content: 'x' }],
  });
});

test('what nobody here has seen travels as it is', async () => {
  const stranger = { type: 'reasoning', summary: [], encrypted_content: 'PROOF-OF-south-77' };
  const text = JSON.stringify({ role: 'user', content: '"encrypted_content":"PROOF-OF-north-1"' });
  await ask('node', 'south', [stranger, JSON.parse(text) as Item], false);
  expect(upstreams.south.calls[0]!.body).toContain('PROOF-OF-south-77');
  expect(upstreams.south.calls[0]!.body).toContain('PROOF-OF-north-1');
});

test('the newest proofs are known, and no more than fit', () => {
  const proofs = createProofIssuers(2);
  proofs.note('a', 'x');
  proofs.note('b', 'x');
  proofs.note('a', 'y');
  proofs.note('c', 'x');
  expect(['a', 'b', 'c'].map((proof) => proofs.of(proof))).toEqual(['y', undefined, 'x']);
});
