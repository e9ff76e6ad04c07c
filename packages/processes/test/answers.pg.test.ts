import {
  type AnyCommand,
  aggregateIdOf,
  defineAggregate,
  defineEvents,
  defineProcess,
  reject,
} from '@leftfold/core';
import { takeOver } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { ExecuteProcessCommand } from '../src/index.ts';
import { make, openBank, test } from './process-test.ts';
import { account, requestEvents } from './transfers.ts';

const none = z.object({});
const doorEvents = defineEvents('door', { locked: none, opened: none });

/** Is looked at, which leaves no event, while it is not locked. */
const door = defineAggregate({
  events: doorEvents,
  initialState: { locked: false },
  evolve: { locked: () => ({ locked: true }), opened: () => ({ locked: false }) },
  commands: {
    lock: { input: none, decide: (_state, _input, emit) => emit.locked({}) },
    open: { input: none, decide: (_state, _input, emit) => emit.opened({}) },
    look: { input: none, decide: ({ locked }) => (locked ? reject('locked') : []) },
  },
});

const retry = { attempts: 2, firstDelayMs: 5 };
const ofRequest = {
  events: [requestEvents] as const,
  retry,
  starts: ['request.made'] as const,
  correlate: {
    'request.made': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
    'request.reminded': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
  },
  initialState: { seen: '' },
};

const isLook = (command: AnyCommand) => 'name' in command && command.name === 'look';

test('a command that is accepted without events, and rejected by the next owner, has one answer', async ({
  connectionString,
}) => {
  guarantee('process-commands-once');
  const looking = defineProcess({
    name: 'looking',
    ...ofRequest,
    react: {
      'request.made': (_state, _input, out, { id }) => out.execute(door.command.look(id, {}), { as: 'look' }),
      accepted: (_state, _input, out) => out.fail('accepted'),
      rejected: () => undefined,
    },
  });
  await using bank = await openBank(connectionString, [looking], [door]);
  const gate = new Gate();
  let wentOn = () => {};
  const end = new Promise<void>((resolve) => {
    wentOn = resolve;
  });
  const former: ExecuteProcessCommand = async (command, options) => {
    const { type } = command.input as { readonly type?: string };
    if (type !== 'accepted') return bank.executor.execute(command, options);
    await gate.pass();
    // A process that was paused knows of no signal yet.
    return bank.executor.execute(command, { ...options, signal: undefined }).finally(wentOn);
  };
  await bank.runner({ leaseMs: 60_000, execute: former }).start();
  await bank.execute(make('1'));
  await gate.reached();
  await bank.execute(door.command.lock('1', {}));
  const next = bank.runner({ owner: 'next' });
  await next.start();
  const rejected = until(async () => (await bank.stream('looking-1')).length === 3, { timeoutMs: 20_000 });
  await takeOver(bank.store, { name: 'looking', owner: 'next' }, rejected);
  gate.open();
  await end.catch(() => {});
  expect(await bank.stream('looking-1')).toEqual([
    'looking.started',
    'looking.received request.made',
    'looking.received rejected',
  ]);
});

describe('the next owner of a process', () => {
  test('parks an instance that it cannot go on with, and goes on with others', async ({
    connectionString,
  }) => {
    let isPoisoned = false;
    const held = defineProcess({
      name: 'held',
      ...ofRequest,
      evolve: {
        'request.made': (state, { streamId }) => {
          if (isPoisoned && streamId === 'request-poisoned') throw new Error('cannot be folded');
          return state;
        },
      },
      react: {
        'request.made': (_state, _input, out, { id }) => [
          out.execute(door.command.look(id, {})),
          out.complete(),
        ],
      },
    });
    await using bank = await openBank(connectionString, [held], [door]);
    const gate = new Gate();
    const former = bank.runner({
      execute: async (command, options) => {
        if (isLook(command)) await Promise.race([gate.pass(), once(options.signal)]);
        return bank.executor.execute(command, options);
      },
    });
    await former.start();
    for (const id of ['poisoned', 'other']) await bank.execute(make(id));
    await gate.reached();
    await until(async () => (await bank.stream('held-other')).length === 2);
    await former.stop();
    gate.open();
    isPoisoned = true;
    await using beside = bank.beside([held], [door]);
    const next = beside.runner();
    await next.start();
    expect(await next.whenEnded(held, 'other', { timeoutMs: 20_000 })).toMatchObject({ status: 'completed' });
    await until(async () => (await next.parked.list(held)).length === 1);
    expect(await next.parked.list(held)).toMatchObject([
      { key: 'poisoned', failure: { message: 'cannot be folded' } },
    ]);
  });
});

