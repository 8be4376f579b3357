// Mutated configurations: byte flips, token swaps, deep nesting, alias bombs, huge numbers. Whatever the text is, the
// loader answers with diagnostics in bounded time and never repeats a secret. FC_RUNS=20000 is the long run.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadRules } from '../../../src/config/rules.ts';
import { diagnosticFormats, renderDiagnostics } from '../../../src/diagnostics/render.ts';
import { plantSecret } from '../../setup/canary.ts';
import { loadText } from '../../support/config-files.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);
const secrets = [
  plantSecret('fallback'),
  plantSecret('literal'),
  plantSecret('comment'),
  plantSecret('prompt'),
  plantSecret('variable'),
] as const;
const environment = { PORT_TEXT: '64', TOKEN: secrets[4] };

const seeds = [
  `version: 1
include: [config.d/*.yaml]
server: { listen: 127.0.0.1:20128, maxDepth: "\${env:PORT_TEXT}", cors: { origins: ["https://app.example.com"] } }
# ${secrets[2]}
providers:
  openai: {}
  anthropic:
    select: fill-first
    connections:
      - { id: primary, apiKey: "\${env:ANTHROPIC_API_KEY:-${secrets[0]}}", priority: 1 }
      - id: spare
        apiKey: "\${secret:anthropic-spare}"
        priority: 2
  local:
    protocols: [{ name: openai-chat, baseUrl: http://127.0.0.1:8000/v1 }, ollama]
    auth: none
    models: [llama-4-scout]
models:
  local/llama-4-scout: { context: 128000, price: { input: 0, output: 0.25 } }
aliases: { fast: openai/gpt-5-mini, claude-*: anthropic/claude-* }
combos:
  coding:
    strategy: weighted
    targets:
      - anthropic/claude-sonnet-5
      - { model: local/llama-4-scout, weight: 3 }
keys:
  - { id: ci, digest: "sha256:${'9f'.repeat(32)}", models: [coding, fast], tags: { team: infra } }
`,
  `version: 1
providers:
  openai:
    connections: [{ id: leaked, apiKey: ${secrets[1]} }]
resilience:
  profiles:
    base: &base { retries: 2, cooldown: &cooldown { transient: 1s, rateLimit: hint } }
    slow: { <<: *base, totalTimeout: 1h, cooldown: { <<: *cooldown, maxLevel: 3 } }
policies:
  - { id: a, match: { models: ["*/claude-*"] }, schedule: "22:00-06:00 Europe/Berlin", deny: "no" }
  - { id: b, when: "request.inputTokens > 180000", set: { systemPrompt: "say ${secrets[3]}", temperature: { max: 1 } } }
budgets: [{ id: x, limit: 50, period: monthly, onExceeded: { route: fast } }]
tests:
  - name: falls back
    request: { model: coding }
    expect: { attempts: [a/b] }
`,
  `# windows\r\nversion: 1\r\naliases:\r\n  'quoted': "openai/x"\r\n  block: >-\r\n    openai/y\r\nstorage: { dir: "\${env:TOKEN}" }\r\n`,
  `{ "version": 1, "providers": { "openai": { "headers": { "x-a": "b" } } }, "keys": [] }\n`,
];

const splinters = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '\t',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '<<: *base',
  '!x ',
  '!!binary ',
  '---\n',
  '%YAML 1.1\n',
  '? ',
  '| \n',
  '>\n',
  '${',
  '${env:',
  '${env:TOKEN}',
  '${file:/etc/passwd}',
  '${secret:x}',
  '$${',
  '}',
  '~',
  'null',
  'true',
  '.inf',
  '.nan',
  '0x10',
  '1e999',
  '9'.repeat(400),
  '-1',
  '__proto__',
  'constructor',
  'version',
  'providers:',
  'targets',
  'apiKey: ',
  'include: ["**/*.yaml"]',
  '\u0000',
  '\u0007',
  '\uFEFF',
  '\u2028',
  '😀',
  '\ud800',
  '&a [',
  '*a, *a, *a]',
  ...secrets,
] as const;

type Mutation = (text: string) => string;

