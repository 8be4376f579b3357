// src/gateway/headers.ts → docs/reference/headers.md
import { passedHeaders, requestHeaders, responseHeaders } from '../../src/gateway/headers.ts';
import { code, renderPage, renderTable } from '../markdown.ts';

type Headers = Readonly<
  Record<string, { readonly values: string; readonly meaning: string; readonly reserved?: boolean }>
>;

export async function generate(): Promise<ReadonlyMap<string, string>> {
  const page = renderPage('Headers', 'src/gateway/headers.ts', [
    'Names are not case-sensitive. Both tables are closed.',
    '## Of requests',
    'What the gateway itself reads. None of these travels to an upstream.',
    renderHeaders(requestHeaders),
    '## Of responses',
    renderHeaders(responseHeaders),
    '## Passed on from an upstream',
    'These keep their value; all other headers of an upstream stay behind.',
    [...passedHeaders].map((name) => `- ${code(name)}`).join('\n'),
  ]);
  return new Map([['docs/reference/headers.md', page]]);
}

function renderHeaders(headers: Headers): string {
  const rows = Object.entries(headers).map(([name, { values, meaning, reserved }]) => [
    code(name),
    values,
    reserved ? `${meaning} Reserved: nothing acts on it yet.` : meaning,
  ]);
  return renderTable(['Header', 'Values', 'Meaning'], rows);
}
