import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSlots, type Ceiling, type Slot, type Waiting } from '../../../src/routing/slots.ts';
import { createManualClock } from '../../../src/lib/clock.ts';
import { createManualTimers } from '../../../src/lib/timers.ts';

function setUp() {
  const clock = createManualClock();
  const timers = createManualTimers();
  return {
    slots: createSlots(clock, timers),
    timers,
    now: () => clock.monotonic(),
    /** In steps of a millisecond, so that timers see the time at which they fire. */
    advance: (milliseconds: number) => {
      for (let i = 0; i < milliseconds; i++) {
        clock.advance(1);
        timers.advance(1);
      }
    },
  };
}

const isPending = async (waiting: Waiting): Promise<boolean> =>
  (await Promise.race([waiting.slot, Promise.resolve('pending')])) === 'pending';

describe('a lane', () => {
  it('gives as many places as there are, then none, and the next one when one comes back', () => {
    const { slots } = setUp();
    const two: Ceiling = { concurrent: 2 };
    const held = slots.take('a', two);
    expect(slots.take('a', two)).toBeDefined();
    expect(slots.take('a', two)).toBeUndefined();
    expect(slots.take('b', two)).toBeDefined();
    held!.release();
    held!.release();
    expect(slots.running('a')).toBe(1);
    expect(slots.take('a', two)).toBeDefined();
    expect(slots.take('a', two)).toBeUndefined();
  });

  it('serves the queue in order, and nobody overtakes it', async () => {
    const { slots } = setUp();
    const one: Ceiling = { concurrent: 1 };
    const held = slots.take('a', one)!;
    const first = slots.wait('a', one, 1_000);
    const second = slots.wait('a', one, 1_000);
    held.release();
    const slot = (await first.slot)!;
    expect(slots.take('a', one)).toBeUndefined();
    expect(await isPending(second)).toBe(true);
    slot.release();
    expect(await second.slot).toBeDefined();
  });

  it('lets go of whoever leaves or has waited too long, and gives their turn to the next', async () => {
    const { slots, advance, timers } = setUp();
    const one: Ceiling = { concurrent: 1 };
    const held = slots.take('a', one)!;
    const gone = slots.wait('a', one, 1_000);
    const late = slots.wait('a', one, 50);
    const next = slots.wait('a', one, 1_000);
    gone.leave();
    gone.leave();
    expect(await gone.slot).toBeUndefined();
    advance(51);
    expect(await late.slot).toBeUndefined();
    held.release();
    const slot = (await next.slot)!;
    next.leave();
    expect(slots.running('a')).toBe(1);
    slot.release();
    expect(slots.running('a')).toBe(0);
    expect(timers.pending).toBe(0);
  });

  it('has a bounded queue', async () => {
    const { slots } = setUp();
    const one: Ceiling = { concurrent: 1 };
    slots.take('a', one);
    const waiting = Array.from({ length: 1_000 }, () => slots.wait('a', one, 1_000));
    expect(await slots.wait('a', one, 1_000).slot).toBeUndefined();
    expect(slots.waiting('a')).toBe(1_000);
    for (const { leave } of waiting) leave();
    expect(slots.waiting('a')).toBe(0);
  });

  it('keeps calls apart', async () => {
    const { slots, advance } = setUp();
    const paced: Ceiling = { spacing: 20 };
    expect(slots.take('a', paced)).toBeDefined();
    expect(slots.take('a', paced)).toBeUndefined();
    const waiting = slots.wait('a', paced, 1_000);
    advance(19);
    expect(await isPending(waiting)).toBe(true);
    advance(1);
    expect(await waiting.slot).toBeDefined();
    expect(slots.take('a', paced)).toBeUndefined();
  });

  it('takes the numbers of the newest configuration', () => {
    const { slots } = setUp();
    slots.take('a', { concurrent: 1 });
    expect(slots.take('a', { concurrent: 1 })).toBeUndefined();
    expect(slots.take('a', { concurrent: 2 })).toBeDefined();
  });

  it('never breaks a ceiling, loses no waiter, and keeps their order, whatever happens', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('wait' as const), timeout: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ do: fc.constant('leave' as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant('release' as const), which: fc.nat(30) }),
      fc.record({ do: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 25 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          concurrent: fc.integer({ min: 1, max: 4 }),
          spacing: fc.integer({ min: 0, max: 8 }),
          rate: fc.record({ count: fc.integer({ min: 1, max: 5 }), per: fc.integer({ min: 1, max: 100 }) }),
        }),
        fc.array(step, { maxLength: 60 }),
        async (ceiling, steps) => {
          const { slots, advance, now, timers } = setUp();
          const waitings: Waiting[] = [];
          const held: Slot[] = [];
          const served: number[] = [];
          const starts: number[] = [];
          let settled = 0;
          for (const action of steps) {
            if (action.do === 'wait') {
              const index = waitings.length;
              const waiting = slots.wait('a', ceiling, action.timeout);
              waitings.push(waiting);
              void waiting.slot.then((slot) => {
                settled++;
                if (!slot) return;
                held.push(slot);
                served.push(index);
                starts.push(now());
              });
            } else if (action.do === 'leave') waitings[action.which]?.leave();
            else if (action.do === 'release') held[action.which]?.release();
            else {
              for (let i = 0; i < action.time; i++) {
                advance(1);
                await Promise.resolve();
                await Promise.resolve();
              }
            }
            await Promise.resolve();
            await Promise.resolve();
            expect(slots.running('a')).toBeLessThanOrEqual(ceiling.concurrent);
          }
          for (let i = 0; i < 100 && settled < waitings.length; i++) {
            for (const slot of held) slot.release();
            await Promise.resolve();
            await Promise.resolve();
            advance(1);
            await Promise.resolve();
            await Promise.resolve();
          }
          expect(settled).toBe(waitings.length);
          expect(served).toEqual(served.toSorted((a, b) => a - b));
          for (let i = 1; i < starts.length; i++)
            expect(starts[i]! - starts[i - 1]!).toBeGreaterThanOrEqual(ceiling.spacing);
          for (const from of starts) {
            const inside = starts.filter((at) => at >= from && at < from + ceiling.rate.per).length;
            expect(inside).toBeLessThanOrEqual(ceiling.rate.count);
          }
          for (const slot of held) slot.release();
          expect(slots.running('a')).toBe(0);
          advance(1);
          expect(timers.pending).toBe(0);
        },
      ),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });
});
