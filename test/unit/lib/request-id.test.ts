import { describe, expect, it } from 'vitest';
import { createRequestId } from '../../../src/lib/request-id.ts';

describe('request ids', () => {
  const now = Date.UTC(2026, 0, 1);

  it('are UUIDs of version 7', () => {
    for (const at of [0, now, now + 0.5, 2 ** 48 - 1]) {
      expect(createRequestId(at)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
    expect(createRequestId(now).replaceAll('-', '').slice(0, 12)).toBe(now.toString(16).padStart(12, '0'));
  });

  it('differ within a millisecond', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => createRequestId(now)));
    expect(ids.size).toBe(10_000);
  });

  it('sort by time', () => {
    const ids = [0, 1, 255, 256, 65_536, now, now + 1].map((at) => createRequestId(at));
    expect(ids.toSorted()).toEqual(ids);
  });
});
