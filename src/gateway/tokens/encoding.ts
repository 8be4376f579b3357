// Texts → tokens of o200k, OpenAI's vocabulary since GPT-4o. Runs in the tokenizer's thread only: a megabyte takes a second.
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/** Special tokens that stand in a text are text. */
const options = { disallowedSpecial: new Set<string>() };

/**
 * Letters, blanks or signs without a break. The vocabulary merges inside such a run, in time that grows with the square of
 * its length: 100 KB of one letter take half a minute. Cut into pieces it is at most one token longer for each.
 */
const longRun = /[\p{L}\p{M}]{96,}|\s{96,}|[^\s\p{L}\p{N}\p{M}]{96,}/gu;
const pieceLength = 64;

/** UTF-16 units that are really counted; what is longer has as many tokens for its length as they. */
export const countedLength = 2 * 1024 * 1024;

/** Tokens of all texts together. */
export function countTexts(texts: readonly string[], most = countedLength): number {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  let left = most;
  let tokens = 0;
  for (const text of texts) {
    if (left <= 0) break;
    tokens += countText(text.length > left ? text.slice(0, left) : text);
    left -= text.length;
  }
  return length <= most ? tokens : Math.ceil((tokens / most) * length);
}

function countText(text: string): number {
  let tokens = 0;
  for (const piece of cutRuns(text)) tokens += countTokens(piece, options);
  return tokens;
}

/** The text in pieces, none of which holds a run that is too long; nothing is lost. */
export function* cutRuns(text: string): Generator<string> {
  let from = 0;
  for (const { 0: run, index } of text.matchAll(longRun)) {
    for (let at = index; at < index + run.length; at += pieceLength) {
      const cut = isInside(text, at) ? at + 1 : at;
      if (cut > from) yield text.slice(from, cut);
      from = cut;
    }
  }
  if (from < text.length) yield text.slice(from);
}

/** Whether a cut here would part the two halves of one sign. */
function isInside(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}
