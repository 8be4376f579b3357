// Plants secret values and searches everything that a test file wrote for them. A secret that reaches a log, the
// console, a rendered view or a file that a test hands in with `capture` fails the file.
import { randomBytes } from 'node:crypto';

interface Canary {
  readonly secrets: Map<string, string>;
  readonly written: { readonly source: string; readonly text: string }[];
}

// On globalThis, because a test that resets modules must still talk to the registry that the setup searches.
const key = Symbol.for('omniroute.test.canary');
const holder = globalThis as { [key]?: Canary };
const canary: Canary = (holder[key] ??= { secrets: new Map(), written: [] });

/** A new secret value, unlike any other text. `label` names it in the failure; the value itself is never printed. */
export function plantSecret(label = 'secret'): string {
  const value = `canary-${label.replaceAll(/[^a-z0-9]+/gi, '-')}-${randomBytes(12).toString('hex')}`;
  canary.secrets.set(value, label);
  return value;
}

/** Puts `text` (a log file, the output of a child process, a rendered answer) among what is searched at the end. */
export function capture(source: string, text: string | Uint8Array): void {
  canary.written.push({ source, text: typeof text === 'string' ? text : Buffer.from(text).toString('utf8') });
}

/** One line per planted secret and place where it was found, plainly or encoded. */
export function findLeakedSecrets(): readonly string[] {
  const found = new Set<string>();
  // Joined per source first: a writer may cut a line anywhere.
  const sources = Map.groupBy(canary.written, ({ source }) => source);
  for (const [source, pieces] of sources) {
    const text = pieces.map((piece) => piece.text).join('');
    for (const [value, label] of canary.secrets) {
      for (const [encoding, form] of spell(value)) {
        if (text.includes(form)) found.add(`the secret "${label}" stands in ${source} (${encoding})`);
      }
    }
  }
  return [...found];
}

function spell(value: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(value);
  return [
    ['plain', value],
    ['base64', bytes.toString('base64').replace(/=+$/, '')],
    ['base64 of "user:secret"', Buffer.from(`x:${value}`).toString('base64').slice(4).replace(/=+$/, '')],
    ['hex', bytes.toString('hex')],
  ];
}
