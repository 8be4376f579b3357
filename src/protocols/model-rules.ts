// What families of models accept, as data. A row adds to the rows before it; the last word wins. Facts of protocols
// §0, §8.5 and §9; a model that no row knows gets the careful defaults.
import type { Effort } from '../ir/options.ts';
import type { ModelRules } from './protocol.ts';

interface Row {
  /** Matches the id in lower case, wherever a host puts its own prefix in front. */
  readonly match: RegExp;
  /** Only for versions from this one on, for families that count (`claude-opus-4-7` is 4.7). */
  readonly from?: number;
  readonly rules: Partial<ModelRules>;
}

const defaults: ModelRules = {
  sampling: 'free',
  prefill: true,
  midSystem: false,
  efforts: [],
  thinking: 'none',
  nativeSchema: false,
  stop: true,
  maxTokensField: 'max_tokens',
  systemRole: 'system',
  contentLists: false,
  reasoningHistory: 'none',
  cacheMarks: false,
  webSearch: false,
  hostedSearch: false,
  userField: 'user',
  ollamaThinking: 'unknown',
  geminiThinking: 'none',
  geminiBudgets: [0, 24_576],
  callSignatures: false,
  mixedTools: true,
  streamOptions: true,
  chatSchema: true,
  chatMetadata: true,
  thinkingSwitch: false,
  maxOutput: 8192,
};

const standard: readonly Effort[] = ['low', 'medium', 'high'];

const rows: readonly Row[] = [
  // Anthropic
  {
    match: /claude/,
    rules: { efforts: [], cacheMarks: true, maxOutput: 4096 },
  },
  { match: /claude/, from: 3.5, rules: { maxOutput: 8192, webSearch: true } },
  { match: /claude/, from: 3.7, rules: { thinking: 'budget', maxOutput: 64_000 } },
  { match: /claude/, from: 4, rules: { maxOutput: 32_000 } },
  { match: /claude/, from: 4.1, rules: { sampling: 'one', nativeSchema: true } },
  { match: /claude/, from: 4.5, rules: { maxOutput: 64_000 } },
  { match: /claude-opus/, from: 4.5, rules: { efforts: standard } },
  {
    match: /claude/,
    from: 4.6,
    rules: { prefill: false, thinking: 'adaptive', efforts: [...standard, 'max'], maxOutput: 64_000 },
  },
  {
    match: /claude/,
    from: 4.7,
    rules: { sampling: 'none', efforts: [...standard, 'xhigh', 'max'], maxOutput: 128_000 },
  },
  { match: /claude/, from: 4.8, rules: { midSystem: true } },

  // OpenAI and its namesakes
  {
    match: /(^|\/)(gpt-|o\d|chatgpt-|codex)/,
    rules: {
      maxTokensField: 'max_completion_tokens',
      contentLists: true,
      efforts: [],
      userField: 'safety_identifier',
      maxOutput: 16_384,
    },
  },
  { match: /(^|\/)(gpt-(4o|4\.1|[5-9]|\d\d)|o[34]|chatgpt-)(?!.*nano)/, rules: { hostedSearch: true } },
  { match: /(^|\/)gpt-.*search/, rules: { webSearch: true, sampling: 'none' } },
  {
    match: /(^|\/)(o\d|gpt-([5-9]|\d\d)|codex)/,
    rules: { sampling: 'none', stop: false, systemRole: 'developer', efforts: standard, maxOutput: 65_536 },
  },
  { match: /(^|\/)gpt-([5-9]|\d\d)/, rules: { efforts: ['minimal', ...standard] } },
  { match: /(^|\/)gpt-(5(\.[1-9]|-[1-9](?!\d))|[6-9]|\d\d)/, rules: { efforts: ['none', ...standard] } },
  {
    match: /(^|\/)gpt-(5(\.[2-9]|-[2-9](?!\d))|[6-9]|\d\d)|codex-max/,
    rules: { efforts: ['none', ...standard, 'xhigh'] },
  },
  { match: /(^|\/)gpt-(5(\.[6-9]|-[6-9](?!\d))|[6-9]|\d\d)/, rules: { cacheMarks: true } },
  { match: /(^|\/)gpt-([6-9]|\d\d)/, rules: { efforts: ['none', ...standard, 'xhigh', 'max'] } },
  { match: /gpt-5.*chat|gpt-\d.*-instant/, rules: { efforts: [], sampling: 'free', stop: true } },
  {
    match: /gpt-oss/,
    rules: {
      maxTokensField: 'max_tokens',
      contentLists: false,
      efforts: standard,
      sampling: 'free',
      stop: true,
      systemRole: 'system',
      userField: 'user',
      ollamaThinking: 'levels',
    },
  },

  // Google
  { match: /gemini/, rules: { maxOutput: 8192, mixedTools: false } },
  {
    match: /gemini-2\.5/,
    rules: { geminiThinking: 'budget', efforts: ['none', 'minimal', ...standard], maxOutput: 65_536 },
  },
  { match: /gemini-2\.5-pro/, rules: { geminiBudgets: [128, 32_768], efforts: ['minimal', ...standard] } },
  { match: /gemini-2\.5-.*(image|tts|live)/, rules: { geminiThinking: 'none', efforts: [] } },
  {
    match: /gemini-([3-9]|flash-latest|pro-latest|flash-lite-latest)/,
    rules: {
      geminiThinking: 'level',
      efforts: ['minimal', ...standard],
      callSignatures: true,
      mixedTools: true,
      maxOutput: 65_536,
    },
  },
  { match: /gemini-3(\.\d+)?-pro/, rules: { efforts: standard } },
  { match: /gemini-3-pro/, rules: { efforts: ['low', 'high'] } },
  { match: /gemini-[3-9].*(image|tts|live)/, rules: { geminiThinking: 'none', efforts: [] } },

  // Others that speak Chat: thinking is switched by other means, or always on.
  {
    match: /deepseek|kimi|glm-|minimax|mimo|qwq|qwen.*thinking/,
    rules: { reasoningHistory: 'tool-turns', thinking: 'budget' },
  },
  {
    match: /kimi|glm-|minimax|qwen|llama|gemma|mistral-(tiny|small|medium|large)|codestral|devstral/,
    rules: { efforts: [] },
  },
  {
    match:
      /deepseek-(r1|v3\.[1-9])|qwen-?3(?!.*(coder|instruct))|qwq|magistral|kimi.*thinking|glm-[45]|minimax|nemotron|exaone-deep|cogito|lfm2.*thinking/,
    rules: { ollamaThinking: 'switch' },
  },
  { match: /grok-4(?!.*(mini|fast))/, rules: { efforts: [] } },
  { match: /grok/, rules: { stop: false } },
  { match: /grok-([4-9]|\d\d)/, rules: { hostedSearch: true } },
];

