import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { paymentWithin } from './orders.ts';
import { type Bank, make, openBank, test } from './process-test.ts';
import { account, request, requestEvents, transfer } from './transfers.ts';

const payment = paymentWithin();
const paid = (id: string, cents: number) => payment.message('payments.paid', id, { cents });
const noted = (id: string, text: string) => payment.message('payments.noted', id, { text });
const reason = 'asked by Ada';

async function started(bank: Bank) {
  const runner = bank.runner();
  await runner.start();
  await bank.execute(make('1'));
  await until(async () => (await runner.instances({ name: 'payment' })).length === 1);
  return runner;
}

describe('an instance that is paused', () => {
  test('keeps its inputs, and takes them in order when it is resumed', async ({ connectionString }) => {
    guarantee('paused-instances-lose-nothing');
    await using bank = await openBank(connectionString, [payment]);
    const runner = await started(bank);
    await runner.pauseInstance(payment, '1', { reason });
    await bank.execute(noted('1', 'one'));
    await bank.execute(paid('1', 300));
    await bank.execute(noted('1', 'after the end'));
    await until(async () => (await runner.instances(payment, { status: 'paused' })).length === 1);
    expect(await runner.load(payment, '1')).toMatchObject({
      status: 'paused',
      deferred: 3,
      state: { log: ['made'] },
    });
    await runner.resumeInstance(payment, '1', { reason });
    expect(await runner.whenEnded(payment, '1')).toMatchObject({ status: 'completed' });
    expect(await runner.load(payment, '1')).toMatchObject({
      deferred: 0,
      deadlines: [],
      state: { log: ['made', 'one', 'paid 300'] },
    });
  });

  test('does what a deadline wants that came meanwhile, unless it was cancelled', async ({
    connectionString,
  }) => {
    guarantee('paused-instances-lose-nothing');
    await using bank = await openBank(connectionString, [payment]);
    const runner = bank.runner();
    await runner.start();
    for (const id of ['cancelled', 'over']) {
      await bank.execute(make(id));
      await until(async () => (await bank.stream(`payment-${id}`)).length === 2);
      await runner.pauseInstance(payment, id, { reason });
    }
    await bank.execute(noted('cancelled', 'never'));
    await until(async () => (await runner.instances(payment, { status: 'paused' })).length === 2);
    await bank.store.pool.query(`update "${bank.store.schema}".process_deadlines set fire_at = now()`);
    for (const id of ['cancelled', 'over'])
      await until(async () => (await bank.stream(`payment-${id}`)).includes('payment.received deadline'));
    for (const id of ['cancelled', 'over']) await runner.resumeInstance(payment, id, { reason });
    await until(async () => (await runner.load(payment, 'over')).state.log.includes('accepted reminder'));
    expect((await runner.load(payment, 'cancelled')).state.log).toEqual(['made', 'never']);
  });
});

