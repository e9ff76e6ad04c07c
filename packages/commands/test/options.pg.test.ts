import { defineDecision, InvalidArgumentError } from '@leftfold/core';
import { account, accountEvents, transfer } from '@leftfold/testbed/bank';
import { courseEvents, seats } from '@leftfold/testbed/courses';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { accepted, type CommandMiddleware, createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const test = bankTest.extend(
  'metadataOf',
  ({ store }) =>
    async (streamId: string) =>
      (await recordedOf(store, streamId)).map(({ metadata }) => metadata),
);

describe('expected', () => {
  test('that does not match the stream is a conflict without a retry', async ({ store }) => {
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    const command = account.command.deposit('expecting', { cents: 1 });
    await bank.execute(command, { expectedVersion: 'no-stream' });
    await bank.execute(command, { expectedVersion: 1 });
    await bank.execute(command, { expectedVersion: 'stream-exists' });
    for (const expectedVersion of [1, 7, 'no-stream'] as const) {
      watched.calls.length = 0;
      await expect(bank.execute(command, { expectedVersion })).rejects.toMatchObject({
        code: 'STREAM_VERSION_CONFLICT',
        expectedVersion,
        actual: 3,
      });
      expect(watched.calls).toEqual(['readStream']);
    }
  });

  test('is also a conflict when another writer appends between decide and append', async ({ store }) => {
    const watched = new WatchedStore(store);
    const other = openBank(store);
    await other.execute(account.command.open('between', { owner: 'Ada' }));
    watched.beforeAppend = async () => {
      watched.beforeAppend = async () => {};
      await other.execute(account.command.deposit('between', { cents: 1 }));
    };
    await expect(
      openBank(watched).execute(account.command.deposit('between', { cents: 1 }), { expectedVersion: 1 }),
    ).rejects.toMatchObject({ code: 'STREAM_VERSION_CONFLICT', expectedVersion: 1, actual: 2 });
  });

  test('of a decision is given by role', async ({ bank }) => {
    await bank.execute(account.command.deposit('role-a', { cents: 5 }));
    await bank.execute(account.command.open('role-b', { owner: 'Bob' }));
    const command = transfer.command({ from: 'role-a', to: 'role-b', cents: 1 });
    await expect(bank.execute(command, { expectedVersion: { from: 3 } })).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      streamId: 'account-role-a',
    });
    expect(await bank.execute(command, { expectedVersion: { from: 1, to: 1 } })).toMatchObject({
      outcome: 'accepted',
      streamVersions: { from: 2, to: 2 },
    });
  });
});

describe('retry', () => {
  test('is bounded: the last conflict reaches the caller', async ({ store }) => {
    const watched = new WatchedStore(store);
    const other = openBank(store);
    watched.beforeAppend = async () => {
      await other.execute(account.command.deposit('contended', { cents: 1 }));
    };
    const bank = openBank(watched);
    const command = account.command.deposit('contended', { cents: 1 });
    await expect(bank.execute(command, { retry: { attempts: 3, firstDelayMs: 0 } })).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
    });
    expect(watched.count('append')).toBe(3);
    await expect(bank.execute(command, { retry: { attempts: 0 } })).rejects.toThrow(InvalidArgumentError);
  });
});

describe('metadata', () => {
  test('names the command as the cause of its events', async ({ bank, metadataOf }) => {
    await bank.execute(account.command.open('meta', { owner: 'Ada' }), {
      commandId: 'open-meta',
      metadata: {
        actor: 'ada',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        page: 'home',
      },
    });
    expect(await metadataOf('account-meta')).toEqual([
      {
        actor: 'ada',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        page: 'home',
        command: 'account.open',
        commandId: 'open-meta',
        correlationId: 'open-meta',
        causationId: 'open-meta',
        commandFingerprint: expect.stringMatching(/^[\w-]{22}$/),
      },
    ]);
  });

  test('of a command caused by an event joins its correlation', async ({ bank, metadataOf }) => {
    const first = accepted(
      await bank.execute(account.command.deposit('cause', { cents: 5 }), {
        metadata: { correlationId: 'story' },
      }),
    );
    const [causedBy] = first.events;
    await bank.execute(account.command.open('effect', { owner: 'Bob' }), { commandId: 'answer', causedBy });
    expect(await metadataOf('account-effect')).toMatchObject([
      { correlationId: 'story', causationId: causedBy?.id, commandId: 'answer' },
    ]);
  });

  test('of a decision is copied to the events of all its streams', async ({ bank, metadataOf }) => {
    await bank.execute(account.command.deposit('meta-a', { cents: 5 }));
    await bank.execute(account.command.open('meta-b', { owner: 'Bob' }));
    await bank.execute(transfer.command({ from: 'meta-a', to: 'meta-b', cents: 5 }), {
      metadata: { actor: 'ada' },
    });
    for (const streamId of ['account-meta-a', 'account-meta-b']) {
      expect((await metadataOf(streamId)).at(-1)).toMatchObject({ actor: 'ada', command: 'transfer' });
    }
  });

  test('of the application is validated by its schema, defaults included', async ({ store, metadataOf }) => {
    const bank = createCommandExecutor({
      store,
      aggregates: [account],
      metadata: z.object({ tenant: z.string().min(1), channel: z.string().default('web') }),
    });
    const command = account.command.open('own', { owner: 'Ada' });
    await expect(bank.execute(command, { metadata: { tenant: '' } })).rejects.toMatchObject({
      code: 'INVALID_COMMAND',
      message: expect.stringContaining('metadata.tenant: '),
    });
    await bank.execute(command, { metadata: { tenant: 'acme', actor: 'ada' } });
    expect(await metadataOf('account-own')).toMatchObject([{ tenant: 'acme', channel: 'web', actor: 'ada' }]);
  });
});

