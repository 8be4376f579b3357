// `omniroute sandbox`: the simulator of LLM providers behind a real listener, for trying out clients without a key.
import { parseListenAddress } from '../../lib/listen-address.ts';
import { listenSandbox } from '../../upstream/sandbox/listener.ts';
import { resolveScript, scripts } from '../../upstream/sandbox/script.ts';
import { createSandbox } from '../../upstream/sandbox/simulator.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';
import { untilStopped } from '../signals.ts';
import type { Terminal } from '../terminal.ts';

export default defineCommand({
  description: 'Serves a simulator of LLM providers: all five wire protocols, no model behind them',
  args: {
    listen: {
      type: 'string',
      valueHint: 'host:port',
      default: '127.0.0.1:20200',
      description: 'Where to listen',
    },
    faults: { type: 'boolean', description: 'Allow models that fail: errors, cut and stalled streams' },
    seed: {
      type: 'string',
      valueHint: 'number',
      default: '1',
      description: 'Goes into every id that is made up',
    },
    model: { type: 'string', valueHint: 'model', description: 'Answer unknown model names with this one' },
    journal: { type: 'boolean', description: 'Serve what was received at /-/journal' },
    list: { type: 'boolean', description: 'List the models and end' },
  },
  run: async (args, terminal) => {
    if (args.list) return listModels(terminal, args.json === true);
    const address = parseListenAddress(args.listen);
    if (!address) throw createUsageFailure(`--listen: "${args.listen}" is not host:port`);
    const seed = Number(args.seed);
    if (!Number.isInteger(seed) || seed < 0)
      throw createUsageFailure(`--seed: "${args.seed}" is not a number`);
    if (args.model !== undefined && 'unknown' in resolveScript(args.model)) {
      throw createUsageFailure(`--model: the simulator has no "${args.model}"`, 'omniroute sandbox --list');
    }
    const sandbox = createSandbox({
      seed,
      faults: args.faults === true,
      ...(args.model === undefined ? {} : { fallback: args.model }),
    });
    const listener = await listenSandbox(sandbox, { ...address, journal: args.journal === true });
    if (args.json) terminal.out(JSON.stringify({ url: listener.url, faults: args.faults === true }));
    else for (const line of renderBanner(listener.url, terminal)) terminal.err(line);
    await untilStopped();
    await listener.close();
    return exitCodes.ok.code;
  },
});

function listModels(terminal: Terminal, json: boolean) {
  const rows = Object.entries(scripts).map(([model, entry]) => ({
    model,
    fault: 'fault' in entry.script,
    meaning: entry.meaning,
  }));
  if (json) {
    terminal.out(JSON.stringify({ models: rows }, null, 2));
    return exitCodes.ok.code;
  }
  const width = Math.max(...rows.map(({ model }) => model.length));
  for (const { model, meaning, fault } of rows) {
    terminal.out(`${model.padEnd(width)}  ${meaning}${fault ? ' [--faults]' : ''}`);
  }
  return exitCodes.ok.code;
}

function renderBanner(url: string, terminal: Terminal): readonly string[] {
  return [
    `${terminal.paint('bold', 'simulator')} on ${terminal.paint('cyan', url)}: answers are made up, no model is behind them`,
    '',
    `  curl ${url}/v1/chat/completions -d '{"model":"echo","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    terminal.paint('dim', '  omniroute sandbox --list names the models; Ctrl-C ends it'),
  ];
}
