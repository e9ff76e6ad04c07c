import { setImmediate as nextTurn } from 'node:timers/promises';
import { until } from '@leftfold/testing/postgres';
import { expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import { FaultSchedule } from './fault-schedule.ts';

const fault = (counted: string, inject: Fault['inject']): Fault => ({ counted, everyMs: [0, 1], inject });

test('faults are injected again and again, and those that happened are counted', async () => {
  let calls = 0;
  const schedule = new FaultSchedule(
    [
      fault('kills', () => Promise.resolve((calls += 1) <= 3)),
      fault('crashes', () => Promise.reject(new Error('the server is down'))),
    ],
    7,
  );
  await until(() => calls > 5);
  await schedule.stop();
  expect(String(schedule)).toBe('kills: 3, crashes: 0');
  expect(schedule.total).toBe(3);
});

test('stopping ends the pauses of faults, and waits for what they still have to do', async () => {
  let restored = false;
  let begun = false;
  const schedule = new FaultSchedule(
    [
      fault('stalls', async ({ pause }) => {
        begun = true;
        await pause(3_600_000);
        restored = true;
        return true;
      }),
    ],
    7,
  );
  await until(() => begun);
  await schedule.stop();
  expect(restored).toBe(true);
  expect(schedule.total).toBe(1);
});

test('any number of faults pauses at one time without a warning of a leak', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  let pausing = 0;
  const stalls = Array.from({ length: 20 }, (_, index) =>
    fault(`stalls ${index}`, ({ pause }) => {
      pausing += 1;
      return pause(3_600_000).then(() => true);
    }),
  );
  const schedule = new FaultSchedule(stalls, 7);
  await until(() => pausing === 20);
  await nextTurn();
  await schedule.stop();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
