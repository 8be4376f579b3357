// Who may do what: every row of the table, over Node's listener and over h3, judged by status, code and explanation in
// the client's own envelope.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, keyOf, startGuarded, type Guarded } from '../support/access.ts';
import { lanes, type Answer, type Call } from '../support/gateway.ts';
import { readAccessTable, type AccessRow } from './access-table.ts';

const rows = readAccessTable();

const times: Readonly<Record<string, number>> = {
  day: Date.UTC(2026, 10, 18, 12), // 13:00 in Berlin
  night: Date.UTC(2026, 10, 18, 23), // midnight in Berlin
};

const places: Readonly<Record<string, string | undefined>> = {
  home: '10.0.0.5',
  home6: '2001:db8:1::5',
  far: '198.51.100.7',
  banned: '203.0.113.9',
  banned6: '2001:db8:bad::1',
  loopback: undefined,
};

/** The status, OpenAI's code, Anthropic's type, and what the words must say. */
const verdicts: Readonly<Record<string, readonly [number, string, string, RegExp]>> = {
  no: [401, 'missing_api_key', 'authentication_error', /requires a key/],
  '??': [401, 'invalid_api_key', 'authentication_error', /not one that the configuration declares/],
  off: [401, 'key_disabled', 'authentication_error', /"off" is switched off/],
  old: [401, 'key_expired', 'authentication_error', /"old" expired on 2026-06-01/],
  hrs: [403, 'key_outside_schedule', 'permission_error', /"night" is not valid at this time/],
  key: [403, 'model_not_allowed', 'permission_error', /key/],
  pol: [403, 'denied_by_policy', 'permission_error', /./],
  ip: [403, 'address_not_allowed', 'permission_error', /address is not served/],
  404: [404, 'model_not_found', 'not_found_error', /nothing\/here/],
};

let gateway: Guarded;
beforeAll(async () => {
  gateway = await startGuarded({
    server: { trustedProxies: ['127.0.0.1'] },
    auth: { requireApiKey: true, lockout: { failures: 1000 } },
    network: {
      ipFilter: { mode: 'blacklist', blacklist: ['203.0.113.0/24', '2001:db8:bad::/48', '127.0.0.0/8'] },
    },
    providers: { sandbox: {}, lab: { catalog: 'sandbox', sandbox: {} } },
    aliases: { fast: 'sandbox/echo' },
    combos: { coding: { demo: true, targets: ['sandbox/echo', 'lab/echo'] } },
    keys: [
      { id: 'ci', digest: digestOf('ci'), models: ['coding', 'fast'] },
      { id: 'lab', digest: digestOf('lab'), models: ['lab/*'] },
      { id: 'none', digest: digestOf('none'), models: [] },
      { id: 'seat', digest: digestOf('seat'), connections: ['l?b@*'] },
      { id: 'night', digest: digestOf('night'), schedule: '22:00-06:00 Europe/Berlin' },
      { id: 'web', digest: digestOf('web'), tags: { team: 'web' } },
      { id: 'root', digest: digestOf('root'), role: 'admin' },
      { id: 'old', digest: digestOf('old'), expires: '2026-06-01T00:00:00Z' },
      { id: 'off', digest: digestOf('off'), enabled: false },
    ],
    policies: [
      { id: 'web-home', match: { tags: { team: 'web' } }, allowProviders: ['lab'] },
      {
        id: 'night-lab',
        match: { models: ['lab/*'] },
        schedule: '22:00-06:00 Europe/Berlin',
        deny: 'The lab is closed at night',
      },
      { id: 'far', match: { addresses: ['198.51.100.0/24'] }, blockProviders: ['sandbox'] },
      {
        id: 'chat-only',
        match: { protocols: ['anthropic-messages'], models: ['fast'] },
        deny: 'fast is for chat clients',
      },
    ],
  });
});
afterAll(() => gateway.close());

it('has enough rows to mean something', () => {
  expect(rows.length).toBeGreaterThanOrEqual(300);
  expect(new Set(rows.map(({ expected }) => expected))).toEqual(new Set(['ok', ...Object.keys(verdicts)]));
});

describe.each(lanes)('%s lane', (lane) => {
  it.each(['chat', 'messages'])('%s', async (wire) => {
    const wrong: string[] = [];
    for (const row of rows) {
      if (row.wire !== wire) continue;
      gateway.clock.set(times[row.time] ?? Number.NaN);
      const found = judge(await gateway.ask(lane, callOf(row)), row);
      if (found !== undefined)
        wrong.push(`${row.time} ${row.from} ${row.key} ${row.model}: ${row.expected}, but ${found}`);
    }
    expect(wrong).toEqual([]);
    expect(gateway.faults.slice(0, 1)).toEqual([]);
  });
});

function callOf({ key, model, wire, from }: AccessRow): Call {
  const credential = key === '-' ? undefined : keyOf(key);
  const address = places[from];
  const name = wire === 'chat' ? 'authorization' : 'x-api-key';
  return {
    path: wire === 'chat' ? '/v1/chat/completions' : '/v1/messages',
    headers: {
      ...(credential !== undefined && { [name]: wire === 'chat' ? `Bearer ${credential}` : credential }),
      ...(address !== undefined && { 'x-forwarded-for': `127.0.0.9, ${address}` }),
    },
    body: { model, max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] },
  };
}

/** Undefined when the answer is what the row says. */
function judge({ status, text }: Answer, { expected, wire }: AccessRow): string | undefined {
  if (expected === 'ok') return status === 200 ? undefined : `${status} ${text}`;
  const [wanted, code, type, words] = verdicts[expected] ?? [0, '', '', /^$/];
  const { error } = JSON.parse(text) as { error?: { code?: string; type?: string; message?: string } };
  const named = wire === 'chat' ? error?.code === code : error?.type === type;
  return status === wanted && named && words.test(error?.message ?? '') ? undefined : `${status} ${text}`;
}
