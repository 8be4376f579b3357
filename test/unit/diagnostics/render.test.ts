// The six renderers over one set of diagnostics, and what every one of them must never show.
import { describe, expect, it } from 'vitest';
import type { Diagnostic, SourcePosition } from '../../../src/diagnostics.ts';
import { wantsColors } from '../../../src/diagnostics/pretty.ts';
import { diagnosticFormats, renderDiagnostics } from '../../../src/diagnostics/render.ts';
import type { ReportInput } from '../../../src/diagnostics/report.ts';
import { capture, plantSecret } from '../../setup/canary.ts';

const source = `version: 1
aliases:
  fast: opnai/gpt-5-mini
  slow: "other"
  日本: opnai/x
`;

const diagnostics: Diagnostic[] = [
  {
    code: 'unused/alias',
    severity: 'warning',
    message: 'nothing uses the alias "slow"',
    at: at(4, 3, 7),
    pointer: '/aliases/slow',
    fix: { title: 'remove it', at: at(4, 1, 16), text: '' },
  },
  {
    code: 'reference/unknown-provider',
    severity: 'error',
    message: 'there is no provider "opnai"',
    at: at(3, 9, 25),
    pointer: '/aliases/fast',
    suggestion: 'did you mean "openai"?',
    related: [{ message: 'the alias, 100% <sure>', at: at(3, 3, 7) }],
  },
  { code: 'source/none', severity: 'info', message: 'no place, "quoted"\nsecond line' },
];

const input: ReportInput = {
  diagnostics,
  sources: new Map([
    ['omniroute.config.yaml', source],
    ['config.d/a team.yaml', 'keys: []\n'],
  ]),
  rules: [
    {
      code: 'reference/unknown-provider',
      severity: 'error',
      meaning: 'A name starts with a provider that is not declared.',
      action: 'Declare it.',
    },
  ],
  version: '0.1.0',
};

