// The partner of most figures: what anybody would write first, a proxy of node:http with a keep-alive agent and pipes.
import { Agent, createServer, request as startRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { meter, serve } from '../process.ts';
import type { TargetStart } from '../scenario.ts';

serve({
  ...meter,
  async start({ upstream }: TargetStart) {
    const { hostname, port } = new URL(upstream);
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    const server = createServer((request, response) => {
      const { method, url: path, headers } = request;
      const call = startRequest({ agent, hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      call.on('error', () => response.destroy());
      response.on('close', () => call.destroy());
      request.pipe(call);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
  },
});
