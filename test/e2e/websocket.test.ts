// Codex asks for a WebSocket before it posts: 426 at once makes it fall back, 404, 405 or silence cost it seconds.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf, keyOf, startGuarded, type Guarded } from '../support/access.ts';
import { lanes } from '../support/gateway.ts';

let gateway: Guarded;

beforeAll(async () => {
  gateway = await startGuarded({ keys: [{ id: 'ci', digest: digestOf('ci') }] });
});

afterAll(() => gateway.close());

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'openai-beta': 'responses_websockets=2026-02-06',
};

/** One answer after the other on one socket: each text is sent when the answer to the one before has come. */
function talk(texts: readonly string[]): Promise<readonly string[]> {
  const { hostname, port } = new URL(gateway.server.url);
  const answers: string[] = [];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(texts[0]!));
    let said = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece) => {
      said += piece;
      if (!said.endsWith('}')) return;
      answers.push(said);
      said = '';
      const next = texts[answers.length];
      if (next === undefined) socket.destroy();
      else socket.write(next);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answers));
  });
}

const lines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

describe.each(['/v1/responses', '/responses', '/codex/responses', '/v1/v1/responses'])('%s', (path) => {
  test('an upgrade on a socket is 426 in the envelope, and the connection serves on', async () => {
    const host = 'Host: localhost\r\n';
    const key = `Authorization: Bearer ${keyOf('ci')}\r\n`;
    const [first = '', second = ''] = await talk([
      `GET ${path} HTTP/1.1\r\n${host}${key}${lines(upgrade)}\r\n`,
      `GET /v1/models HTTP/1.1\r\n${host}${key}\r\n`,
    ]);
    expect(first).toMatch(/^HTTP\/1\.1 426 /);
    expect(first).toContain('"code":"upgrade_required"');
    expect(first.toLowerCase()).not.toContain('sec-websocket-accept');
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each(lanes)('an upgrade without a body in the %s lane', async (lane) => {
    const answer = await gateway.ask(lane, { method: 'GET', path, headers: upgrade });
    expect(answer.status).toBe(426);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { code: 'upgrade_required', type: 'invalid_request_error' },
    });
  });

  test.each(lanes)('a GET without an upgrade is a wrong method in the %s lane', async (lane) => {
    const answer = await gateway.ask(lane, { method: 'GET', path });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST');
  });
});
