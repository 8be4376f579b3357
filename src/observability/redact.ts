// Takes secrets out of a finished log line: registered values wherever they stand, and what looks like a credential by
// its name or shape. It runs on the whole line, so no field, nested object or error text can slip past it.

export const redacted = '[redacted]';

/** Header and field names whose values never reach a log. */
const secretNames =
  '(?:proxy-)?authorization|(?:x-)?api[-_]?key|x-goog-api-key|(?:set-)?cookie|password|passwd|secret|client_secret|access_token|refresh_token|id_token|private_key';

const patterns: readonly (readonly [RegExp, string])[] = [
  // "authorization":"…" and "authorization","…" (flat header lists), at any depth.
  [new RegExp(`("(?:${secretNames})"\\s*[:,]\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi'), `$1"${redacted}"`],
  [new RegExp(`("(?:${secretNames})"\\s*:\\s*)\\[[^\\]]*\\]`, 'gi'), `$1"${redacted}"`],
  // The same inside a JSON text that was logged as a string. Bounded, or a run of backslashes costs its square.
  [new RegExp(`((\\\\{1,15})"(?:${secretNames})\\\\{1,15}"\\s*[:,]\\s*)\\\\{1,15}"[^"\\\\]*`, 'gi'), `$1$2"${redacted}`],
  // authorization: … as in a raw header block or an error message.
  [
    new RegExp(`\\b((?:${secretNames})\\s*[:=]\\s*)(?:(?:bearer|basic|digest)\\s+)?[^\\s"'\\\\,;&]+`, 'gi'),
    `$1${redacted}`,
  ],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${redacted}`],
  // ?key=… in URLs.
  [
    /([?&](?:key|api[-_]?key|access_token|token|code|sig|signature|password)=)[^&#\s"'\\]+/gi,
    `$1${redacted}`,
  ],
  // user:password@ in URLs.
  [/(:\/\/)[^/\s:@"'\\]+:[^/\s@"'\\]+@/g, `$1${redacted}@`],
  // Keys that are known by their shape.
  [
    /\b(?:sk-[\w-]{16,}|AIza[\w-]{30,}|gh[pousr]_\w{20,}|xai-\w{20,}|gsk_\w{20,}|AKIA[0-9A-Z]{16})/g,
    redacted,
  ],
];

/** One pass that tells whether any pattern can match at all; most lines end here. */
const suspicious =
  /auth|key["'=:\\\s]|cookie|passw|secret|token["'=:\\]|bearer|basic |[?&][a-z_]+=|:\/\/[^/\s"]*@|sk-|AIza|gh[pousr]_|xai-|gsk_|AKIA/i;

/** Values shorter than this would blank out ordinary words. */
const shortestValue = 6;

export interface Redactor {
  /** The text without registered values and without anything that looks like a credential. */
  clean(text: string): string;
  /** The text without registered values only; for lines whose fields are closed. */
  cleanValues(text: string): string;
  /** Replaces the list of values that must never be written. */
  hide(values: Iterable<string>): void;
}

export function createRedactor(): Redactor {
  // One alternation: the engine skips through a line in 0.1 µs, where forty searches take several.
  let hidden: RegExp | undefined;
  const cleanValues = (text: string): string => (hidden ? text.replace(hidden, redacted) : text);
  return {
    cleanValues,
    hide: (values) => {
      const forms = new Set<string>();
      for (const value of values) {
        if (value.length >= shortestValue) for (const form of spell(value)) forms.add(form);
      }
      // Longest first: a value that contains another one must not leave its tail behind.
      const sorted = [...forms].sort((a, b) => b.length - a.length).map((form) => RegExp.escape(form));
      hidden = sorted.length > 0 ? new RegExp(sorted.join('|'), 'g') : undefined;
    },
    clean: (text) => {
      let clean = cleanValues(text);
      if (!suspicious.test(clean)) return clean;
      for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
      return clean;
    },
  };
}

/** The ways in which a value may stand in a line: as it is, inside JSON once and twice, in a URL, in base64, in hex. */
function spell(value: string): readonly string[] {
  const quoted = JSON.stringify(value).slice(1, -1);
  const bytes = Buffer.from(value);
  return [
    value,
    quoted,
    JSON.stringify(quoted).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}
