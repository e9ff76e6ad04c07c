import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { alarms, openRows, past, setNow } from './alarms.ts';
import { make, openBank, test } from './process-test.ts';
import { requestEvents } from './transfers.ts';

/** Sets a deadline in a minute; a version without deadlines sets none. */
function minute(version: number, hasDeadline = true) {
  return defineProcess({
    name: 'minute',
    version,
    events: [requestEvents],
    deadlines: hasDeadline ? ['over'] : [],
    starts: ['request.made'],
    correlate: { 'request.made': ({ streamId }) => aggregateIdOf(streamId) },
    initialState: {},
    evolve: {},
    react: {
      'request.made': (_state, _input, out) =>
        hasDeadline ? out.schedule('over', { afterMs: 60_000 }) : undefined,
      ...(hasDeadline && { deadline: () => undefined }),
    },
  });
}

describe('without a version that has deadlines', () => {
  const [one, two] = [minute(1), minute(2, false)];

  test('the deadlines that another release left are fired, and their rows go', async ({
    connectionString,
  }) => {
    await using old = await openBank(connectionString, [one]);
    const former = old.runner();
    await former.start();
    await old.execute(make('1'));
    await until(async () => (await openRows(old)).length === 1);
    await former.stop();
    await setNow(old);
    await using bank = old.beside([minute(1, false), two]);
    await bank.runner().start();
    await until(async () => (await bank.stream('minute-1')).includes('minute.received deadline'));
    await until(async () => (await openRows(bank)).length === 0);
  });

  test('those that another release sets meanwhile are fired too', async ({ connectionString }) => {
    await using old = await openBank(connectionString, [one]);
    await using bank = old.beside([two]);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('led'));
    await until(async () => (await runner.instances(two)).length === 1);
    const streamId = 'request-1';
    const input = {
      type: 'request.made',
      id: 'made',
      data: {},
      streamId,
      recordedAt: new Date(past).toJSON(),
    };
    await old.execute({ aggregate: 'minute', id: '1', name: 'record', input });
    await until(async () => (await openRows(bank)).length === 1);
    await setNow(bank);
    const failing = async () => (await runner.status())[0]!.failingDeadlines;
    await until(async () => (await failing()).count === 1);
    expect((await failing()).first).toMatchObject({
      id: '1',
      failure: expect.stringContaining('has version 1'),
    });
  });
});

test('values that a reader cannot hold are refused by the tables', async ({ connectionString }) => {
  const { process, set } = alarms();
  await using bank = await openBank(connectionString, [process]);
  const runner = bank.runner();
  await runner.start();
  await bank.execute(set('1', { first: 36_500 }));
  await until(async () => (await openRows(bank)).length === 1);
  const { pool, schema } = bank.store;
  for (const slices of [0, -1, 1])
    expect(
      (await pool.query(`select * from "${schema}"._due_deadlines('clock', 0, ${slices}, 10)`)).rows,
    ).toHaveLength(1);
  expect((await pool.query(`select * from "${schema}"._due_deadlines('clock', 0, 1, -1)`)).rows).toEqual([]);
  const opened = { id: '1', deadline: 'x', number: 5, recorded_at: '2026-01-01', after_ms: 0, metadata: {} };
  const odd = [
    { number: 0 },
    { number: 2 ** 53 },
    { metadata: [] },
    { recorded_at: 'infinity' },
    { at_ms: 8.64e15 + 1_000 },
  ];
  for (const one of odd) {
    const rows = JSON.stringify([{ ...opened, ...one }]);
    const called = pool.query(`select "${schema}"._record_processes('clock', '[]', '[]', $1)`, [rows]);
    await expect(called).rejects.toMatchObject({ code: '23514' });
  }
  const changed = { id: '1', status: 'running', stream_version: 9, recorded_at: '2026-01-01' };
  for (const one of [{ stream_version: 2 ** 53 }, { recorded_at: 'infinity' }]) {
    const rows = JSON.stringify([{ ...changed, ...one }]);
    const called = pool.query(`select "${schema}"._record_processes('clock', $1, '[]', '[]')`, [rows]);
    await expect(called).rejects.toMatchObject({ code: '23514' });
  }
  const [row] = (await pool.query<{ number: string }>(`select number from "${schema}".process_deadlines`))
    .rows;
  const one = { id: '1', deadline: 'first', number: Number(row!.number), retry_ms: 60_000 };
  for (const outcome of [{ outcome: 'failed', failure: 'x' }, { outcome: 'odd' }, {}])
    await pool.query(`select "${schema}"._settle_deadlines('clock', $1)`, [
      JSON.stringify([{ ...one, ...outcome }]),
    ]);
  expect((await runner.load(process, '1')).deadlines).toMatchObject([{ attempts: 1, failure: 'x' }]);
});
