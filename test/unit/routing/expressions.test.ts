// Expressions: meaning, faults with their places, bounds, and agreement with the library on random expressions.
import { Environment } from '@marcbachmann/cel-js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression, expressionLimits, type Expression } from '../../../src/routing/expressions.ts';
import { expressionFields } from '../../../src/routing/expressions/fields.ts';
import { demandableFacts, type Facts } from '../../../src/routing/facts.ts';

const runs = Number(process.env.FC_RUNS ?? 300);
const now = Date.UTC(2026, 10, 21, 22, 30);

const facts: Facts = {
  model: 'claude-sonnet-5',
  protocol: 'anthropic-messages',
  operation: 'chat',
  stream: true,
  principal: { key: 'ci', role: 'inference', tags: { team: 'infra', region: 'eu' }, noLog: false },
  address: '10.0.0.7',
  bodyBytes: 5000,
  inputTokens: 200_000,
  hasImages: false,
  hasTools: true,
  messageCount: 12,
  metadata: { user: 'u-1' },
};

describe('meaning', () => {
  it.each([
    ['request.inputTokens > 180000', true],
    ['!request.hasImages && request.stream', true],
    ['request.model.startsWith("claude-") || request.hasTools', true],
    ['request.model.matches("^claude-(opus|sonnet)-[0-9]$")', true],
    ['request.model.contains("opus")', false],
    ['request.model.endsWith("-5")', true],
    ['request.model == "claude-sonnet-5" ? request.stream : false', true],
    ['request.protocol in ["anthropic-messages", "gemini"]', true],
    ['request.messageCount in [11, 12]', true],
    ['request.operation != "embeddings"', true],
    ['key.tags.team == "infra"', true],
    ['key.tags["region"] == "eu"', true],
    ['"team" in key.tags', true],
    ['"owner" in key.tags', false],
    ['request.inputTokens / 1000 == 200', true],
    ['request.inputTokens % 3 == 2', true],
    ['-7 / 2 == -3 && request.stream', true],
    ['-request.messageCount < -11', true],
    ['request.messageCount * 2 - 4 + 1 == 21', true],
    ['size(request.model) == 15 && size(key.tags) == 2', true],
    ['request.model.upperAscii() == "CLAUDE-SONNET-5"', true],
    ['("x" + key.id) == "xci"', true],
    ['request.model < "d"', true],
    ['now > timestamp("2026-01-01T00:00:00Z")', true],
    ['now.getHours() == 22', true],
    ['now.getHours("Europe/Berlin") == 23', true],
    [
      'now.getDayOfWeek() == 6 && now.getMonth() == 10 && now.getDate() == 21 && now.getFullYear() == 2026',
      true,
    ],
    ['now.getDayOfMonth() == 20 && now.getMinutes() == 30', true],
    ['client.address.startsWith("10.")', true],
  ])('%s → %s', (text, want) => {
    expect(compile(text).evaluate(facts, now)).toBe(want);
  });

  it.each([
    ['key.tags.owner == ""', true],
    ['key.tags.owner != "x"', true],
    ['has(key.tags.owner)', false],
    ['has(key.tags.team)', true],
    ['has(request.session) || request.session == ""', true],
    ['has(request.session)', false],
    ['has(request.maxOutputTokens)', false],
    ['request.maxOutputTokens == 0', true],
    ['has(key.id) && has(request.model)', true],
    ['key.tags.constructor == ""', true],
    ['"__proto__" in key.tags', false],
  ])('what is missing reads as empty and never fails: %s → %s', (text, want) => {
    expect(compile(text).evaluate(facts, now)).toBe(want);
  });

  it('looks at the first 256 characters of what a client sends', () => {
    const long = { ...facts, model: `${'a'.repeat(256)}z`, metadata: { user: 'é'.repeat(300) } };
    expect(compile('request.model.contains("z")').evaluate(long, now)).toBe(false);
    expect(compile('size(request.metadata.user) == 256').evaluate(long, now)).toBe(true);
  });

  it('lists what it reads and demands', () => {
    const { demands, reads } = compile('request.hasImages || request.model == "x" || now.getHours() == 1');
    expect([...demands]).toEqual(['hasImages']);
    expect([...reads]).toEqual(['request.hasImages', 'request.model', 'now']);
  });

  it('knows an answer that never changes', () => {
    expect(compile('1 + 1 == 2').constant).toBe(true);
    expect(compile('false').constant).toBe(false);
    expect(compile('request.stream || true').constant).toBeUndefined();
  });

  it('declares every demandable fact', () => {
    for (const fact of demandableFacts) expect([...compileFor(`request.${fact}`).demands]).toEqual([fact]);
    expect(expressionFields.size).toBeGreaterThan(demandableFacts.length);
  });
});

