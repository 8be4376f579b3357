// What would happen to a request, and what happened to one: the same words as `omniroute explain` and `omniroute why`.
import { hash } from 'node:crypto';
import type { H3, H3Event } from 'h3';
import { readTestData } from '../config/test-file.ts';
import { GatewayError } from '../errors.ts';
import { checkKey } from '../gateway/authenticate.ts';
import { isAdmitted } from '../routing/ip-filter.ts';
import { isObject, parseJson } from '../lib/json.ts';
import { createRandom } from '../lib/random.ts';
import { explain } from '../routing/explain.ts';
import { prepareWorld } from '../routing/test-runner.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { Slots } from '../routing/slots.ts';
import { checkDoor } from '../routing/testing/door.ts';
import { findUnknownNames } from '../routing/testing/given-names.ts';
import { createGivenSlots } from '../routing/testing/given.ts';
import { readTestFacts } from '../routing/testing/request.ts';
import { explainOwn, explainWhy, type Why } from '../routing/why.ts';
import type { Reader } from '../state/queries.ts';
import { framed, guarded, json, readBody, readCredential, type Frame } from './guarded.ts';

export interface ExplainParts extends Frame {
  readonly reader: Reader;
  /** The lanes of the gateway. */
  readonly slots: Pick<Slots, 'look'>;
  /** The rules of an earlier revision; undefined where they are gone. */
  findRevision(revision: string): Promise<Snapshot | undefined>;
}

export function addExplainRoutes(app: H3, parts: ExplainParts): void {
  app.post(
    '/api/routing/explain',
    guarded(parts, async (event) => json(200, explainRequest(parts, await readBody(event)))),
  );
  const all = guarded(parts, async (event) => json(200, await findWhy(parts, event)));
  const own = framed(parts, async (event, { address, credential }) => {
    const now = parts.clock.now();
    const { access } = parts.snapshot();
    if (!isAdmitted(address, access, parts.world, now))
      throw new GatewayError('address_not_allowed', 'This address is not served.');
    const key = findOwnKey(parts, credential)!;
    checkKey(key, now);
    const why = await findWhy(parts, event);
    // Whoever holds an inference key learns about its own requests, not even whether others exist.
    if (why.key !== key.id) throw unknownRequest();
    return json(200, explainOwn(why));
  });
  app.get('/api/requests/:id/why', (event) =>
    findOwnKey(parts, readCredential(event.req.headers)) ? own(event) : all(event),
  );
}

/** `{request, given?, at?}` in the words of a test; without `given` in the world as it is now. */
function explainRequest({ snapshot: current, world, clock, slots }: ExplainParts, text: string): unknown {
  const body = parseJson(text);
  if (!isObject(body)) throw new GatewayError('invalid_body', 'Send {"request": {"model": …}}.');
  const { request, given, at } = body;
  const moment = typeof at === 'string' ? { time: at } : {};
  const draft = { name: 'explain', request, expect: { status: 200 } };
  const { test, diagnostics } = readTestData({
    ...draft,
    ...(given === undefined && at === undefined
      ? {}
      : { given: { ...(isObject(given) ? given : {}), ...moment } }),
  });
  if (!test) throw new GatewayError('invalid_body', diagnostics.map(({ message }) => message).join('; '));
  const snapshot = current();
  const unknown = findUnknownNames(test.given, snapshot);
  if (unknown.length > 0) throw new GatewayError('invalid_body', `given: ${unknown.join('; ')}`);
  const facts = readTestFacts(test.request, snapshot);
  const now = test.given.time === undefined ? clock.now() : Date.parse(test.given.time);
  const prepared =
    given === undefined
      ? world
      : prepareWorld(
          { given: { ...test.given, time: new Date(now).toISOString() } },
          snapshot,
          facts,
          (key) => world.hasCredential(key),
        );
  const door = checkDoor(test.request, snapshot, prepared, now);
  const lanes = given === undefined ? slots : createGivenSlots(test.given, snapshot, now);
  const random = createRandom(test.given.seed);
  return explain({ snapshot, facts, world: prepared, now, random, door, slots: lanes });
}

async function findWhy(
  { reader, snapshot, world, clock, findRevision }: ExplainParts,
  event: H3Event,
): Promise<Why> {
  const requestId = event.context.params?.['id'] ?? '';
  const row = requestId.length > 100 ? null : await reader.query('request', { requestId });
  if (!row) throw unknownRequest();
  const current = snapshot();
  const served = row.revision === current.revision ? undefined : await findRevision(row.revision);
  return explainWhy({ row, snapshot: current, served, world, now: clock.now() });
}

function unknownRequest(): GatewayError {
  return new GatewayError('not_found', 'No request of this id is stored; rows are written within a moment.');
}

function findOwnKey({ snapshot }: ExplainParts, credential: string | undefined) {
  if (credential === undefined) return undefined;
  const key = snapshot().keys.get(hash('sha256', credential, 'hex'));
  return key && key.role !== 'admin' ? key : undefined;
}