describe('an operator', () => {
  test('cancels an instance: its process may say how it ends', async ({ bank, connectionString }) => {
    await using payments = await openBank(connectionString, [payment]);
    const runner = await started(payments);
    await runner.cancel(payment, '1', { reason, metadata: { actor: 'ada' } });
    expect(await runner.whenEnded(payment, '1')).toMatchObject({
      status: 'failed',
      failure: `cancelled: ${reason}`,
    });
    const transfers = bank.runner();
    await bank.execute({ aggregate: 'transfer', id: 't', name: 'record', input: madeInput });
    await transfers.start();
    await transfers.cancel(transfer, 't', { reason });
    expect(await transfers.load(transfer, 't')).toMatchObject({ status: 'cancelled', failure: reason });
  });

  test('retries a failed instance: its rejected command happens, with another id', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('t', 5_000));
    expect(await runner.whenEnded(transfer, 't')).toMatchObject({ failure: 'insufficient-funds' });
    await bank.execute(account.command.deposit('a', { transferId: 'none', cents: 9_000 }));
    await runner.retry(transfer, 't', { reason });
    // Not the end before the retry, though the runner may not have recorded the retry yet.
    expect(await runner.whenEnded(transfer, 't')).toMatchObject({ status: 'completed' });
    expect([await bank.balance('a'), await bank.balance('b')]).toEqual([5_000, 5_000]);
    expect(await runner.instances(transfer, { status: 'completed' })).toHaveLength(1);
  });

  test('is refused what the state of an instance does not allow', async ({ connectionString }) => {
    await using bank = await openBank(connectionString, [payment]);
    const runner = await started(bank);
    const refused = { code: 'PROCESS_OPERATION_REFUSED', process: 'payment', instanceId: '1' };
    const given = { reason };
    await expect(runner.resumeInstance(payment, '1', given)).rejects.toMatchObject(refused);
    await expect(runner.retry(payment, '1', given)).rejects.toMatchObject({ ...refused, operation: 'retry' });
    await expect(runner.move(payment, '1', given)).rejects.toMatchObject(refused);
    await runner.pauseInstance(payment, '1', given);
    await expect(runner.pauseInstance(payment, '1', given)).rejects.toMatchObject(refused);
    await expect(runner.cancel(payment, '1', given)).rejects.toMatchObject(refused);
    const fork = { reason, atVersion: 9, newId: '2' };
    await expect(runner.fork(payment, '1', fork)).rejects.toMatchObject(refused);
    await expect(runner.pauseInstance(payment, '2', given)).rejects.toMatchObject({
      code: 'PROCESS_INSTANCE_NOT_FOUND',
    });
    await expect(runner.cancel(payment, '1', {} as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  test('is refused wrong arguments before anything is read', async ({ bank }) => {
    const runner = bank.runner();
    const fork = (options: object) => runner.fork(transfer, 'no such instance', options as never);
    for (const options of [
      { newId: '2', reason },
      { newId: '2', reason, atVersion: 0 },
      { newId: '2', atVersion: 1 },
    ])
      await expect(fork(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const newId of [undefined, '', 'a\0b', 'a'.repeat(250)])
      await expect(fork({ newId, atVersion: 1, reason })).rejects.toMatchObject({ code: 'INVALID_NAME' });
    for (const after of ['a\0b', 'a'.repeat(256), '\ud800'])
      expect(() => runner.instances(transfer, { after })).toThrow(
        expect.objectContaining({ code: 'INVALID_NAME' }),
      );
    expect(await runner.instances(transfer, { after: '' })).toEqual([]);
  });

  test('finds a long failure cut in the list, and whole in the log', async ({ bank }) => {
    const runner = bank.runner();
    await bank.execute({ aggregate: 'transfer', id: 't', name: 'record', input: madeInput });
    await runner.start();
    const long = `${'x'.repeat(999)}😀 and so on`;
    await runner.cancel(transfer, 't', { reason: long });
    const { failure } = await runner.whenEnded(transfer, 't');
    expect(failure).toBe(`${'x'.repeat(999)}\ufffd`);
    expect((await runner.load(transfer, 't')).failure).toBe(long);
  });

  test('forks an instance: another one goes on from there', async ({ connectionString }) => {
    await using bank = await openBank(connectionString, [payment]);
    const runner = await started(bank);
    await bank.execute(paid('1', 100));
    await bank.execute(noted('1', 'soon'));
    await until(async () => (await runner.load(payment, '1')).state.log.includes('accepted reminder'));
    await bank.execute(paid('1', 200));
    expect(await runner.whenEnded(payment, '1')).toMatchObject({ status: 'completed' });
    await runner.fork(payment, '1', { atVersion: 4, newId: '1-again', reason });
    await until(async () => (await runner.load(payment, '1-again')).state.log.includes('accepted reminder'));
    const { state, status } = await runner.load(payment, '1-again');
    expect({ status, ...state }).toMatchObject({ status: 'running', paid: 100, cents: 300 });
    expect(state.log).toEqual(['made', 'paid 100', 'soon', 'reminder', 'accepted reminder']);
    const { state: reminders } = await bank.executor.load(request, 'reminders');
    expect(reminders).toMatchObject({ reminders: 2 });
    const ended = { atVersion: 7, newId: '3', reason };
    await expect(runner.fork(payment, '1', ended)).rejects.toThrow('had ended at version 7');
    const again = { atVersion: 4, newId: '1-again', reason };
    await expect(runner.fork(payment, '1', again)).rejects.toThrow('there is an instance with the new id');
  });
});

/** Counts what it has read. */
function counting<TVersion extends number>(version: TVersion) {
  return defineProcess({
    name: 'counting',
    version,
    events: [requestEvents],
    deadlines: version === 1 ? [] : ['second'],
    starts: ['request.made'],
    correlate: {
      'request.made': ({ streamId }) => aggregateIdOf(streamId),
      'request.reminded': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: { reminders: 0, by: [] as string[] },
    evolve: {
      'request.reminded': (state) => ({
        reminders: state.reminders + 1,
        by: [...state.by, `v${version}`],
      }),
    },
    react: {
      'request.reminded': (state, _input, out) =>
        state.reminders === 3 ? out.fail(`at v${version}`) : undefined,
      deadline: () => undefined,
    },
    migrate: (state, from) => ({ ...(state as { by: string[]; reminders: number }), by: [`from v${from}`] }),
  });
}

describe('several versions of a process', () => {
  const [one, two] = [counting(1), counting(2)];

  async function withFirst(connectionString: string) {
    const old = await openBank(connectionString, [one]);
    const runner = old.runner();
    await runner.start();
    await old.execute(make('old'));
    await old.execute(request.command.remind('old', {}));
    await until(async () => (await old.stream('counting-old')).length === 3);
    await runner.stop();
    return old;
  }

  test('run side by side: each instance has its own until it is moved', async ({ connectionString }) => {
    guarantee('instances-keep-their-version');
    await using old = await withFirst(connectionString);
    await using bank = old.beside([one, two]);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('new'));
    for (const id of ['old', 'new']) await bank.execute(request.command.remind(id, {}));
    await until(async () => (await bank.stream('counting-new')).length === 3);
    await until(async () => (await bank.stream('counting-old')).length === 4);
    expect((await runner.load(two, 'old')).state.by).toEqual(['v1', 'v1']);
    expect((await runner.load(two, 'new')).state.by).toEqual(['v2']);
    await runner.move(two, 'old', { reason });
    expect(await runner.load(two, 'old')).toMatchObject({
      version: 2,
      state: { reminders: 2, by: ['from v1'] },
    });
    await bank.execute(request.command.remind('old', {}));
    expect(await runner.whenEnded(two, 'old')).toMatchObject({ version: 2, failure: 'at v2' });
    expect(await runner.instances(two, { version: 2 })).toHaveLength(2);
    expect(await runner.instances(two, { version: 1 })).toHaveLength(0);
  });

  test('that are not all given: an error names the missing one', async ({ connectionString }) => {
    await using old = await withFirst(connectionString);
    await using bank = old.beside([two]);
    const runner = bank.runner();
    await runner.migrate();
    await expect(runner.load(two, 'old')).rejects.toMatchObject({
      code: 'PROCESS_VERSION_MISSING',
      version: 1,
      given: [2],
    });
    const incidents: unknown[] = [];
    const parking = bank.runner({ onIncident: ({ error }) => incidents.push(error) });
    await parking.start();
    await bank.execute(request.command.remind('old', {}));
    await until(() => incidents.length > 0);
    expect(incidents[0]).toMatchObject({ code: 'PROCESS_VERSION_MISSING' });
  });
});

const madeInput = {
  type: 'request.made',
  id: 'made',
  data: { from: 'a', to: 'b', cents: 1 },
  streamId: 'request-t',
  recordedAt: '2026-01-01T00:00:00.000Z',
};
