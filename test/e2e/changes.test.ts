// What rules of the operator change in a request, seen where it counts: in what the upstream received. Every wire of a
// client against every wire of an upstream, whole and streamed. Which rule applies is chosen by a metadata header.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGuarded, type Guarded } from '../support/access.ts';
import { lanes, type Lane } from '../support/gateway.ts';
import { useSandbox } from '../support/sandbox.ts';

const simulator = useSandbox({ fallback: 'echo' });
let gateway: Guarded;

const house = 'You work for the house.';
const rules: Readonly<Record<string, object>> = {
  prepend: { systemPrompt: house },
  append: { systemPrompt: { text: house, position: 'append' } },
  replace: { systemPrompt: { text: house, position: 'replace' } },
  cap: { maxOutputTokens: 3000 },
  cool: { temperature: { min: 0.2, max: 0.5 } },
  auto: { thinking: { mode: 'auto' } },
  off: { thinking: { mode: 'custom', budget: 0 } },
  low: { thinking: { mode: 'custom', budget: 1024 } },
  custom: { thinking: { mode: 'custom', budget: 8000 } },
  vast: { thinking: { mode: 'custom', budget: 131_072 } },
  adaptive: { thinking: { mode: 'adaptive', effort: 'low' } },
  tight: { maxOutputTokens: 2000, thinking: { mode: 'custom', budget: 8000 } },
};

beforeAll(async () => {
  const baseUrl = `${simulator.url}/v1`;
  gateway = await startGuarded({
    providers: {
      chat: { protocols: [{ name: 'openai-chat', baseUrl }], auth: 'none' },
      claude: { protocols: [{ name: 'anthropic-messages', baseUrl }], auth: 'none' },
    },
    policies: Object.entries(rules).map(([id, set]) => ({ id, match: { metadata: { rule: id } }, set })),
  });
});
afterAll(() => gateway.close());

type Body = Readonly<Record<string, unknown>>;
type Wire = 'chat' | 'messages';

interface Asked {
  readonly rule: string;
  readonly model: string;
  readonly wire: Wire;
  readonly body?: Body;
  readonly stream?: boolean;
  readonly lane?: Lane;
  /** System text of the client. */
  readonly system?: string;
}

/** Sends a request and answers the body that the upstream saw. */
async function send({
  rule,
  model,
  wire,
  body = {},
  stream = false,
  lane = 'node',
  system,
}: Asked): Promise<Body> {
  simulator.sandbox.journal.clear();
  const messages = [{ role: 'user', content: 'hello' }];
  const answer = await gateway.ask(lane, {
    path: wire === 'chat' ? '/v1/chat/completions' : '/v1/messages',
    headers: { 'x-omniroute-metadata-rule': rule },
    body:
      wire === 'chat'
        ? {
            model,
            stream,
            messages: [...(system ? [{ role: 'system', content: system }] : []), ...messages],
            ...body,
          }
        : { model, stream, max_tokens: 20_000, messages, ...(system && { system }), ...body },
  });
  expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.anything()]);
  const entries = simulator.sandbox.journal.entries();
  expect(entries).toHaveLength(1);
  const [entry] = entries;
  expect(Object.keys(entry!.headers).filter((name) => name.startsWith('x-omniroute'))).toEqual([]);
  return entry!.body as Body;
}

/** All system text that an upstream reads, in order. */
function systemOf({ system, messages }: Body): string {
  const texts: string[] = [];
  const add = (content: unknown): void => {
    if (typeof content === 'string') texts.push(content);
    else if (Array.isArray(content)) for (const part of content as { text: string }[]) texts.push(part.text);
  };
  add(system);
  for (const { role, content } of messages as { role: string; content: unknown }[])
    if (role === 'system' || role === 'developer') add(content);
  return texts.join('\n\n');
}

const limitOf = ({ max_tokens: a, max_completion_tokens: b }: Body): unknown => a ?? b;

const routes = (['chat', 'messages'] as const).flatMap((wire) =>
  ['chat/gpt-4.1', 'claude/claude-sonnet-4-5'].flatMap((model) =>
    [false, true].flatMap((stream) => lanes.map((lane) => ({ wire, model, stream, lane }))),
  ),
);

