// `omniroute start`: serves the configuration.
import { defineCommand } from '../command.ts';
import { serve, serveArgs } from '../serve.ts';

export default defineCommand({
  description:
    'Serves the configuration until SIGTERM or SIGINT; SIGHUP and every change of its files reload it',
  args: serveArgs,
  run: ({ config, listen, port, data, json }, terminal) =>
    serve({ config, flags: { listen, port, data }, json: json === true, pretty: false }, terminal),
});