const position = fc.double({ min: 0, max: 1, noNaN: true });
const at = (text: string, where: number): number => Math.floor(where * text.length);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  // a byte becomes another
  fc.tuple(position, fc.integer({ min: 0, max: 255 })).map(([where, code]): Mutation => (text) => {
    const index = at(text, where);
    return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
  }),
  // a piece goes away, comes in, or stands twice
  fc.tuple(position, fc.integer({ min: 1, max: 60 })).map(([where, length]): Mutation => (text) => {
    const index = at(text, where);
    return text.slice(0, index) + text.slice(index + length);
  }),
  fc.tuple(position, fc.constantFrom(...splinters)).map(([where, splinter]): Mutation => (text) => {
    const index = at(text, where);
    return text.slice(0, index) + splinter + text.slice(index);
  }),
  fc
    .tuple(position, fc.integer({ min: 1, max: 200 }), position)
    .map(([from, length, to]): Mutation => (text) => {
      const piece = text.slice(at(text, from), at(text, from) + length);
      return text.slice(0, at(text, to)) + piece + text.slice(at(text, to));
    }),
  // two tokens change places
  fc.tuple(position, position).map(([a, b]): Mutation => (text) => {
    const tokens = text.split(/(\s+|[{}[\],:"])/);
    const [left, right] = [Math.floor(a * tokens.length), Math.floor(b * tokens.length)];
    [tokens[left], tokens[right]] = [tokens[right] ?? '', tokens[left] ?? ''];
    return tokens.join('');
  }),
  // a token becomes another
  fc.tuple(position, fc.constantFrom(...splinters)).map(([where, splinter]): Mutation => (text) => {
    const tokens = text.split(/(\s+|[{}[\],:"])/);
    tokens[Math.floor(where * tokens.length)] = splinter;
    return tokens.join('');
  }),
  // the end is missing
  position.map(
    (where): Mutation =>
      (text) =>
        text.slice(0, at(text, where)),
  ),
  // deep, wide and exploding values
  fc
    .tuple(position, fc.constantFrom('[', '{a: ', '- ', '? ', '\n '), fc.integer({ min: 1, max: 3000 }))
    .map(([where, opener, depth]): Mutation => (text) => {
      const index = at(text, where);
      return text.slice(0, index) + opener.repeat(depth) + text.slice(index);
    }),
  fc.integer({ min: 2, max: 14 }).map((levels): Mutation => (text) => {
    const bomb = Array.from(
      { length: levels },
      (_, level) =>
        `  b${level + 1}: &b${level + 1} [${Array.from({ length: 9 }, () => `*b${level}`).join(', ')}]\n`,
    );
    return `${text}bomb:\n  b0: &b0 [x, x]\n${bomb.join('')}`;
  }),
  fc.integer({ min: 1, max: 5000 }).map(
    (count): Mutation =>
      (text) =>
        `${text}numbers: [${'1e308,'.repeat(count)}]\n`,
  ),
);

const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 6 }))
  .map(([seed, mutations]) => mutations.reduce((text, mutate) => mutate(text), seed));

describe('a mutated configuration', () => {
  test(
    'is answered in time, by diagnostics alone, without any secret',
    { timeout: 60 * 60_000 },
    async () => {
      let slowest = 0;
      await fc.assert(
        fc.asyncProperty(mutated, async (text) => {
          const before = process.cpuUsage();
          const result = await loadText(text, { 'config.d/a.yaml': '{}' }, { environment });
          const used = process.cpuUsage(before);
          const took = (used.user + used.system) / 1000;
          slowest = Math.max(slowest, took);
          // CPU, so that a busy machine is no hang
          expect(took).toBeLessThan(1000);
          expect(result.config === undefined).toBe(
            result.diagnostics.some(({ severity }) => severity === 'error'),
          );
          for (const { at: place } of result.diagnostics) {
            if (!place) continue;
            expect(place.line).toBeGreaterThan(0);
            expect(place.column).toBeGreaterThan(0);
            expect(place.line).toBeLessThanOrEqual(text.split('\n').length + 1);
          }
          // what is shown of one line costs its length: the first faults stand for all
          const diagnostics = result.diagnostics.slice(0, 30);
          const shown = [
            JSON.stringify(result.diagnostics),
            ...diagnosticFormats.map((format) =>
              renderDiagnostics(format, {
                diagnostics,
                sources: new Map(result.sources.map((file) => [file.name, file.text])),
                rules: loadRules,
                version: '0.0.0',
              }),
            ),
          ];
          for (const secret of secrets) expect(shown.some((each) => each.includes(secret))).toBe(false);
        }),
        { numRuns: runs },
      );
      if (process.env['FC_RUNS'])
        console.log(`${runs} mutated configurations, slowest ${slowest.toFixed(0)} ms`);
    },
  );

  test('random bytes are answered too', { timeout: 10 * 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const result = await loadText(bytes, {}, { environment });
        expect(result.config).toBeUndefined();
        expect(result.diagnostics.length).toBeGreaterThan(0);
      }),
      { numRuns: runs },
    );
  });

  test('nothing reaches the prototypes of the process', async () => {
    await loadText(
      'version: 1\n__proto__: { polluted: 1 }\nproviders: { __proto__: { polluted: 1 }, constructor: { prototype: { polluted: 1 } } }\n',
    );
    expect('polluted' in {}).toBe(false);
  });
});
