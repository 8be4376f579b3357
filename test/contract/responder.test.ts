// What the gateway may rely on, whoever carries its answers: Node's response or a web stream.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Responder } from '../../src/gateway/responder.ts';
import { createNodeResponder } from '../../src/server/node-lane.ts';
import { createWebResponder } from '../../src/server/web-lane.ts';

/** The client's side of one answer. */
interface Client {
  readonly status: number;
  header(name: string): string | null | undefined;
  /** The next bytes, one character each; undefined at the end; rejects when the answer breaks off. */
  read(): Promise<string | undefined>;
  leave(): void;
}

interface Lane {
  readonly name: string;
  /** Runs `serve` with a responder; the client resolves with the head of the answer. */
  open(serve: (responder: Responder) => void): Promise<{ client: Promise<Client>; close(): Promise<void> }>;
}

const nodeLane: Lane = {
  name: 'node',
  async open(serve) {
    const server = createServer((_request, response) => serve(createNodeResponder(response)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { port } = server.address() as AddressInfo;
    const request = httpRequest({ port, host: '127.0.0.1', agent: false }, resolve);
    request.on('error', reject);
    request.end();
    const client = promise.then((response): Client => {
      const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      return {
        status: response.statusCode ?? 0,
        header: (name) => response.headers[name] as string | undefined,
        read: async () => {
          const { value, done } = await chunks.next();
          return done ? undefined : (value as Buffer).toString('latin1');
        },
        leave: () => void response.destroy(),
      };
    });
    return {
      client,
      close: async () => {
        request.destroy();
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  },
};

const webLane: Lane = {
  name: 'web',
  async open(serve) {
    const abort = new AbortController();
    const { responder, response } = createWebResponder(abort.signal);
    serve(responder);
    const client = response.then(({ status, headers, body }): Client => {
      const reader = body?.getReader();
      return {
        status,
        header: (name) => headers.get(name),
        read: async () => {
          const part = await reader?.read();
          return !part || part.done ? undefined : Buffer.from(part.value).toString('latin1');
        },
        leave: () => abort.abort(),
      };
    });
    return { client, close: async () => abort.abort() };
  },
};

async function readAll(client: Client): Promise<string> {
  let text = '';
  for (let part = await client.read(); part !== undefined; part = await client.read()) text += part;
  return Buffer.from(text, 'latin1').toString();
}

const head = ['Content-Type', 'text/plain', 'X-One', '1'];

describe.each([nodeLane, webLane])('$name', ({ open }) => {
  async function withAnswer(
    serve: (responder: Responder) => void,
    use: (client: Client) => Promise<void>,
  ): Promise<void> {
    const { client, close } = await open(serve);
    try {
      await use(await client);
    } finally {
      await close();
    }
  }

  it('sends status, headers and bytes, texts and buffers alike', async () => {
    await withAnswer(
      (responder) => {
        responder.writeHead(201, head);
        responder.write('a');
        responder.write(Buffer.from('é'));
        responder.end('!');
        expect(responder.headersSent).toBe(true);
      },
      async (client) => {
        expect([client.status, client.header('content-type'), client.header('x-one')]).toEqual([
          201,
          'text/plain',
          '1',
        ]);
        expect(await readAll(client)).toBe('aé!');
      },
    );
  });

  it.each([10, 5_000, 50_000])('sends %d signs of many bytes at once, byte for byte', async (count) => {
    const text = 'é漢🜁\u007f'.repeat(count / 5);
    const body = Buffer.from(text);
    await withAnswer(
      (responder) => {
        responder.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]);
        responder.end(body);
      },
      async (client) => {
        expect(client.header('content-length')).toBe(String(body.length));
        expect(await readAll(client)).toBe(text);
      },
    );
  });

  it('sends chunks of any size, empty ones and the last one included', async () => {
    const chunks = ['', 'é', 'x'.repeat(8191), '', 'ü'.repeat(4097), 'y'.repeat(70_000), '漢'];
    await withAnswer(
      (responder) => {
        responder.writeHead(200, head);
        for (const [index, chunk] of chunks.entries())
          responder.write(index % 2 === 0 ? chunk : Buffer.from(chunk));
        responder.end('🜁');
      },
      async (client) => {
        expect(await readAll(client)).toBe(`${chunks.join('')}🜁`);
      },
    );
  });

  it('ends without a body', async () => {
    await withAnswer(
      (responder) => {
        responder.writeHead(204, []);
        responder.end();
      },
      async (client) => {
        expect(client.status).toBe(204);
        expect(await readAll(client)).toBe('');
      },
    );
  });

  it('shows the first bytes before the answer has ended', async () => {
    let answer: Responder | undefined;
    await withAnswer(
      (responder) => {
        answer = responder;
        responder.writeHead(200, head);
        responder.write('first');
      },
      async (client) => {
        expect(await client.read()).toBe('first');
        answer!.end('last');
        expect(await readAll(client)).toBe('last');
      },
    );
  });

  it('sends the head with an empty write', async () => {
    await withAnswer(
      (responder) => {
        responder.writeHead(200, head);
        responder.write('');
      },
      async (client) => expect(client.status).toBe(200),
    );
  });

  it('breaks off so that what was written arrives and the end does not', async () => {
    await withAnswer(
      (responder) => {
        responder.writeHead(200, head);
        responder.write('half');
        responder.destroy();
        expect(responder.closed).toBe(true);
      },
      async (client) => {
        expect(await client.read()).toBe('half');
        await expect(client.read()).rejects.toThrow();
      },
    );
  });

  it('asks to wait when the client does not read, and says when to go on', async () => {
    const drained = Promise.withResolvers<void>();
    let written = 0;
    let answer: Responder | undefined;
    await withAnswer(
      (responder) => {
        answer = responder;
        responder.onDrain(() => drained.resolve());
        responder.writeHead(200, head);
        const piece = Buffer.alloc(64 * 1024, 0x61);
        // More than any pair of socket buffers holds.
        while (written < 64 && responder.write(piece)) written++;
        for (let i = 0; i < 256; i++) responder.write(piece);
      },
      async (client) => {
        expect(written).toBeLessThan(64);
        for (let i = 0; i < 4; i++) await client.read();
        const rest = readAll(client);
        await drained.promise;
        answer!.end();
        await rest;
      },
    );
  });

  it('tells once when the client leaves, and takes no more bytes', async () => {
    const left = Promise.withResolvers<void>();
    let times = 0;
    let answer: Responder | undefined;
    await withAnswer(
      (responder) => {
        answer = responder;
        responder.onClose(() => expect.unreachable());
        responder.onClose(() => {
          times++;
          left.resolve();
        });
        responder.writeHead(200, head);
        responder.write('x');
      },
      async (client) => {
        await client.read();
        client.leave();
        await left.promise;
        expect(answer!.closed).toBe(true);
        expect(answer!.write('more')).toBe(true);
        answer!.end();
        expect(times).toBe(1);
      },
    );
  });

  it('does not tell of a client that got everything', async () => {
    let told = false;
    await withAnswer(
      (responder) => {
        responder.onClose(() => (told = true));
        responder.writeHead(200, head);
        responder.end('all');
      },
      async (client) => {
        expect(await readAll(client)).toBe('all');
        client.leave();
      },
    );
    expect(told).toBe(false);
  });
});