describe('faults', () => {
  it.each([
    ['request.hasImage', 0, 16, 'there is no field "request.hasImage"', 'did you mean "request.hasImages"?'],
    ['hasImages', 0, 9, 'there is no field "hasImages"', 'did you mean "request.hasImages"?'],
    ['reqest.stream', 0, 6, 'there is no field "reqest"', 'did you mean "request"?'],
    ['request.tags.team == "x"', 0, 12, 'there is no field "request.tags"', 'did you mean "key.tags"?'],
    ['request.messages.size() > 1', 0, 16, 'there is no field "request.messages"', undefined],
    ['request.model', 0, 13, 'the expression answers a text, not true or false', undefined],
    ['request', 0, 7, 'the expression answers a group of fields, not true or false', undefined],
    ['request.model > 5', 0, 17, '">" wants both sides alike, here a text and a number', undefined],
    [
      'request.stream + 1 == 2',
      0,
      18,
      '"+" wants both sides alike, here true or false and a number',
      undefined,
    ],
    ['!request.model', 0, 14, '"!" negates true or false, here a text', undefined],
    ['-request.model == "x"', 0, 14, '"-" negates a number, here a text', undefined],
    [
      'request.model && request.stream',
      0,
      31,
      '"&&" joins true or false, here a text and true or false',
      undefined,
    ],
    [
      'request.protocol == "openai-chta"',
      0,
      33,
      'request.protocol is never "openai-chta"',
      'did you mean "openai-chat"?',
    ],
    ['request.protocol in ["openai-chat", "x"]', 0, 40, 'request.protocol is never "x"', undefined],
    [
      'request.model in ["a", 1]',
      23,
      24,
      'a list holds one kind of value, here a text and a number',
      undefined,
    ],
    ['request.model in []', 17, 19, 'the list is empty, nothing is in it', undefined],
    ['request.inputTokens in ["a"]', 0, 28, '"in" looks for a text in this list, here a number', undefined],
    ['1.5 < request.inputTokens', 0, 3, 'no field holds a fraction', 'write 2'],
    ['99999999999999999 > request.inputTokens', 0, 17, 'the number is too large', undefined],
    [
      'request.inputTokens / request.messageCount > 5',
      0,
      42,
      '"/" divides by a number that is written down and is not 0',
      undefined,
    ],
    [
      'request.inputTokens % 0 == 1',
      0,
      23,
      '"%" divides by a number that is written down and is not 0',
      undefined,
    ],
    ['request.model.matches("(")', 0, 26, 'the pattern is not valid: missing closing ): `(`', undefined],
    [
      'request.model.matches(key.id)',
      0,
      29,
      '"matches" wants a pattern that is written down, so that it is compiled once',
      undefined,
    ],
    ['request.model.matchs("a")', 0, 25, 'there is no method "matchs"', 'did you mean "matches"?'],
    [
      'request.model.getHours() == 1',
      0,
      24,
      '"getHours" does not work on a text with 0 arguments',
      undefined,
    ],
    ['contains(request.model, "a")', 0, 28, 'there is no function "contains" with 2 arguments', undefined],
    [
      'now.getHours("Europe/Berln") == 1',
      0,
      28,
      '"Europe/Berln" is not a time zone',
      'did you mean "Europe/Berlin"?',
    ],
    ['now > timestamp("tomorrow")', 6, 27, '"tomorrow" is not a time', 'write "2026-12-31T23:59:59Z"'],
    [
      '["a"].exists(x, x == request.model)',
      0,
      35,
      '"exists" loops, and expressions do not loop',
      'use "in" with a list',
    ],
    ['{"a": 1}.a == 1', 0, 8, 'this form is not part of the expressions that the gateway knows', undefined],
    [
      'request.model == null',
      17,
      21,
      'this kind of literal is not part of the expressions that the gateway knows',
      undefined,
    ],
    ['has(1)', 4, 5, '"has" wants a field, such as has(key.tags.team)', undefined],
    [
      'request.stream ? 1 : "a"',
      0,
      24,
      'both branches of "? :" must be alike, here a number and a text',
      undefined,
    ],
    ['request.stream &&', 17, 18, 'unexpected token: the end of the expression', undefined],
    ['', 0, 1, 'unexpected token: the end of the expression', undefined],
  ])('%s', (text, start, end, message, suggestion) => {
    const [problem, ...others] = problemsOf(text);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ start, end, message });
    if (suggestion !== undefined) expect(problem?.suggestion).toBe(suggestion);
  });

  it('reports every fault of one text, each in its place', () => {
    const text =
      'request.hasImage && key.tag.team == "x" || request.protocol == "gemni" || now.getHours("Nowhere") > 1';
    expect(problemsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'request.hasImage',
      'key.tag',
      'request.protocol == "gemni"',
      'now.getHours("Nowhere")',
    ]);
  });
});

