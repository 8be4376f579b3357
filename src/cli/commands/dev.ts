// `omniroute dev`: the same as start, with a banner and log lines for a person, wherever they go.
import { defineCommand } from '../command.ts';
import { serve, serveArgs } from '../serve.ts';

export default defineCommand({
  description: 'Serves the configuration like start, with logs for people',
  args: serveArgs,
  run: ({ config, listen, port, data, json }, terminal) =>
    serve({ config, flags: { listen, port, data }, json: json === true, pretty: true }, terminal),
});
