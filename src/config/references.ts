// `${env:X}`, `${env:X:-default}`, `${file:/p}` and `${secret:n}`: their spelling, and what stands for a variable in an
// ordinary text. Values of secrets are never read here.
import type { SecretReference } from './generated/types.ts';

/** A reference in a text, or a piece of it that is spelled like one and is none. */
export type ReferencePiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly reference: SecretReference }
  | { readonly kind: 'unknown-source'; readonly name: string }
  | { readonly kind: 'malformed' };

const wordStart = /^\$\{([A-Za-z_][A-Za-z0-9_-]*)([:}])/;
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;
const secretName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** The sources that a reference may name. */
export const referenceSources = ['env', 'file', 'secret'] as const;

/**
 * Cuts a text at its references. `$${` is a literal `${`, and a `${` that no word follows is text. References do not
 * nest; a default ends at the first `}`.
 */
export function splitReferences(text: string): readonly ReferencePiece[] {
  if (!text.includes('${')) return [{ kind: 'text', text }];
  const pieces: ReferencePiece[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('$${', at)) {
      plain += '${';
      at += 3;
      continue;
    }
    const word = text.startsWith('${', at) ? wordStart.exec(text.slice(at, at + 100)) : null;
    if (!word) {
      plain += text[at];
      at++;
      continue;
    }
    if (plain !== '') pieces.push({ kind: 'text', text: plain });
    plain = '';
    const end = text.indexOf('}', at);
    pieces.push(end < 0 ? { kind: 'malformed' } : readReference(text.slice(at + 2, end)));
    if (end < 0) return pieces;
    at = end + 1;
  }
  if (plain !== '' || pieces.length === 0) pieces.push({ kind: 'text', text: plain });
  return pieces;
}

/** The reference that the whole text is, or undefined when it is anything else. */
export function parseReference(text: string): SecretReference | undefined {
  const [piece, second] = splitReferences(text);
  return second === undefined && piece?.kind === 'reference' ? piece.reference : undefined;
}

/** As people write it; a fallback is left out, because it may be a secret. */
export function renderReference({ source, name }: SecretReference): string {
  return `\${${source}:${name}}`;
}

/** What stands between `${` and `}`. */
function readReference(inside: string): ReferencePiece {
  const colon = inside.indexOf(':');
  const source = colon < 0 ? inside : inside.slice(0, colon);
  const rest = colon < 0 ? '' : inside.slice(colon + 1);
  if (source === 'env') {
    const dash = rest.indexOf(':-');
    const name = dash < 0 ? rest : rest.slice(0, dash);
    if (!variableName.test(name)) return { kind: 'malformed' };
    const fallback = dash < 0 ? {} : { fallback: rest.slice(dash + 2) };
    return { kind: 'reference', reference: { source, name, ...fallback } };
  }
  if (source === 'file') {
    if (rest === '' || rest.length > 500 || /[\u0000-\u001f\u007f]/.test(rest)) return { kind: 'malformed' };
    return { kind: 'reference', reference: { source, name: rest } };
  }
  if (source === 'secret') {
    if (!secretName.test(rest)) return { kind: 'malformed' };
    return { kind: 'reference', reference: { source, name: rest } };
  }
  return { kind: 'unknown-source', name: source };
}
