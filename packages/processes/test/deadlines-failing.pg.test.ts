import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { alarms, DAY_MS, holding, openRows, past, setNow } from './alarms.ts';
import { openBank, test } from './process-test.ts';

describe('a deadline whose command hangs', () => {
  test('holds up no other, and is not fired beside itself', async ({ connectionString }) => {
    guarantee('deadlines-apart');
    const { process, set } = alarms();
    await using bank = await openBank(connectionString, [process]);
    const { execute, gate, count } = holding(bank, ['held']);
    const runner = bank.runner({ execute });
    await runner.start();
    await bank.execute(set('held', { first: 0 }));
    await gate.reached();
    for (const id of ['one', 'two', 'three']) {
      await bank.execute(set(id, { first: 0 }));
      await until(() => count(id) === 1);
    }
    expect(count('held')).toBe(1);
    gate.open();
    await until(async () => (await runner.load(process, 'held')).state.log.length === 1);
    await until(async () => (await openRows(bank)).length === 0);
    expect(count('held')).toBe(1);
  });

  test('is told after timeoutMs, and is fired again: it happens once', async ({ connectionString }) => {
    guarantee('deadlines-apart');
    const { process, set } = alarms({ timeoutMs: 100, firstDelayMs: 10 });
    await using bank = await openBank(connectionString, [process]);
    const { execute, gate, count } = holding(bank, ['held'], { hears: false });
    const incidents: unknown[] = [];
    const runner = bank.runner({ execute, onIncident: ({ error }) => incidents.push(error) });
    await runner.start();
    await bank.execute(set('held', { first: 0 }));
    await until(() => incidents.length > 0);
    expect(incidents[0]).toMatchObject({ message: 'the handler took longer than timeoutMs (100)' });
    await until(() => count('held') === 2);
    await until(async () => (await openRows(bank)).length === 0);
    gate.open();
    await bank.execute(set('after', { first: 0 }));
    await until(
      async () => (await runner.load(process, 'after').catch(() => undefined))?.state.log.length === 1,
    );
    expect((await runner.load(process, 'held')).state.log).toEqual(['first']);
  });

  test('has a place beside a hundred at most: another one waits for an end', async ({ connectionString }) => {
    const { process, set } = alarms();
    await using bank = await openBank(connectionString, [process]);
    const ids = Array.from({ length: 100 }, (_, index) => `held-${index}`);
    const { execute, gate, fired } = holding(bank, ['late', ...ids]);
    const runner = bank.runner({ execute });
    await runner.start();
    await bank.execute(set('late', { first: 1 }));
    await gate.reached();
    // All at one time, and before the one that is being fired.
    await bank.store.pool.query(
      `insert into "${bank.store.schema}".process_deadlines (process, id, deadline, number, due_at, metadata, fire_at)
       select 'clock', id, 'first', 2, '2020-01-01', '{}', '2020-01-01' from unnest($1::text[]) as id`,
      [ids],
    );
    await until(() => fired.length > 1);
    expect(fired).toHaveLength(100);
    gate.open();
    await until(async () => (await openRows(bank)).length === 0);
    expect(new Set(fired).size).toBe(101);
  });

  test('is left when its runner stops', async ({ connectionString }) => {
    const { process, set } = alarms();
    await using bank = await openBank(connectionString, [process]);
    const { execute, gate } = holding(bank, ['held'], { hears: false });
    const runner = bank.runner({ execute, stopTimeoutMs: 60_000 });
    await runner.start();
    await bank.execute(set('held', { first: 0 }));
    await gate.reached();
    await runner.stop();
    const other = bank.runner();
    await other.start();
    await until(async () => (await other.load(process, 'held')).state.log.length === 1);
    gate.open();
  });
});

describe('deadlines of one instance', () => {
  test('are fired in the order of their due times, one after another', async ({ connectionString }) => {
    guarantee('deadlines-in-order');
    const { process, set } = alarms();
    await using bank = await openBank(connectionString, [process]);
    const { execute, gate, count } = holding(bank, ['held']);
    const runner = bank.runner({ execute });
    await runner.start();
    // Of two that are due at one time, the name decides.
    await bank.execute(set('held', { second: 7, third: 3, first: 7 }));
    await gate.reached();
    await bank.execute(set('other', { first: 0 }));
    await until(() => count('other') === 1);
    expect(count('held')).toBe(1);
    gate.open();
    await until(async () => (await runner.load(process, 'held')).state.log.length === 3);
    expect((await runner.load(process, 'held')).state.log).toEqual(['third', 'first', 'second']);
  });

  test('wait while an earlier one fails, which is in the status', async ({ connectionString }) => {
    guarantee('deadlines-in-order');
    const { process, set, broken } = alarms();
    await using bank = await openBank(connectionString, [process]);
    const runner = bank.runner();
    const failing = async () => (await runner.status())[0]!.failingDeadlines;
    await runner.start();
    broken.add('x');
    await bank.execute(set('x', { first: 0, second: 1 }));
    await until(async () => (await failing()).count === 1);
    await bank.execute(set('other', { first: 2 }));
    await until(async () => (await runner.load(process, 'other')).state.log.length === 1);
    expect(await failing()).toEqual({
      count: 1,
      first: { id: 'x', deadline: 'first', dueAt: new Date(past), attempts: 1, failure: 'no bell for first' },
    });
    expect(await runner.load(process, 'x')).toMatchObject({
      state: { log: [] },
      deadlines: [
        { name: 'first', dueAt: new Date(past), attempts: 1, failure: 'no bell for first' },
        { name: 'second', dueAt: new Date(past + DAY_MS), attempts: 0, failure: undefined },
      ],
    });
    broken.clear();
    await setNow(bank);
    await until(async () => (await runner.load(process, 'x')).state.log.length === 2);
    expect((await runner.load(process, 'x')).state.log).toEqual(['first', 'second']);
    await until(async () => (await failing()).count === 0);
    expect((await failing()).first).toBeUndefined();
  });
});

test('a deadline that fails is told after retry.attempts, once, and is tried again', async ({
  connectionString,
}) => {
  const { process, set, broken } = alarms({ firstDelayMs: 5 });
  await using bank = await openBank(connectionString, [process]);
  const incidents: { readonly code?: string; readonly message?: string }[] = [];
  const runner = bank.runner({ onIncident: ({ error }) => incidents.push(error as object) });
  await runner.start();
  broken.add('x');
  await bank.execute(set('x', { first: 0 }));
  await until(() => incidents.length >= 5);
  broken.clear();
  await until(async () => (await runner.load(process, 'x')).state.log.length === 1);
  const told = incidents.map((one, index) => ({ one, index })).filter(({ one }) => one.code !== undefined);
  expect(told).toMatchObject([
    {
      index: 2,
      one: {
        code: 'PROCESS_DEADLINE_FAILED',
        process: 'clock',
        instanceId: 'x',
        deadline: 'first',
        attempts: 2,
      },
    },
  ]);
  expect(told[0]!.one.message).toMatch(
    /^deadline "first" of instance "x" of process "clock" has failed 2 times: no bell for first.*; it is tried again at growing intervals/,
  );
});
