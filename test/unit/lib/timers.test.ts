import { afterEach, expect, it, vi } from 'vitest';
import { systemTimers } from '../../../src/lib/timers.ts';

afterEach(() => vi.useRealTimers());

it('waits where Node would take a wait of more than 24.8 days for none', () => {
  vi.useFakeTimers();
  const run = vi.fn();
  const cancel = systemTimers.after(99_999_999 * 3_600_000, run);
  vi.advanceTimersByTime(86_400_000);
  expect(run).not.toHaveBeenCalled();
  cancel();
  expect(vi.getTimerCount()).toBe(0);
});
