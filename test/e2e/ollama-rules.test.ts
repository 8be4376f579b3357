// What rules of the operator change in an Ollama request, seen in what the upstream received: on Ollama's own wire, as
// chat and as generate, and on another one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGuarded, type Guarded } from '../support/access.ts';
import { useSandbox } from '../support/sandbox.ts';

const simulator = useSandbox({ fallback: 'echo' });
const house = 'You work for the house.';
const rules: Readonly<Record<string, object>> = {
  prepend: { systemPrompt: house },
  replace: { systemPrompt: { text: house, position: 'replace' } },
  cap: { maxOutputTokens: 3000 },
  cool: { temperature: { min: 0.2, max: 0.5 } },
  off: { thinking: { mode: 'custom', budget: 0 } },
  deep: { thinking: { mode: 'custom', budget: 50_000 } },
};
let gateway: Guarded;

beforeAll(async () => {
  gateway = await startGuarded({
    providers: {
      local: { protocols: [{ name: 'ollama', baseUrl: simulator.url }], auth: 'none' },
      chat: { protocols: [{ name: 'openai-chat', baseUrl: `${simulator.url}/v1` }], auth: 'none' },
    },
    policies: Object.entries(rules).map(([id, set]) => ({ id, match: { metadata: { rule: id } }, set })),
  });
});
afterAll(() => gateway.close());

type Body = Readonly<Record<string, unknown>>;

async function send(
  path: string,
  rule: string,
  body: Body,
): Promise<{ status: number; seen: Body | undefined }> {
  simulator.sandbox.journal.clear();
  const headers = { 'x-omniroute-metadata-rule': rule };
  const { status } = await gateway.ask('node', { path, headers, body });
  return { status, seen: simulator.sandbox.journal.entries()[0]?.body as Body | undefined };
}

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
];

describe.each(['local/gpt-oss:20b', 'chat/gpt-oss-20b'])('a chat with %s', (model) => {
  const ask = async (rule: string, more: Body = {}): Promise<Body> =>
    (await send('/api/chat', rule, { model, messages, ...more })).seen!;
  const own = model.startsWith('local');

  it('has the text of the house', async () => {
    const systems = ({ messages: all }: Body) =>
      (all as { role: string; content: unknown }[])
        .filter(({ role }) => role === 'system')
        .map(({ content }) => content);
    expect(systems(await ask('prepend'))).toEqual([`${house}\n\nBe brief.`]);
    expect(systems(await ask('replace'))).toEqual([house]);
  });

  it('keeps to bounds, said or not', async () => {
    const limit = (body: Body) => (own ? (body['options'] as Body)['num_predict'] : body['max_tokens']);
    for (const wanted of [{}, { num_predict: -1 }, { num_predict: 9000 }])
      expect(limit(await ask('cap', { options: wanted }))).toBe(3000);
    expect(limit(await ask('cap', { options: { num_predict: 20 } }))).toBe(20);
    const cooled = await ask('cool', { options: { temperature: 1.5, num_ctx: 4096 } });
    expect(own ? cooled['options'] : cooled).toMatchObject({ temperature: 0.5 });
    if (own) expect(cooled['options']).toMatchObject({ num_ctx: 4096 });
  });

  it('thinks as the rule says', async () => {
    expect(await ask('deep', { think: 'low' })).toMatchObject(
      own ? { think: 'high' } : { reasoning_effort: 'high' },
    );
    // These models cannot be told to be silent on Chat.
    expect(await ask('off', { think: 'high' })).toMatchObject(
      own ? { think: false } : { reasoning_effort: 'low' },
    );
  });
});

describe('a prompt', () => {
  const ask = (rule: string, more: Body) =>
    send('/api/generate', rule, { model: 'local/llama', prompt: 'x', ...more });

  it('has the text of the house beside it', async () => {
    expect((await ask('prepend', { system: 'Be brief.' })).seen).toMatchObject({
      prompt: 'x',
      system: `${house}\n\nBe brief.`,
    });
    expect((await ask('cap', { raw: true })).seen).toMatchObject({
      raw: true,
      options: { num_predict: 3000 },
    });
  });

  it.each([{ raw: true }, { template: '{{ .Prompt }}' }])('cannot leave it out with %j', async (more) => {
    expect(await ask('prepend', more)).toEqual({ status: 400, seen: undefined });
  });
});