/** What the named deviations of a host (`catalog/quirks.ts`) change, whatever the model is. */
const quirkRules: Readonly<Record<string, Partial<ModelRules>>> = {
  'no-stream-options': { streamOptions: false },
  'max-tokens': { maxTokensField: 'max_tokens' },
  'no-developer-role': { systemRole: 'system' },
  'no-json-schema': { chatSchema: false },
  'no-metadata': { chatMetadata: false },
  'reasoning-content': { reasoningHistory: 'tool-turns' },
  'thinking-switch': { thinkingSwitch: true },
};

/** The rules of a model by its id, as the upstream knows it (`claude-sonnet-4-5-20250929`), at a host with `quirks`. */
export function findRules(model: string, quirks: readonly string[] = []): ModelRules {
  const rules = rulesOfModel(model);
  return quirks.length === 0 ? rules : Object.assign({}, rules, ...quirks.map((quirk) => quirkRules[quirk]));
}

function rulesOfModel(model: string): ModelRules {
  const id = model.toLowerCase();
  let rules = cache.get(id);
  if (rules === undefined) {
    const version = versionOf(id);
    const fitting = rows.filter(
      ({ match, from }) => match.test(id) && (from === undefined || version >= from),
    );
    rules = Object.assign({}, defaults, ...fitting.map((row) => row.rules)) as ModelRules;
    // Names come from clients: the memory must not grow with them.
    if (cache.size >= 512) cache.clear();
    cache.set(id, rules);
  }
  return rules;
}

const cache = new Map<string, ModelRules>();

/** `claude-opus-4-7` → 4.7, `claude-3-5-sonnet-20241022` → 3.5, `claude-sonnet-5` → 5; newest where no number stands. */
function versionOf(id: string): number {
  const found = /claude-(?:instant-)?(?:[a-z]+-)?v?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?/.exec(id);
  if (found === null) return Number.POSITIVE_INFINITY;
  return Number(found[1]) + Number(found[2] ?? 0) / 10;
}
