import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { type Bank, make, openBank, test } from './process-test.ts';
import { request, requestEvents } from './transfers.ts';

/** Ends with the second reminder. */
const reminded = (version: number, by = `v${version}`) =>
  defineProcess({
    name: 'reminded',
    version,
    events: [requestEvents],
    retry: { attempts: 2, firstDelayMs: 5 },
    starts: ['request.made'],
    correlate: {
      'request.made': ({ streamId }) => aggregateIdOf(streamId),
      'request.reminded': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: { reminders: 0, by },
    evolve: { 'request.reminded': (state) => ({ ...state, reminders: state.reminders + 1 }) },
    react: {
      'request.reminded': ({ reminders }, _input, out) => (reminders === 2 ? out.complete() : undefined),
    },
  });

const remind = (id: string) => request.command.remind(id, {});
const lengthOf = (bank: Bank, id: string, length: number) =>
  until(async () => (await bank.stream(`reminded-${id}`)).length === length);

/** A log on which the first version has begun and ended instances. */
async function afterFirst(connectionString: string, ids: { readonly ended: string; readonly open: string }) {
  const bank = await openBank(connectionString, [reminded(1)]);
  const runner = bank.runner();
  await runner.start();
  for (const id of [ids.ended, ids.open]) await bank.execute(make(id));
  for (const id of [ids.ended, ids.open, ids.ended]) await bank.execute(remind(id));
  await runner.whenEnded(reminded(1), ids.ended);
  await lengthOf(bank, ids.open, 3);
  await runner.whenCaughtUp(reminded(1));
  await runner.stop();
  return bank;
}

const ids = { ended: 'ended', open: 'open' };

describe('without the first version of a process', () => {
  test('instances that have ended, or were moved, need it no more', async ({ connectionString }) => {
    guarantee('instances-keep-their-version');
    await using old = await afterFirst(connectionString, ids);
    await using both = old.beside([reminded(1), reminded(2)]);
    const mover = both.runner();
    await mover.start();
    await mover.move(reminded(2), 'open', { reason: 'version 2 is there' });
    await mover.whenCaughtUp(reminded(2));
    await mover.stop();
    await using bank = old.beside([reminded(2)]);
    const incidents: unknown[] = [];
    const runner = bank.runner({ onIncident: ({ error }) => incidents.push(error) });
    await runner.start();
    for (const id of ['ended', 'open']) await bank.execute(remind(id));
    await bank.execute(make('new'));
    await lengthOf(bank, 'new', 2);
    expect(await runner.whenEnded(reminded(2), 'open')).toMatchObject({ status: 'completed', version: 2 });
    expect(await runner.load(reminded(2), 'ended')).toMatchObject({ status: 'completed', version: 1 });
    expect(incidents).toEqual([]);
  });

  test('open instances of it are told, and can be cancelled', async ({ connectionString }) => {
    await using old = await afterFirst(connectionString, ids);
    await using bank = old.beside([reminded(2)]);
    const incidents: { readonly error: unknown; readonly stopped: boolean }[] = [];
    const runner = bank.runner({ onIncident: (incident) => incidents.push(incident) });
    await runner.start();
    expect(incidents).toMatchObject([
      { error: { code: 'PROCESS_VERSION_MISSING', version: 1, given: [2] }, stopped: false },
    ]);
    await expect(runner.load(reminded(2), 'open')).rejects.toMatchObject({ code: 'PROCESS_VERSION_MISSING' });
    await expect(runner.move(reminded(2), 'open', { reason: 'no' })).rejects.toMatchObject({
      code: 'PROCESS_VERSION_MISSING',
    });
    await runner.cancel(reminded(2), 'open', { reason: 'version 1 is gone' });
    expect(await runner.whenEnded(reminded(2), 'open')).toMatchObject({ status: 'cancelled' });
  });
});

test('a version that was changed under open instances is told', async ({ connectionString }) => {
  await using old = await afterFirst(connectionString, ids);
  await using bank = old.beside([reminded(1, 'another')]);
  const incidents: unknown[] = [];
  const runner = bank.runner({ onIncident: ({ error }) => incidents.push(error) });
  await runner.start();
  expect(incidents).toMatchObject([{ code: 'PROCESS_DEFINITION_CHANGED', version: 1, count: 1 }]);
  await using same = old.beside([reminded(1)]);
  const silent: unknown[] = [];
  await same.runner({ onIncident: ({ error }) => silent.push(error) }).start();
  expect(silent).toEqual([]);
});

test('a process whose newer version goes on elsewhere is outdated, and says so', async ({
  connectionString,
}) => {
  await using old = await openBank(connectionString, [reminded(1)]);
  const incidents: unknown[] = [];
  const former = old.runner({ leaseMs: 1_000, onIncident: ({ error }) => incidents.push(error) });
  await former.start();
  await using fresh = old.beside([reminded(1), reminded(2)]);
  await fresh.runner().start();
  await until(async () => (await former.status())[0]?.state === 'outdated');
  await until(() => incidents.length > 0);
  expect(incidents).toMatchObject([{ code: 'RELEASE_OUTDATED' }]);
  expect(String(incidents[0])).toContain('version 2 goes on where it was');
});
