// `omniroute explain`: where a request would go and why, from the files alone; no token is spent.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTestFile } from '../../config/test-file.ts';
import { findNearest } from '../../lib/nearest.ts';
import { createRandom } from '../../lib/random.ts';
import { operations, protocolNames } from '../../protocols/capabilities.ts';
import { explain } from '../../routing/explain.ts';
import type { Facts, Principal } from '../../routing/facts.ts';
import { anonymous, createPrincipal } from '../../routing/principal.ts';
import { renderExplanation } from '../../routing/render-explanation.ts';
import type { SecretReference, Snapshot } from '../../routing/snapshot.ts';
import { prepareWorld } from '../../routing/test-runner.ts';
import { checkDoor } from '../../routing/testing/door.ts';
import { findUnknownNames } from '../../routing/testing/given-names.ts';
import { createGivenSlots, readTime, sessionOf, type Given } from '../../routing/testing/given.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { createUsageFailure } from '../failure.ts';
import { readConfig, reportConfig } from '../read-config.ts';
import type { Terminal } from '../terminal.ts';

export default defineCommand({
  description: 'Tells where a request would go and why, with the line of every rule; sends nothing',
  args: {
    model: {
      type: 'string',
      required: true,
      valueHint: 'name',
      description: 'The model as a client writes it',
    },
    key: {
      type: 'string',
      valueHint: 'id',
      description: 'Id of the client key; without it a caller without a key',
    },
    protocol: {
      type: 'enum',
      options: [...protocolNames],
      default: 'openai-chat',
      description: 'The protocol that the client speaks',
    },
    operation: {
      type: 'enum',
      options: [...operations],
      default: 'chat',
      description: 'What the client asks for',
    },
    tokens: { type: 'string', valueHint: 'count', description: 'Tokens of the prompt, for rules and costs' },
    output: { type: 'string', valueHint: 'count', description: 'Most tokens of the answer, for costs' },
    seed: { type: 'string', valueHint: 'number', default: '1', description: 'Decides what strategies draw' },
    ready: {
      type: 'boolean',
      description: 'Take every secret for granted, whether this machine has it or not',
    },
    address: {
      type: 'string',
      valueHint: 'address',
      default: '127.0.0.1',
      description: 'Where the client is, for the IP filter and for rules',
    },
    session: { type: 'string', valueHint: 'name', description: 'The conversation that it belongs to' },
    given: {
      type: 'string',
      valueHint: 'world',
      description: 'The state of the world as in a test, or a file with it: "{ breakers: { openai: open } }"',
    },
    at: { type: 'string', valueHint: 'time', description: 'The moment: 2027-01-01T00:00:00Z; else now' },
    config: { type: 'string', valueHint: 'file', description: 'The configuration; else it is searched for' },
  },
  run: async (args, terminal) => {
    const read = await readConfig(args.config, terminal);
    if (!read.snapshot) return reportConfig(read, terminal, args.json === true);
    const { snapshot, loaded } = read;
    const given = await readGiven(args.given, terminal);
    const unknown = findUnknownNames(given, snapshot);
    if (unknown.length > 0) throw createUsageFailure(`--given: ${unknown.join('; ')}`);
    const now = args.at === undefined && given.time === undefined ? Date.now() : readMoment(args.at, given);
    const facts: Facts = {
      model: args.model,
      protocol: args.protocol,
      operation: args.operation,
      stream: false,
      principal: findPrincipal(args.key, snapshot),
      address: args.address,
      bodyBytes: 0,
      ...readCount('tokens', args.tokens, 'inputTokens'),
      ...readCount('output', args.output, 'maxOutputTokens'),
      ...(args.session !== undefined && { session: sessionOf(args.session) }),
    };
    const seed = readNumber('seed', args.seed);
    const world = prepareWorld(
      { given: { ...given, seed, time: new Date(now).toISOString() } },
      snapshot,
      facts,
      (key) => args.ready === true || hasSecret(key, snapshot, loaded.folder, terminal),
    );
    const door = checkDoor({ key: args.key, address: args.address }, snapshot, world, now);
    const slots = createGivenSlots(given, snapshot, now);
    const explanation = explain({ snapshot, facts, world, now, random: createRandom(seed), door, slots });
    if (door?.code === 'missing_api_key') terminal.err('name a key with --key ID to go through the door');
    terminal.out(args.json ? JSON.stringify(explanation, null, 2) : renderExplanation(explanation));
    return explanation.outcome.kind === 'route' ? exitCodes.ok.code : exitCodes.negative.code;
  },
});

// The words of a test, read and checked as the world of one.
async function readGiven(text: string | undefined, terminal: Terminal): Promise<Given> {
  const path = text === undefined || /^\s*\{/.test(text) ? undefined : resolve(terminal.folder, text);
  if (path !== undefined && !existsSync(path))
    throw createUsageFailure(`--given: "${text}" is neither a map nor a file`);
  const world = path === undefined ? (text ?? '{}') : await readFile(path, 'utf8');
  const block = path === undefined ? ` ${world}` : `\n${world.replaceAll(/^/gm, '      ')}`;
  const lines = ['version: 1', 'tests:', '  - name: given', '    request: { model: any }'];
  const source = [...lines, '    expect: { status: 200 }', `    given:${block}`].join('\n');
  const { tests, diagnostics } = readTestFile('--given', source, terminal.environment);
  const [test] = tests;
  if (test) return test.given;
  throw createUsageFailure(`--given: ${diagnostics.map(({ message }) => message).join('; ')}`);
}

function readMoment(at: string | undefined, given: Given): number {
  if (at === undefined) return readTime(given);
  const now = Date.parse(at);
  if (Number.isNaN(now)) throw createUsageFailure(`--at: "${at}" is no time such as 2027-01-01T00:00:00Z`);
  return now;
}

function findPrincipal(id: string | undefined, { keys }: Snapshot): Principal {
  if (id === undefined) return anonymous;
  const key = keys.values().find((known) => known.id === id);
  if (key) return createPrincipal(key);
  const nearest = findNearest(
    id,
    keys.values().map((known) => known.id),
  );
  throw createUsageFailure(
    `--key: there is no key "${id}"`,
    nearest === undefined ? undefined : `did you mean "${nearest}"?`,
  );
}

// Only whether it is there: this command needs no secret and reads none.
function hasSecret(
  connection: string,
  snapshot: Snapshot | undefined,
  folder: string,
  { environment }: Terminal,
): boolean {
  const [provider = '', id] = connection.split('@');
  const known = snapshot?.providers.get(provider)?.connections.find((one) => one.id === id);
  return known?.credential === undefined || isThere(known.credential, folder, environment);
}

function isThere(
  { source, name, fallback }: SecretReference,
  folder: string,
  environment: Terminal['environment'],
): boolean {
  if (source === 'env') return fallback !== undefined || Boolean(environment[name]);
  // The store of secrets belongs to a running gateway; here it is taken for granted.
  return source === 'secret' || existsSync(resolve(folder, name));
}

function readCount<Fact extends string>(
  flag: string,
  text: string | undefined,
  fact: Fact,
): { readonly [key in Fact]?: number } {
  return text === undefined
    ? {}
    : ({ [fact]: readNumber(flag, text) } as { readonly [key in Fact]?: number });
}

function readNumber(flag: string, text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw createUsageFailure(`--${flag}: "${text}" is no whole number`);
  return number;
}