describe('a middleware', () => {
  test('runs around the execution, first one outermost, with command and result', async ({ store }) => {
    const log: string[] = [];
    const named =
      (name: string): CommandMiddleware =>
      async (execution, next) => {
        log.push(`${name} before ${execution.name} by ${execution.metadata.actor}`);
        const result = await next(execution);
        log.push(`${name} after ${result.outcome}`);
        return result;
      };
    const bank = createCommandExecutor({
      store,
      aggregates: [account],
      middleware: [named('a'), named('b')],
    });
    await bank.execute(account.command.open('onion', { owner: 'Ada' }), { metadata: { actor: 'ada' } });
    expect(log).toEqual([
      'a before account.open by ada',
      'b before account.open by ada',
      'b after accepted',
      'a after accepted',
    ]);
  });

  test('can add metadata, required fields included, but not rename the command', async ({
    store,
    metadataOf,
  }) => {
    const asTenant: CommandMiddleware = (execution, next) =>
      next({
        ...execution,
        metadata: { ...execution.metadata, tenant: 'acme', command: 'other', commandId: 'other' },
      });
    const bank = createCommandExecutor({
      store,
      aggregates: [account],
      metadata: z.object({ tenant: z.string().optional() }),
      middleware: [asTenant],
    });
    await bank.execute(account.command.open('tenanted', { owner: 'Ada' }), { commandId: 'mine' });
    expect(await metadataOf('account-tenanted')).toMatchObject([
      { tenant: 'acme', command: 'account.open', commandId: 'mine' },
    ]);
  });

  test('that throws prevents the execution', async ({ store }) => {
    const error = new Error('not allowed');
    const bank = createCommandExecutor({
      store,
      aggregates: [account],
      middleware: [() => Promise.reject(error)],
    });
    await expect(bank.execute(account.command.open('forbidden', { owner: 'Ada' }))).rejects.toBe(error);
    expect(await recordedOf(store, 'account-forbidden')).toEqual([]);
  });
});

test('one aggregate in two roles is an error that names both', async ({ bank }) => {
  await expect(bank.execute(transfer.command({ from: 'me', to: 'me', cents: 1 }))).rejects.toMatchObject({
    code: 'INVALID_COMMAND',
    message: expect.stringContaining('roles "from" and "to" are the same aggregate, "account-me"'),
  });
});

test('a decision reads only aggregates that were given', async ({ store }) => {
  await using bank = createCommandExecutor({ store, aggregates: [], decisions: [transfer] });
  await expect(bank.execute(transfer.command({ from: 'a', to: 'b', cents: 1 }))).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    message:
      'decision "transfer" reads aggregate "account", which is not one of those given in aggregates; pass its definition',
  });
});

test('an event of an aggregate goes to no aggregate by chance', async ({ store }) => {
  const stray = defineDecision({
    name: 'stray',
    input: z.object({}),
    events: [accountEvents],
    reads: () => ({}),
    decide: (_states, _input, emit) => emit.account.deposited({ cents: 1 }),
  });
  await using bank = createCommandExecutor({ store, aggregates: [account], decisions: [stray] });
  await expect(bank.execute(stray.command({}))).rejects.toMatchObject({
    code: 'INVALID_DEFINITION',
    message: expect.stringContaining(
      'event "account.deposited", which belongs to aggregate "account", and nothing says to which; read account.at(id)',
    ),
  });
});

test('a decision that reads nothing is appended without a condition', async ({ store }) => {
  const note = defineDecision({
    name: 'note',
    input: z.object({ text: z.string() }),
    events: [courseEvents],
    reads: () => ({ none: [seats.for({ course: 'c' })].slice(1) }),
    decide: (_states, { text }, emit) => emit.course.announced({ text }),
  });
  await using bank = createCommandExecutor({ store, aggregates: [], decisions: [note] });
  const { events } = accepted(await bank.execute(note.command({ text: 'a' }), { commandId: 'note-1' }));
  expect(events.map(({ streamId }) => streamId)).toEqual(['course-note-1']);
});

test('two definitions with one name are an error of createCommandExecutor', ({ store }) => {
  const twice = () => createCommandExecutor({ store, aggregates: [account, { ...account }] });
  expect(twice).toThrow(expect.objectContaining({ code: 'DUPLICATE_DEFINITION', definition: 'account' }));
  const decisions = () =>
    createCommandExecutor({ store, aggregates: [account], decisions: [transfer, { ...transfer }] });
  expect(decisions).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_DEFINITION', definition: 'transfer' }),
  );
});
