import type { RecordedEvent } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { ParkingLedger } from './parking-ledger.ts';

const eventAt = (position: number): RecordedEvent => ({
  id: `${position}`,
  type: 'counter.added',
  schemaVersion: 1,
  data: {},
  metadata: {},
  tags: [],
  streamId: 'counter-a',
  streamVersion: position,
  position,
  recordedAt: new Date(0),
});

describe('a page with events of parked keys', () => {
  test('is divided in a time that grows with its keys, not with their square', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);
    const ledger = new ParkingLedger(() => keys, keys);
    const began = process.cpuUsage();
    const { events } = ledger.divide({ from: 0, to: 1, events: [eventAt(1)] });
    // Each key compared with each other one takes 10,000,000,000 steps.
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(2_000);
    expect(events).toEqual([]);
    expect(ledger.changeOf(0, 1)?.parked).toHaveLength(keys.length);
  });

  test('sets an event that is read as several aside once for each key', () => {
    const ledger = new ParkingLedger(() => ['a', 'b'], ['a', 'b']);
    ledger.divide({ from: 0, to: 2, events: [eventAt(1), eventAt(1), eventAt(2)] });
    expect(ledger.changeOf(0, 2)?.parked).toEqual([
      { key: 'a', position: 1 },
      { key: 'b', position: 1 },
      { key: 'a', position: 2 },
      { key: 'b', position: 2 },
    ]);
  });
});
