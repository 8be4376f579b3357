// Expressions are full of characters that YAML gives a meaning of its own: `!`, `#`, `:`, `&`, `[`.
import { escapeSegment } from '../../lib/json-pointer.ts';
import { readWritten, type DocumentCheck, type DocumentContext } from './context.ts';

export const unquotedExpression: DocumentCheck = {
  code: 'expression/unquoted',
  severity: 'warning',
  meaning:
    'An expression stands without quotes. YAML reads `!`, `#`, `:`, `&` and brackets in its own way, so a small change can turn it into something else.',
  action: 'Put the expression into quotes.',
  *check(context) {
    for (const { pointer, text } of listExpressions(context)) {
      const written = readWritten(context, pointer);
      // Block scalars (`|`, `>`) are as good as quotes.
      if (written === undefined || /^["'|>*&]/.test(written) || written !== text) continue;
      const quote = text.includes('"') ? "'" : '"';
      const safe = !text.includes(quote) && !text.includes('\\');
      yield {
        pointer,
        message: 'an expression without quotes',
        suggestion: 'put it into quotes',
        fix: safe ? { title: 'quote the expression', text: `${quote}${text}${quote}` } : undefined,
      };
    }
  },
};

function* listExpressions({ config }: DocumentContext): Generator<{ pointer: string; text: string }> {
  for (const [index, { when }] of config.policies.entries())
    if (when !== undefined) yield { pointer: `/policies/${index}/when`, text: when };
  for (const [name, combo] of Object.entries(config.combos)) {
    for (const [index, { when }] of combo.targets.entries()) {
      if (when !== undefined)
        yield { pointer: `/combos/${escapeSegment(name)}/targets/${index}/when`, text: when };
    }
  }
}
