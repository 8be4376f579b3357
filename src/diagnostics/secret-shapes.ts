// What a secret looks like in plain text: known prefixes of vendors, private keys, tokens without a pattern.
// Used twice: to report secrets that stand in a file, and to mask them in whatever is shown of that file.

export interface SecretHit {
  readonly start: number;
  readonly end: number;
  /** What it seems to be, for the message. */
  readonly kind: string;
}

/** Known shapes. Each matches the whole token, never more. */
const shapes: readonly { readonly kind: string; readonly pattern: RegExp }[] = [
  { kind: 'an Anthropic key', pattern: /\bsk-ant-[\w-]{16,}/g },
  { kind: 'an OpenRouter key', pattern: /\bsk-or-[\w-]{16,}/g },
  { kind: 'an API key', pattern: /\bsk[-_](?:proj-|svcacct-|live_|test_)?[\w-]{16,}/g },
  { kind: 'a Google API key', pattern: /\bAIza[\w-]{30,}/g },
  { kind: 'a Google OAuth secret', pattern: /\bGOCSPX-[\w-]{20,}/g },
  { kind: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { kind: 'a GitHub token', pattern: /\b(?:gh[pousr]_\w{30,}|github_pat_\w{20,})/g },
  { kind: 'a GitLab token', pattern: /\bglpat-[\w-]{20,}/g },
  { kind: 'a Slack token', pattern: /\bxox[abeprs]-[\w-]{10,}/g },
  { kind: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{30,}/g },
  { kind: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{20,}/g },
  {
    kind: 'an API key',
    pattern: /\b(?:gsk_|xai-|pplx-|r8_|fw_|csk-|nvapi-|tvly-|dsk-|key-|together_)[\w-]{20,}/g,
  },
  { kind: 'a JSON web token', pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g },
  { kind: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/g },
  { kind: 'a password inside a URL', pattern: /(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g },
];

/** Runs of letters and digits without a break; what separates words of a model name breaks them. */
const run = /[A-Za-z0-9+=]{20,}/g;
const digest = /(?:sha256:|sha512:)[0-9a-fA-F]*/g;

/** Shapes that are certainly secrets, and tokens too random to be a name. Digests are not secrets. */
export function findSecrets(text: string): SecretHit[] {
  return collect(text, (token) => isRandom(token));
}

/** The text with everything that may be a secret replaced by dots of the same width, so that carets still fit. */
export function maskSecrets(text: string): string {
  const hits = [...collect(text, isSuspicious), ...findNamedValues(text)];
  let masked = text;
  for (const { start, end } of hits)
    masked = masked.slice(0, start) + '•'.repeat(end - start) + masked.slice(end);
  return masked;
}

function collect(text: string, decide: (token: string) => boolean): SecretHit[] {
  const hits: SecretHit[] = [];
  for (const { kind, pattern } of shapes) {
    for (const match of text.matchAll(pattern)) {
      const start = match.index;
      // The table runs from the particular to the general: the first that matches names it.
      if (!hits.some((hit) => hit.start <= start && start < hit.end))
        hits.push({ start, end: start + match[0].length, kind });
    }
  }
  const digests = [...text.matchAll(digest)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  for (const match of text.matchAll(run)) {
    const start = match.index;
    const end = start + match[0].length;
    const covered = [...hits, ...digests].some((other) => other.start <= start && end <= other.end);
    if (!covered && decide(match[0])) hits.push({ start, end, kind: 'a token without any pattern' });
  }
  return hits.sort((a, b) => a.start - b.start);
}

/** Values behind keys that speak of secrets: masked in what is shown even when they look like a word. */
function findNamedValues(text: string): SecretHit[] {
  const named =
    /(?<!\$\{)(?:api[-_]?key|secret|password|passwd|passphrase|authorization|token|private[-_]?key|credentials?)["']?\s*[:=]\s*(?:Bearer\s+)?/gi;
  return [...text.matchAll(named)].flatMap((match) => {
    const start = match.index + match[0].length;
    const value = /^(?:"[^"]*"?|'[^']*'?|[^\s,}\]#]+)/.exec(text.slice(start))?.[0] ?? '';
    // `requireApiKey: true` and references say nothing that must be hidden.
    if (/^(?:|[{[]|true|false|null|~|\d+)$|^["']?\$\{/.test(value)) return [];
    return [{ start, end: start + value.length, kind: 'a secret' }];
  });
}

/** Three kinds of characters in a long run without a word in it, or a long hexadecimal run. */
function isRandom(token: string): boolean {
  if (/^[0-9a-f]+$/i.test(token))
    return token.length >= 32 && /\d/.test(token) && /[a-f]/i.test(token) && entropy(token) > 3;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(token)).length;
  return kinds === 3 && entropy(token) > 3.7;
}

/** Looked at piece by piece: a long run of one character must not hide the secret that it is glued to. */
function isSuspicious(token: string): boolean {
  for (let at = 0; at === 0 || at + 10 < token.length; at += 10) {
    const piece = token.slice(at, at + 20);
    if (/\d/.test(piece) && /[A-Za-z]/.test(piece) && entropy(piece) > 2.8) return true;
  }
  return false;
}

/** Shannon entropy in bits per character. */
function entropy(token: string): number {
  const counts = new Map<string, number>();
  for (const character of token) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / token.length) * Math.log2(count / token.length);
  return bits;
}