describe('pretty', () => {
  it('shows place, code, sentence, carets and the way out, sorted by place', () => {
    expect(renderDiagnostics('pretty', input)).toBe(`info  source/none  no place, "quoted"
second line

omniroute.config.yaml:3:9  error  reference/unknown-provider  there is no provider "opnai"
   3 |   fast: opnai/gpt-5-mini
     |         ^^^^^^^^^^^^^^^^ did you mean "openai"?
     omniroute.config.yaml:3:3  the alias, 100% <sure>

omniroute.config.yaml:4:3  warning  unused/alias  nothing uses the alias "slow"
   4 |   slow: "other"
     |   ^^^^

1 error, 1 warning and 1 info in 2 files — \`omniroute explain-code CODE\` tells more
`);
  });

  it('says so when nothing was found', () => {
    expect(renderDiagnostics('pretty', { ...input, diagnostics: [] })).toBe('no findings in 2 files\n');
  });

  it('colours only when asked', () => {
    expect(renderDiagnostics('pretty', input)).not.toContain('\u001b');
    const colored = renderDiagnostics('pretty', { ...input, colors: true });
    expect(colored).toContain('\u001b[31;1merror\u001b[0m');
    expect(colored.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(renderDiagnostics('pretty', input));
  });

  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{ isTTY: false }, {}, false],
    [{}, {}, false],
    [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
    [{ isTTY: true }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('terminal %j with %j: %s', (stream, environment, want) => {
    expect(wantsColors(stream, environment)).toBe(want);
  });

  it('puts carets under wide characters, tabs and cropped lines', () => {
    const frameOf = (text: string, place: SourcePosition) =>
      renderDiagnostics('pretty', {
        ...input,
        sources: new Map([['f.yaml', text]]),
        diagnostics: [{ code: 'a/b', severity: 'error', message: 'm', at: { ...place, file: 'f.yaml' } }],
      })
        .split('\n')
        .slice(1, 3);
    expect(frameOf('日本: x\n', at(1, 5, 6))).toEqual(['   1 | 日本: x', '     | \u3000\u3000  ^']);
    expect(frameOf('a:\tx\n', at(1, 4, 5))).toEqual(['   1 | a: x', '     |    ^']);
    const [line, carets] = frameOf(`${'a'.repeat(150)}: WRONG ${'b'.repeat(150)}\n`, at(1, 153, 158)) as [
      string,
      string,
    ];
    expect(line.length).toBeLessThan(115);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('WRONG');
    expect(frameOf('short\n', at(1, 9, 12))).toEqual(['   1 | short', '     |      ^']);
    expect(frameOf('a: b\r\nc: d\r\n', { ...at(1, 4, 1), endLine: 2, endColumn: 3 })).toEqual([
      '   1 | a: b',
      '     |    ^',
    ]);
  });

  it('shows no control characters of the file', () => {
    const text = 'name: "\u001b[31mred\u0007\u202e"\n';
    const out = renderDiagnostics('pretty', {
      ...input,
      sources: new Map([['f.yaml', text]]),
      diagnostics: [{ code: 'a/b', severity: 'error', message: 'm', at: { ...at(1, 1, 5), file: 'f.yaml' } }],
    });
    expect(out).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});

it('json has counts and flat rows', () => {
  const report = JSON.parse(renderDiagnostics('json', input));
  expect(report).toMatchObject({
    ok: false,
    counts: { error: 1, warning: 1, info: 1 },
    files: ['config.d/a team.yaml', 'omniroute.config.yaml'],
    diagnostics: [
      { code: 'source/none' },
      {
        code: 'reference/unknown-provider',
        severity: 'error',
        message: 'there is no provider "opnai"',
        file: 'omniroute.config.yaml',
        line: 3,
        column: 9,
        endLine: 3,
        endColumn: 25,
        pointer: '/aliases/fast',
        suggestion: 'did you mean "openai"?',
        related: [{ message: 'the alias, 100% <sure>', line: 3, column: 3 }],
        help: 'https://omniroute.dev/reference/diagnostics#reference-unknown-provider',
      },
      { code: 'unused/alias', fix: { title: 'remove it', line: 4, text: '' } },
    ],
  });
  expect(JSON.parse(renderDiagnostics('json', { ...input, diagnostics: [] }))).toMatchObject({
    ok: true,
    diagnostics: [],
  });
});

it('github writes workflow commands with escaped data', () => {
  expect(renderDiagnostics('github', input))
    .toBe(`::notice title=source/none::no place, "quoted"%0Asecond line
::error file=omniroute.config.yaml,line=3,endLine=3,col=9,endColumn=25,title=reference/unknown-provider::there is no provider "opnai"%0Adid you mean "openai"?
::warning file=omniroute.config.yaml,line=4,endLine=4,col=3,endColumn=7,title=unused/alias::nothing uses the alias "slow"
1 error, 1 warning and 1 info in 2 files
`);
  const odd = {
    code: 'a/b',
    severity: 'error' as const,
    message: '50%',
    at: { ...at(1, 1, 2), file: 'a,b:c.yaml' },
  };
  expect(renderDiagnostics('github', { ...input, diagnostics: [odd] })).toContain('file=a%2Cb%3Ac.yaml');
  expect(renderDiagnostics('github', { ...input, diagnostics: [odd] })).toContain('::50%25\n');
});

describe('sarif', () => {
  const log = JSON.parse(renderDiagnostics('sarif', input));
  const [run] = log.runs;

  it('has the required shape of SARIF 2.1.0', () => {
    expect(log).toMatchObject({
      version: '2.1.0',
      $schema: expect.stringMatching(/sarif-schema-2\.1\.0\.json$/),
    });
    expect(log.runs).toHaveLength(1);
    expect(run.tool.driver).toMatchObject({
      name: 'omniroute',
      version: '0.1.0',
      informationUri: expect.stringMatching(/^https:/),
    });
    expect(run.columnKind).toBe('utf16CodeUnits');
    expect(Object.keys(run).toSorted()).toEqual([
      'artifacts',
      'columnKind',
      'originalUriBaseIds',
      'results',
      'tool',
    ]);
    for (const rule of run.tool.driver.rules) {
      expect(rule.id).toMatch(/^[a-z-]+\/[a-z-]+$/);
      expect(rule.helpUri).toMatch(/^https:/);
      if (rule.defaultConfiguration)
        expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level);
    }
  });

  it('refers to rules by index, and to places by region', () => {
    expect(run.results).toHaveLength(3);
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(['none', 'note', 'warning', 'error']).toContain(result.level);
      expect(typeof result.message.text).toBe('string');
      expect(Array.isArray(result.locations)).toBe(true);
      expect(Object.values(result.partialFingerprints).every((value) => typeof value === 'string')).toBe(
        true,
      );
      for (const { physicalLocation } of result.locations) {
        const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
        expect(Math.min(startLine, startColumn, endLine, endColumn)).toBeGreaterThan(0);
        expect(physicalLocation.artifactLocation.uriBaseId in run.originalUriBaseIds).toBe(true);
      }
    }
    expect(run.results[1]).toMatchObject({
      ruleId: 'reference/unknown-provider',
      level: 'error',
      message: { text: 'there is no provider "opnai": did you mean "openai"?' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'omniroute.config.yaml' },
            region: { startLine: 3, startColumn: 9, endLine: 3, endColumn: 25 },
          },
          logicalLocations: [{ fullyQualifiedName: '/aliases/fast' }],
        },
      ],
      relatedLocations: [{ id: 0, message: { text: 'the alias, 100% <sure>' } }],
    });
    expect(run.results[2].fixes[0].artifactChanges[0].replacements[0]).toEqual({
      deletedRegion: { startLine: 4, startColumn: 1, endLine: 4, endColumn: 16 },
      insertedContent: { text: '' },
    });
  });

  it('writes paths as URIs', () => {
    expect(run.artifacts.map((artifact: { location: { uri: string } }) => artifact.location.uri)).toEqual([
      'config.d/a%20team.yaml',
      'omniroute.config.yaml',
    ]);
  });

  it('keeps fingerprints when lines move', () => {
    const moved = diagnostics.map((diagnostic) =>
      diagnostic.at
        ? {
            ...diagnostic,
            at: { ...diagnostic.at, line: diagnostic.at.line + 7, endLine: diagnostic.at.endLine + 7 },
          }
        : diagnostic,
    );
    const other = JSON.parse(renderDiagnostics('sarif', { ...input, diagnostics: moved }));
    const read = (value: typeof log) =>
      value.runs[0].results.map((result: { partialFingerprints: unknown }) => result.partialFingerprints);
    expect(read(other)).toEqual(read(log));
  });
});

