// One small request to a URL that somebody handed us: an image to fetch, an OAuth endpoint, a webhook. Where it leads is
// checked at the connection, again for every redirect; size and time are bounded; nothing is kept open.
import { Agent, request } from 'undici';
import {
  checkHost,
  createGuardedLookup,
  findRefusal,
  type Reach,
  type ResolveHost,
} from './address-guard.ts';

export interface OutwardOptions {
  /** The internet only when left out. */
  readonly reach?: Reach;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of the answer that are read; a longer one is an error. */
  readonly maxBytes: number;
  /** Milliseconds for everything, redirects included. */
  readonly timeout: number;
  /** How many redirects are followed; none when left out. A POST is never repeated elsewhere. */
  readonly redirects?: number;
  /** Stands for DNS in tests. */
  readonly resolve?: ResolveHost;
}

export interface OutwardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** After redirects. */
  readonly url: string;
}

/** Rejects with AddressRefusedError for an address out of reach, and with an Error for everything else that fails. */
export async function requestOutside(text: string, options: OutwardOptions): Promise<OutwardAnswer> {
  const { reach = 'public', resolve, timeout, redirects = 0, method = 'GET' } = options;
  const dispatcher = new Agent({
    connect: { lookup: createGuardedLookup(reach, resolve), timeout },
    pipelining: 0,
  });
  const signal = AbortSignal.timeout(timeout);
  try {
    let url = readUrl(text);
    let headers = options.headers ?? {};
    for (let hops = 0; ; hops++) {
      checkHost(url.hostname, reach);
      const answer = await request(url, {
        dispatcher,
        method,
        headers: { ...headers },
        body: options.body ?? null,
        signal,
      });
      const location = answer.headers['location'];
      if (
        answer.statusCode < 300 ||
        answer.statusCode > 399 ||
        redirects === 0 ||
        typeof location !== 'string'
      ) {
        const body = await readBody(answer.body, options.maxBytes);
        return { status: answer.statusCode, headers: answer.headers, body, url: url.href };
      }
      // Its end by our hand is no fault.
      answer.body.on('error', () => undefined).destroy();
      if (hops >= redirects || method !== 'GET')
        throw new Error('The address answers with too many redirects.');
      const next = readUrl(location, url);
      if (next.origin !== url.origin) headers = dropCredentials(headers);
      url = next;
    }
  } catch (error) {
    throw findRefusal(error) ?? error;
  } finally {
    await dispatcher.destroy();
  }
}

function readUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new Error('This is no URL.');
  const url = new URL(text, base?.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error('Only http and https URLs are called.');
  if (url.username !== '' || url.password !== '')
    throw new Error('A URL with a credential in it is not called.');
  return url;
}

function dropCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = new Set(['accept', 'accept-language', 'user-agent']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => kept.has(name.toLowerCase())));
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`The answer is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