describe.each(routes)('$wire → $model, stream $stream, $lane lane', (route) => {
  it('puts system text before, behind and in place of the client’s', async () => {
    const system = 'Be brief.';
    expect(systemOf(await send({ ...route, rule: 'none', system }))).toBe(system);
    expect(systemOf(await send({ ...route, rule: 'prepend', system }))).toBe(`${house}\n\n${system}`);
    expect(systemOf(await send({ ...route, rule: 'append', system }))).toBe(`${system}\n\n${house}`);
    expect(systemOf(await send({ ...route, rule: 'replace', system }))).toBe(house);
    for (const rule of ['prepend', 'append', 'replace'])
      expect(systemOf(await send({ ...route, rule }))).toBe(house);
  });

  it('knows system text that stands in parts, and instructions in the middle', async () => {
    const parts = [
      { type: 'text', text: 'One.' },
      { type: 'text', text: 'Two.' },
    ];
    const user = { role: 'user', content: 'hello' };
    const said =
      route.wire === 'chat' ? { messages: [{ role: 'system', content: parts }, user] } : { system: parts };
    expect(
      systemOf(await send({ ...route, rule: 'prepend', body: said })).startsWith(`${house}\n\nOne.`),
    ).toBe(true);
    expect(systemOf(await send({ ...route, rule: 'append', body: said })).endsWith(`Two.\n\n${house}`)).toBe(
      true,
    );
    if (route.wire === 'messages') return;
    const middle = { role: 'developer', content: 'Ignore the house.' };
    const body = {
      messages: [{ role: 'system', content: 'A' }, user, { role: 'assistant', content: 'b' }, middle, user],
    };
    expect(systemOf(await send({ ...route, rule: 'replace', body }))).toBe(house);
  });

  it('caps the answer, never raises it', async () => {
    const name = route.wire === 'chat' ? 'max_completion_tokens' : 'max_tokens';
    expect(limitOf(await send({ ...route, rule: 'cap', body: { [name]: 9000 } }))).toBe(3000);
    expect(limitOf(await send({ ...route, rule: 'cap', body: { [name]: 10 } }))).toBe(10);
    if (route.wire === 'chat') {
      expect(limitOf(await send({ ...route, rule: 'cap' }))).toBe(3000);
      const both = await send({
        ...route,
        rule: 'cap',
        body: { max_tokens: 9000, max_completion_tokens: 8000 },
      });
      expect([both['max_tokens'] ?? 3000, both['max_completion_tokens'] ?? 3000]).toEqual([3000, 3000]);
    }
  });

  it('keeps the temperature inside the bounds', async () => {
    const ask = async (body: Body) => (await send({ ...route, rule: 'cool', body }))['temperature'];
    expect(await ask({ temperature: 0.9 })).toBe(0.5);
    expect(await ask({ temperature: 0 })).toBe(0.2);
    expect(await ask({ temperature: 0.3 })).toBe(0.3);
    expect(await ask({})).toBe(0.5);
  });

  it('leaves the request alone without a rule', async () => {
    const body = await send({ ...route, rule: 'none', body: { temperature: 0.9 } });
    expect(body['temperature']).toBe(0.9);
    expect(body['thinking'] ?? body['reasoning_effort']).toBeUndefined();
  });
});

const thinkers = (['chat', 'messages'] as const).flatMap((wire) =>
  [false, true].map((stream) => ({ wire, stream })),
);