describe('bounds', () => {
  it('takes at most 64 parts and 2,048 characters', () => {
    const join = (count: number) => Array.from({ length: count }, () => 'request.stream').join(' && ');
    expect(compileExpression(join(16)).ok).toBe(true);
    expect(problemsOf(join(40))).toMatchObject([{ message: 'the expression has more than 64 parts' }]);
    expect(problemsOf(`request.stream${' '.repeat(2048)}`)).toMatchObject([
      { message: 'the expression has 2062 characters, at most 2048' },
    ]);
    expect(problemsOf('!'.repeat(1900) + 'true')).toMatchObject([
      { message: 'the expression has more than 64 parts' },
    ]);
    expect(problemsOf('('.repeat(1000) + 'true' + ')'.repeat(1000))).toHaveLength(1);
  });

  it('refuses patterns whose work is not small', () => {
    for (const pattern of ['(x{0,30}){0,30}y', 'a{1000}', '[a-z]{1,200}', '\\\\pL{500}', '(a?){50}a{50}']) {
      expect(problemsOf(`request.model.matches("${pattern}")`)).toMatchObject([
        { message: expect.stringContaining('the pattern is too large') },
      ]);
    }
    const four = Array.from({ length: 4 }, () => 'request.model.matches("(a|b)*c{20}")').join(' || ');
    expect(problemsOf(four.replaceAll('{20}', '{40}'))).toMatchObject([
      { message: expect.stringContaining('steps, at most 32768') },
    ]);
  });

  it('answers patterns that block a backtracking engine within the same bound of steps', () => {
    for (const pattern of ['(a+)+$', '(a|aa)+b', '(.*)(.*)(.*)x', '([a-z]+)*=', '(a|b|ab)*c']) {
      const expression = compile(`request.model.matches("${pattern}")`);
      expect(expression.cost).toBeLessThanOrEqual(expressionLimits.cost);
      expression.evaluate({ ...facts, model: `${'a'.repeat(100_000)}!` }, now);
    }
  });

  it('never throws, whatever the facts hold', () => {
    const expressions = [
      'request.model.matches("a.*b") || key.tags.x.contains("y")',
      'request.metadata[key.id] == request.session',
      'now.getHours("Asia/Tokyo") > 3',
    ].map(compile);
    const text = fc.string({ unit: 'binary', maxLength: 600 });
    const any = fc.record({
      model: text,
      address: text,
      session: text,
      metadata: fc.dictionary(text, text),
      tags: fc.dictionary(text, text),
      key: text,
    });
    fc.assert(
      fc.property(any, fc.integer(), ({ tags, key, ...given }, at) => {
        const hostile: Facts = { ...facts, ...given, principal: { ...facts.principal, tags, key } };
        for (const expression of expressions) expect(typeof expression.evaluate(hostile, at)).toBe('boolean');
      }),
      { numRuns: runs },
    );
  });

  it('never throws while compiling, whatever the text is', () => {
    const word = fc.constantFrom(
      'request',
      '.',
      'model',
      'key.tags',
      '(',
      ')',
      '[',
      ']',
      '"a"',
      '1',
      '&&',
      '||',
      '!',
      '-',
      'in',
      '==',
      ',',
      '?',
      ':',
      'has',
      'matches',
      'now',
      '\\',
      "'",
      '0x',
      'r"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 20 }).map((words) => words.join('')),
        ),
        (text) => {
          const result = compileExpression(text);
          if (!result.ok) for (const { start, end } of result.problems) expect(end).toBeGreaterThan(start);
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('the library as an oracle', () => {
  const strings = 'map<string, string>';
  const library = new Environment()
    .registerVariable({
      name: 'request',
      schema: {
        model: 'string',
        protocol: 'string',
        stream: 'bool',
        inputTokens: 'int',
        messageCount: 'int',
        hasTools: 'bool',
        metadata: strings,
      },
    })
    .registerVariable({ name: 'key', schema: { id: 'string', tags: strings } })
    .registerVariable('now', 'google.protobuf.Timestamp');
  const given = {
    request: {
      model: facts.model,
      protocol: facts.protocol,
      stream: facts.stream,
      inputTokens: 200_000n,
      messageCount: 12n,
      hasTools: true,
      metadata: facts.metadata,
    },
    key: { id: 'ci', tags: facts.principal.tags },
    now: new Date(now),
  };

  const { bool } = fc.letrec<{ bool: string; int: string; text: string }>((tie) => ({
    int: fc.oneof(
      { maxDepth: 3 },
      fc.integer({ min: 0, max: 9999 }).map(String),
      fc.constantFrom(
        'request.inputTokens',
        'request.messageCount',
        'size(request.model)',
        'now.getHours("Asia/Tokyo")',
        'now.getDayOfMonth()',
      ),
      fc
        .tuple(tie('int'), fc.constantFrom('+', '-'), tie('int'))
        .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      fc
        .tuple(tie('int'), fc.constantFrom('*', '/', '%'), fc.integer({ min: 1, max: 9 }))
        .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      tie('int').map((a) => `(-${a})`),
    ),
    text: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(
        'request.model',
        'key.id',
        'key.tags.team',
        'key.tags["region"]',
        '"claude-"',
        '"-5"',
        '""',
        "'infra'",
        '"\\u0061"',
      ),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('bool'), tie('text'), tie('text')).map(([test, a, b]) => `(${test} ? ${a} : ${b})`),
    ),
    bool: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'true',
        'false',
        'request.stream',
        'request.hasTools',
        'has(key.tags.team)',
        'has(key.tags.owner)',
        '"team" in key.tags',
      ),
      fc
        .tuple(tie('int'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('int'))
        .map(([a, sign, b]) => `${a} ${sign} ${b}`),
      fc
        .tuple(tie('text'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('text'))
        .map(([a, sign, b]) => `${a} ${sign} ${b}`),
      fc
        .tuple(tie('text'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text'))
        .map(([a, name, b]) => `${a}.${name}(${b})`),
      tie('text').map((a) => `${a}.matches("^c.*[0-9]$")`),
      tie('text').map((a) => `${a} in ["ci", "infra", "claude-sonnet-5"]`),
      fc
        .tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool'))
        .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      tie('bool').map((a) => `!(${a})`),
    ),
  }));

  it('agrees on every random expression of the subset', () => {
    let compared = 0;
    fc.assert(
      fc.property(bool, (text) => {
        const result = compileExpression(text);
        if (!result.ok) {
          expect(result.problems[0]?.message).toMatch(/more than 64 parts|steps, at most|has \d+ characters/);
          return;
        }
        compared += 1;
        expect(result.expression.evaluate(facts, now)).toBe(library.evaluate(text, given));
      }),
      { numRuns: runs * 3 },
    );
    expect(compared).toBeGreaterThan(runs);
  });
});

function compile(text: string): Expression {
  const result = compileExpression(text);
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('; '));
  return result.expression;
}

/** Wraps a field of any type into an expression. */
function compileFor(field: string): Expression {
  const forms = [field, `${field} == ""`, `${field} == 0`, `size(${field}) == 0`];
  const found = forms.map((form) => compileExpression(form)).find((result) => result.ok);
  if (!found?.ok) throw new Error(`no form of ${field} compiles`);
  return found.expression;
}

function problemsOf(text: string) {
  const result = compileExpression(text);
  return result.ok ? [] : result.problems;
}