describe('an event that fails for good', () => {
  test('because its instance cannot be told is parked, and others go on', async ({ connectionString }) => {
    const picky = defineProcess({
      name: 'picky',
      ...ofRequest,
      correlate: {
        'request.made': ({ streamId }) => {
          if (streamId === 'request-odd') throw new Error('whose is it?');
          return aggregateIdOf(streamId);
        },
      },
      react: { 'request.made': (_state, _input, out) => out.complete() },
    });
    await using bank = await openBank(connectionString, [picky]);
    const runner = bank.runner();
    await runner.start();
    for (const id of ['odd', 'other']) await bank.execute(make(id));
    expect(await runner.whenEnded(picky, 'other')).toMatchObject({ status: 'completed' });
    await until(async () => (await runner.parked.list(picky)).length === 1);
    expect(await runner.parked.list(picky)).toMatchObject([
      { key: 'request-odd', failure: { message: 'whose is it?' } },
    ]);
  });

  test('because something rejects the record of its input is parked, and not lost', async ({
    connectionString,
  }) => {
    const begun = defineProcess({
      name: 'begun',
      ...ofRequest,
      react: { 'request.made': (_state, _input, out) => out.complete() },
    });
    await using bank = await openBank(connectionString, [begun]);
    let isForbidden = true;
    const runner = bank.runner({
      execute: async (command, options) =>
        isForbidden
          ? ({ outcome: 'rejected', reason: 'forbidden' } as never)
          : bank.executor.execute(command, options),
    });
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await runner.parked.list(begun))[0]?.failure.attempts === retry.attempts);
    isForbidden = false;
    await runner.parked.resume(begun, '1');
    expect(await runner.whenEnded(begun, '1')).toMatchObject({ status: 'completed' });
  });

  test('leaves its instance the deadlines that stand beside the command', async ({ connectionString }) => {
    const broken = defineProcess({
      name: 'broken',
      ...ofRequest,
      deadlines: ['late'],
      react: {
        'request.made': (_state, _input, out) => [
          out.execute({ aggregate: 'unknown', id: '1', name: 'do', input: {} }),
          out.schedule('late', { afterMs: 10 }),
        ],
        deadline: (_state, _input, out) => out.fail('too late'),
      },
    });
    await using bank = await openBank(connectionString, [broken]);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await runner.parked.list(broken)).length === 1);
    await runner.parked.giveUp(broken, '1', { by: 'ada', reason: 'there is no such command' });
    expect(await runner.whenEnded(broken, '1', { timeoutMs: 20_000 })).toMatchObject({
      status: 'failed',
      failure: 'too late',
    });
  });
});

test('a retry issues all commands that were rejected, also those whose rejection came later', async ({
  connectionString,
}) => {
  const withdrawals = defineProcess({
    name: 'withdrawals',
    ...ofRequest,
    react: {
      'request.made': (_state, _input, out, { id }) => [
        out.execute(account.command.withdraw('a', { transferId: id, cents: 100 })),
        out.execute(account.command.withdraw('a', { transferId: id, cents: 200 })),
      ],
    },
  });
  await using bank = await openBank(connectionString, [withdrawals]);
  await bank.execute(account.command.open('a', { cents: 0 }));
  const gate = new Gate();
  let commands = 0;
  const runner = bank.runner({
    execute: async (command, options) => {
      if ('name' in command && command.name === 'withdraw' && (commands += 1) === 2) await gate.pass();
      return bank.executor.execute(command, options);
    },
  });
  await runner.start();
  await bank.execute(make('1'));
  // The first one is rejected, and so the instance has failed; the second one is on its way.
  await gate.reached();
  await runner.retry(withdrawals, '1', { reason: 'once more' });
  gate.open();
  await until(
    async () => (await bank.stream('withdrawals-1')).filter((one) => one.endsWith('rejected')).length === 3,
  );
  await runner.whenCaughtUp(withdrawals);
  await bank.execute(account.command.deposit('a', { transferId: 'none', cents: 300 }));
  await runner.retry(withdrawals, '1', { reason: 'there is money now' });
  await until(async () => (await bank.balance('a')) === 0);
});

function once(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, refuse) => {
    signal?.addEventListener('abort', () => refuse(new Error('ended')), { once: true });
  });
}
