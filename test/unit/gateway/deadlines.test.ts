// One ticker for all deadlines: each is called when it is due, whoever comes and goes meanwhile.
import { describe, expect, it } from 'vitest';
import { createDeadlines, Deadline } from '../../../src/gateway/deadlines.ts';
import { createManualClock } from '../../../src/lib/clock.ts';
import { createManualTimers } from '../../../src/lib/timers.ts';

class Probe extends Deadline {
  due: number;
  readonly fired: number[] = [];
  interrupted = 0;
  readonly #then: (probe: Probe) => void;

  constructor(due: number, then: (probe: Probe) => void = () => {}) {
    super();
    this.due = due;
    this.#then = then;
  }

  onDue(now: number): void {
    this.fired.push(now);
    this.due = Number.POSITIVE_INFINITY;
    this.#then(this);
  }

  onInterrupt(): void {
    this.interrupted++;
    this.#then(this);
  }
}

function setUp() {
  const clock = createManualClock();
  const timers = createManualTimers();
  const deadlines = createDeadlines(clock, timers, 100);
  const advance = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      clock.advance(100);
      timers.advance(100);
    }
  };
  return { deadlines, timers, advance };
}

describe('createDeadlines', () => {
  it('calls what is due, and nothing before', () => {
    const { deadlines, advance } = setUp();
    const [soon, late] = [new Probe(150), new Probe(1_000)];
    deadlines.watch(soon);
    deadlines.watch(late);
    advance(100);
    expect(soon.fired).toEqual([]);
    advance(100);
    expect(soon.fired).toEqual([200]);
    advance(800);
    expect(late.fired).toEqual([1_000]);
    expect(soon.fired).toEqual([200]);
  });

  it('ticks only while somebody waits', () => {
    const { deadlines, timers, advance } = setUp();
    expect(timers.pending).toBe(0);
    const probe = new Probe(1_000);
    deadlines.watch(probe);
    deadlines.watch(probe);
    expect(timers.pending).toBe(1);
    deadlines.release(probe);
    deadlines.release(probe);
    advance(100);
    expect(timers.pending).toBe(0);
    deadlines.watch(probe);
    advance(1_000);
    expect(probe.fired).toHaveLength(1);
  });

  it('survives those who leave, and who make others leave, when they are called', () => {
    const { deadlines, advance } = setUp();
    const probes: Probe[] = [];
    for (let i = 0; i < 10; i++) {
      probes.push(
        new Probe(100, (own) => {
          deadlines.release(own);
          if (i === 5) deadlines.release(probes[0]!);
        }),
      );
    }
    for (const probe of probes) deadlines.watch(probe);
    advance(100);
    // The one that was let go by another may have had its turn or not; all others had exactly one.
    expect(probes.slice(1).map(({ fired }) => fired.length)).toEqual(Array.from({ length: 9 }, () => 1));
    advance(1_000);
    expect(probes.every(({ fired, slot }) => fired.length <= 1 && slot === -1)).toBe(true);
  });

  it('tells all that wait when the gateway ends, each once, and those who left nothing', () => {
    const { deadlines, advance } = setUp();
    const probes = Array.from({ length: 5 }, () => new Probe(100, (own) => deadlines.release(own)));
    for (const probe of probes) deadlines.watch(probe);
    deadlines.release(probes[2]!);
    deadlines.interrupt();
    expect(probes.map(({ interrupted }) => interrupted)).toEqual([1, 1, 0, 1, 1]);
    advance(1_000);
    expect(probes.flatMap(({ fired }) => fired)).toEqual([]);
  });
});