it('junit fails errors, notes the rest, and passes clean files', () => {
  const xml = renderDiagnostics('junit', input);
  expect(xml).toContain('<testsuites name="omniroute validate" tests="4" failures="1">');
  expect(xml).toContain('<testcase classname="config.d/a team.yaml" name="valid"/>');
  expect(xml).toContain(
    '<failure type="reference/unknown-provider" message="there is no provider &quot;opnai&quot;">',
  );
  expect(xml).toContain('<system-out>warning: omniroute.config.yaml:4:3');
  expect(xml).toContain('&quot;quoted&quot;');
  // Every opened element is closed: the tags nest.
  const stack: string[] = [];
  for (const [, close, name, self] of xml.matchAll(/<(\/?)([a-z-]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (self) continue;
    if (close) expect(stack.pop()).toBe(name);
    else stack.push(name as string);
  }
  expect(stack).toEqual([]);
});

it('gitlab is an array of issues with unique fingerprints', () => {
  const twice = [...diagnostics, { ...(diagnostics[1] as Diagnostic), at: at(5, 7, 14) }];
  const issues = JSON.parse(renderDiagnostics('gitlab', { ...input, diagnostics: twice }));
  expect(issues).toHaveLength(4);
  expect(new Set(issues.map((issue: { fingerprint: string }) => issue.fingerprint)).size).toBe(4);
  expect(issues[1]).toMatchObject({
    type: 'issue',
    check_name: 'reference/unknown-provider',
    severity: 'major',
    location: { path: 'omniroute.config.yaml', lines: { begin: 3, end: 3 } },
  });
});

describe('secrets', () => {
  const secret = plantSecret('render');
  const text = `providers:\n  openai: { apiKey: ${secret}, baseUrl: "https://user:${secret}@x.example" }\n  # token: ${secret}\n  short: { password: hunter2, apiKey: "\${env:OPENAI_API_KEY}", digest: "sha256:${'ab12'.repeat(16)}" }\n`;
  const hidden: Diagnostic[] = [
    {
      code: 'a/b',
      severity: 'error',
      message: `"${secret}" is not a reference`,
      suggestion: `not ${secret}`,
      at: { ...at(2, 21, 21 + secret.length), file: 'f.yaml' },
      related: [{ message: secret, at: { ...at(3, 5, 9), file: 'f.yaml' } }],
    },
    { code: 'a/c', severity: 'warning', message: 'm', at: { ...at(3, 5, 9), file: 'f.yaml' } },
    { code: 'a/d', severity: 'info', message: 'm', at: { ...at(4, 3, 8), file: 'f.yaml' } },
  ];
  const report = { ...input, sources: new Map([['f.yaml', text]]), diagnostics: hidden };

  it.each(diagnosticFormats)('%s never shows what may be one', (format) => {
    const out = renderDiagnostics(format, report);
    capture(`diagnostics as ${format}`, out);
    expect(out).not.toContain(secret);
    expect(out).not.toContain('hunter2');
  });

  it('keeps references, digests and names readable, and the carets in place', () => {
    const out = renderDiagnostics('pretty', report);
    expect(out).toContain('${env:OPENAI_API_KEY}');
    expect(out).toContain(`sha256:${'ab12'.repeat(4)}`);
    const lines = out.split('\n');
    const carets = lines.findIndex((line) => line.includes('^'));
    expect(
      lines[carets - 1]?.slice(lines[carets]?.indexOf('^'), (lines[carets]?.lastIndexOf('^') ?? 0) + 1),
    ).toMatch(/^[•a-z-]+$/);
  });

  it('hides a range that is marked as sensitive', () => {
    const marked: Diagnostic = {
      code: 'a/b',
      severity: 'error',
      message: 'm',
      sensitive: true,
      at: { ...at(1, 6, 12), file: 'g.yaml' },
    };
    for (const format of diagnosticFormats) {
      const out = renderDiagnostics(format, {
        ...input,
        sources: new Map([['g.yaml', 'pass: secret\n']]),
        diagnostics: [marked],
      });
      expect(out).not.toContain('secret');
    }
  });
});

it('drops repeats and is stable under any order', () => {
  const all = [...diagnostics, ...diagnostics];
  for (const format of diagnosticFormats) {
    expect(renderDiagnostics(format, { ...input, diagnostics: all.toReversed() })).toBe(
      renderDiagnostics(format, input),
    );
  }
});

function at(line: number, column: number, endColumn: number): SourcePosition {
  return { file: 'omniroute.config.yaml', line, column, endLine: line, endColumn };
}
