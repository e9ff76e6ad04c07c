import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { type Bank, make, openBank, test } from './process-test.ts';
import { paymentWithin, type PaymentOptions } from './orders.ts';
import { request } from './transfers.ts';

const open = (connectionString: string, options?: PaymentOptions) =>
  openBank(connectionString, [paymentWithin(options)]);

const payment = paymentWithin();
const paid = (id: string, cents = 300) => payment.message('payments.paid', id, { cents });
const noted = (id: string, text: string) => payment.message('payments.noted', id, { text });

async function reminders({ executor }: Bank): Promise<number> {
  const { state } = await executor.load(request, 'reminders');
  return (state as { readonly reminders: number }).reminders;
}

describe('a deadline', () => {
  test('that is over is an input, once', async ({ connectionString }) => {
    guarantee('process-inputs-once');
    await using bank = await open(connectionString, { withinMs: 50 });
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await reminders(bank)) === 1);
    await until(async () => (await runner.load(payment, '1')).deadlines[0]?.dueAt !== undefined);
    const { state, deadlines, status } = await runner.load(payment, '1');
    expect({ status, log: state.log }).toEqual({
      status: 'running',
      log: ['made', 'reminder', 'accepted reminder'],
    });
    expect(deadlines.map(({ name }) => name)).toEqual(['too-late']);
  });

  test('is due by the clock of the database, counted from when the input was recorded', async ({
    connectionString,
  }) => {
    guarantee('deadlines-by-the-database');
    await using bank = await open(connectionString, { withinMs: 120_000 });
    const runner = bank.runner();
    await runner.start();
    const made = await bank.execute(make('1'));
    await until(async () => (await runner.instances(payment)).length === 1);
    const [instance] = await runner.instances(payment);
    const { deadlines } = await runner.load(payment, '1');
    expect(made.outcome).toBe('accepted');
    expect(deadlines[0]?.dueAt?.getTime()).toBe(instance!.updatedAt.getTime() + 120_000);
  });

  test('in the past is over at once', async ({ connectionString }) => {
    await using bank = await open(connectionString, { at: new Date('2020-01-01T00:00:00Z') });
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await reminders(bank)) === 1);
  });

  test.for([-210_866_803_200_000, -62_200_000_000_000, 253_402_300_800_000, 8_640_000_000_000_000])(
    'can be at any time that a Date and PostgreSQL hold: %d',
    async (time, { connectionString }) => {
      await using bank = await open(connectionString, { at: new Date(time) });
      const runner = bank.runner();
      await runner.start();
      await bank.execute(make('1'));
      await until(async () => (await runner.instances(payment)).length === 1);
      const { deadlines } = await runner.load(payment, '1');
      if (time > 0)
        expect(deadlines).toMatchObject([{ name: 'reminder', dueAt: new Date(time), attempts: 0 }]);
      else await until(async () => (await reminders(bank)) === 1);
    },
  );

  test('that an input was waited for is cancelled by that input', async ({ connectionString }) => {
    await using bank = await open(connectionString);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await runner.instances(payment)).length === 1);
    await bank.execute(paid('1', 100));
    expect((await runner.load(payment, '1')).deadlines).toEqual([]);
    await until(async () => (await rows(bank)).length === 0);
  });

  test('that is cancelled or replaced meanwhile is ignored when it comes', async ({ connectionString }) => {
    guarantee('deadline-or-reply');
    await using bank = await open(connectionString, { withinMs: 60_000 });
    const runner = bank.runner();
    await runner.start();
    for (const id of ['cancelled', 'replaced']) await bank.execute(make(id));
    await until(async () => (await runner.instances(payment)).length === 2);
    const [stale] = await rows(bank);
    await bank.execute(noted('cancelled', 'never'));
    await bank.execute(noted('replaced', 'later'));
    for (const id of ['cancelled', 'replaced']) {
      const input = { type: 'deadline', id: 'late', name: 'reminder', number: stale!.number };
      const late = { aggregate: 'payment', id, name: 'record', input };
      expect(await bank.execute(late)).toMatchObject({ outcome: 'rejected', reason: 'deadline-over' });
    }
    await until(async () => (await rows(bank)).length === 1 && (await rows(bank))[0]?.number === 3);
    expect(await rows(bank)).toMatchObject([{ id: 'replaced', deadline: 'reminder' }]);
    expect(await reminders(bank)).toBe(0);
  });

  test('that is replaced by an earlier one is over at that time', async ({ connectionString }) => {
    await using bank = await open(connectionString);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await runner.instances(payment)).length === 1);
    await bank.execute(noted('1', 'soon'));
    await until(async () => (await reminders(bank)) === 1);
  });

  test.for(['the reply', 'the deadline'] as const)(
    'and a reply that race: %s is recorded first, and decides',
    async (first, { connectionString }) => {
      guarantee('deadline-or-reply');
      await using bank = await open(connectionString);
      const { executor } = bank;
      await bank.execute({ aggregate: 'payment', id: '1', name: 'record', input: madeInput });
      const input = { type: 'deadline', id: 'reminder 2', name: 'reminder', number: 2 };
      const reply = () => executor.execute(paid('1'), { commandId: 'reply' });
      const deadline = () => bank.execute({ aggregate: 'payment', id: '1', name: 'record', input });
      if (first === 'the reply') {
        expect(await reply()).toMatchObject({ outcome: 'accepted' });
        expect(await deadline()).toMatchObject({ outcome: 'rejected', reason: 'ended' });
      } else {
        expect(await deadline()).toMatchObject({ outcome: 'accepted' });
        expect(await reply()).toMatchObject({ outcome: 'accepted' });
      }
      const runner = bank.runner();
      const { state, status } = await runner.load(payment, '1');
      const log = first === 'the reply' ? ['made', 'paid 300'] : ['made', 'reminder', 'paid 300'];
      expect({ status, log: state.log }).toEqual({ status: 'completed', log });
    },
  );

  test('of one slice is fired by the process that leads it, however many there are', async ({
    connectionString,
  }) => {
    await using bank = await open(connectionString, { withinMs: 300, slices: 3 });
    const runners = [bank.runner(), bank.runner()];
    for (const runner of runners) await runner.start();
    const ids = Array.from({ length: 30 }, (_, index) => `p-${index}`);
    await Promise.all(ids.map((id) => bank.execute(make(id))));
    await until(async () => (await reminders(bank)) === 30);
    await until(async () => (await rows(bank)).every(({ deadline }) => deadline === 'too-late'));
  });

  test('costs one look at an index, however many are open', async ({ connectionString }) => {
    await using bank = await open(connectionString);
    const { schema, pool } = bank.store;
    await pool.query(
      `insert into "${schema}".process_deadlines (process, id, deadline, number, due_at, metadata, fire_at)
       select 'payment', 'far-' || n, 'reminder', 2, now() + interval '1 day', '{}', now() + interval '1 day'
         from generate_series(1, 100000) as n`,
    );
    const look = `select * from "${schema}"._due_deadlines('payment', 0, 3, 100)`;
    const { rows: next } = await pool.query(look);
    expect(next).toHaveLength(1);
    const blocks = async () => {
      type Plans = readonly { readonly Plan: Readonly<Record<string, number>> }[];
      const { rows: plans } = await pool.query<{ 'QUERY PLAN': Plans }>(
        `explain (analyze, buffers, format json) ${look}`,
      );
      const { 'Shared Hit Blocks': hit = 0, 'Shared Read Blocks': read = 0 } =
        plans[0]!['QUERY PLAN'][0]!.Plan;
      return hit + read;
    };
    const withoutStatistics = await blocks();
    await pool.query(`analyze "${schema}".process_deadlines`);
    expect(Math.max(withoutStatistics, await blocks())).toBeLessThan(100);
  });
});

const madeInput = {
  type: 'request.made',
  id: 'made',
  data: { from: 'a', to: 'b', cents: 300 },
  streamId: 'request-1',
  recordedAt: '2026-01-01T00:00:00.000Z',
};

async function rows({ store }: Bank) {
  const { rows: found } = await store.pool.query<{ id: string; deadline: string; number: number }>(
    `select id, deadline, number::integer as number from "${store.schema}".process_deadlines order by id`,
  );
  return found;
}