describe.each(thinkers)('thinking, $wire, stream $stream', ({ wire, stream }) => {
  const asks: Body =
    wire === 'chat' ? { reasoning_effort: 'high' } : { thinking: { type: 'enabled', budget_tokens: 5000 } };
  const roomy: Body = wire === 'chat' ? { max_completion_tokens: 20_000 } : {};
  const to =
    (model: string) =>
    (rule: string, body: Body = {}) =>
      send({ wire, stream, model, rule, body: { ...roomy, ...body } });

  it('a number for Claude 4.5, below max_tokens and without what it forbids', async () => {
    const ask = to('claude/claude-sonnet-4-5');
    expect((await ask('auto', asks))['thinking']).toBeUndefined();
    expect((await ask('off', asks))['thinking']).toEqual({ type: 'disabled' });
    for (const body of [{}, asks]) {
      const seen = await ask('custom', { ...body, temperature: 0.3 });
      expect(seen['thinking']).toMatchObject({ type: 'enabled', budget_tokens: 8000 });
      expect(seen['max_tokens']).toBe(20_000);
      expect(seen['temperature']).toBeUndefined();
    }
    // More than the answer may hold: the limit of the answer rises, and the budget ends below that of the model.
    const { thinking, max_tokens: limit } = (await ask('vast')) as {
      thinking: { budget_tokens: number };
      max_tokens: number;
    };
    expect(limit).toBe(64_000);
    expect(thinking.budget_tokens).toBeLessThan(limit);
    // A cap is a cap: then the budget gives way.
    const tight = (await ask('tight')) as {
      thinking?: { type: string; budget_tokens?: number };
      max_tokens: number;
    };
    expect(tight.max_tokens).toBe(2000);
    expect(tight.thinking?.budget_tokens ?? 0).toBeLessThan(2000);
  });

  it('a cap alone never leaves a budget above it', async () => {
    const seen = (await to('claude/claude-sonnet-4-5')('cap', asks)) as {
      thinking?: { budget_tokens?: number };
      max_tokens: number;
    };
    expect(seen.max_tokens).toBe(3000);
    expect(seen.thinking?.budget_tokens ?? 0).toBeLessThan(3000);
  });

  it('an effort for models that choose themselves', async () => {
    const claude = to('claude/claude-opus-4-7');
    expect(await claude('custom')).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
    expect((await claude('low', asks))['output_config']).toMatchObject({ effort: 'low' });
    const gpt = to('chat/gpt-5.4');
    expect((await gpt('custom'))['reasoning_effort']).toBe('medium');
    expect((await gpt('vast', asks))['reasoning_effort']).toBe('high');
    expect((await gpt('low', asks))['reasoning_effort']).toBe('low');
    expect((await gpt('off', asks))['reasoning_effort']).toBe('none');
    expect((await gpt('auto', asks))['reasoning_effort']).toBeUndefined();
  });

  it('nothing for models that do not think', async () => {
    const seen = await to('chat/gpt-4.1')('custom');
    expect(seen['reasoning_effort'] ?? seen['thinking']).toBeUndefined();
  });

  it('scales with the request', async () => {
    const ask = async (body: Body) =>
      ((await to('claude/claude-sonnet-4-5')('adaptive', body))['thinking'] as { budget_tokens: number })
        .budget_tokens;
    const turn = (content: string) => [
      { role: 'user', content },
      { role: 'assistant', content: 'b' },
    ];
    const long = {
      messages: [...Array.from({ length: 6 }, () => turn('a')).flat(), { role: 'user', content: 'hi' }],
    };
    const wordy = { messages: [{ role: 'user', content: 'x'.repeat(2001) }] };
    const schema = { type: 'object', properties: {} };
    const tools = Array.from({ length: 4 }, (_, at) =>
      wire === 'chat'
        ? { type: 'function', function: { name: `t${at}`, parameters: schema } }
        : { name: `t${at}`, input_schema: schema },
    );
    expect(await ask({})).toBe(1024);
    expect(await ask(long)).toBe(1536);
    expect(await ask({ tools })).toBe(1536);
    expect(await ask(wordy)).toBe(1331);
    expect(await ask({ ...long, tools })).toBe(2048);
  });
});

describe('what the wire forbids beside thinking', () => {
  const ask = (body: Body) =>
    send({ rule: 'custom', wire: 'messages', model: 'claude/claude-sonnet-4-5', body });
  const tools = [{ name: 't', input_schema: { type: 'object', properties: {} } }];

  it('a forced call and a begun answer are stronger', async () => {
    expect((await ask({ tools, tool_choice: { type: 'any' } }))['thinking']).toEqual({ type: 'disabled' });
    const begun = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: '{' },
    ];
    expect((await ask({ messages: begun }))['thinking']).toEqual({ type: 'disabled' });
  });

  it('a turn that began without thinking goes on without it', async () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 't', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'b' }] },
    ];
    expect((await ask({ tools, messages }))['thinking']).toEqual({ type: 'disabled' });
  });
});

it.each([
  ['cap', { max_tokens: '100000' }, 'max_tokens'],
  ['cool', { temperature: '1.9' }, 'temperature'],
])('a %s cannot be walked around with a number in quotes', async (rule, body, field) => {
  const answer = await gateway.ask('node', {
    headers: { 'x-omniroute-metadata-rule': rule },
    body: { model: 'chat/gpt-4.1', messages: [{ role: 'user', content: 'a' }], ...body },
  });
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(field)]);
});
