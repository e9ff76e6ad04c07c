import { type AnyReaction, defineReaction, type ReactionContext, tokenOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { takeOver } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import {
  createReactionRunner,
  type ExecuteCommand,
  type ReactionRunner,
  type ReactionRunnerOptions,
  type SubscriptionIncident,
} from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, counterEvents, openStore } from './recorder.ts';

type Handle = (amount: number, context: ReactionContext, key: string) => Promise<unknown>;
type Options = Partial<Omit<Parameters<typeof defineReaction>[0], 'on' | 'events' | 'key' | 'metadata'>>;

/** A reaction from the beginning of the log, and the amounts that it was called with. */
function reacting(handle: Handle = async () => {}, options: Options = {}) {
  const effects: number[] = [];
  const reaction = defineReaction({
    name: 'mails',
    start: 'beginning',
    retry: { attempts: 3, firstDelayMs: 5, maxDelayMs: 10 },
    ...options,
    events: [counterEvents],
    on: {
      'counter.added': async ({ data, streamId }, context) => {
        await handle(data.amount, context, streamId);
        effects.push(data.amount);
      },
    },
  });
  return { reaction, effects };
}

const noCommands: ExecuteCommand = () => Promise.reject(new Error('no commands here'));

function createRunner(
  store: PostgresEventStore,
  reactions: readonly AnyReaction[],
  options: Partial<ReactionRunnerOptions> = {},
): ReactionRunner {
  const quiet = { leaseMs: 2_000, onIncident: () => {}, execute: noCommands };
  return createReactionRunner({ ...quiet, store, reactions, ...options });
}

const append = (store: PostgresEventStore, id: string, ...amounts: readonly number[]) =>
  store.append(`counter-${id}`, amounts.map(added));

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('a reaction', () => {
  test('processes the events of a key in order, and keys side by side', async ({ store }) => {
    guarantee('reactions-in-order');
    let running = 0;
    let most = 0;
    const busy = new Set<string>();
    const { reaction, effects } = reacting(
      async (_amount, _context, key) => {
        expect(busy.has(key)).toBe(false);
        busy.add(key);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
        busy.delete(key);
      },
      { concurrency: 4 },
    );
    for (const round of range(0, 10))
      for (const id of range(0, 8)) await append(store, String(id), id * 100 + round);
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await runner.whenCaughtUp(reaction);
    for (const id of range(0, 8))
      expect(effects.filter((amount) => Math.floor(amount / 100) === id)).toEqual(range(id * 100, 10));
    expect(effects).toHaveLength(80);
    expect(most).toBe(4);
  });

  test('that fails is tried again, and holds up no other key', async ({ store }) => {
    guarantee('reactions-in-order');
    const attempts: number[] = [];
    const { reaction, effects } = reacting(
      async (amount, { attempt }) => {
        if (amount !== 1) return;
        attempts.push(attempt);
        if (attempt < 3) throw new Error('busy');
      },
      { retry: { attempts: 3, firstDelayMs: 400 } },
    );
    const { events } = await append(store, 'a', 1, 2);
    await append(store, 'b', 10, 11);
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await runner.waitFor(reaction, tokenOf(events.at(-1)), { timeoutMs: 20_000 });
    expect(effects).toEqual([10, 11, 1, 2]);
    expect(attempts).toEqual([1, 2, 3]);
    expect(await runner.status()).toMatchObject([{ state: 'running', parked: { keys: 0 } }]);
  });

  test('that stopped fails a wait for the event that failed, and for later ones, at once', async ({
    store,
  }) => {
    const { reaction } = reacting(async () => {
      throw new Error('no mail');
    });
    const { events } = await append(store, 'a', 1, 2);
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await until(async () => (await runner.status())[0]?.state === 'stopped');
    for (const event of events)
      expect(await failureOf(runner.waitFor(reaction, tokenOf(event), { timeoutMs: 5_000 }))).toMatchObject({
        code: 'SUBSCRIPTION_FAILED',
        position: 1,
      });
  });

  test('begins at any time that a Date and PostgreSQL hold', async ({ store }) => {
    await append(store, 'a', 1);
    const times = ['-004000-01-01', '0000-01-01', '+010000-01-01', '+275760-09-13'].map(
      (day) => new Date(day),
    );
    const reactions = times.map((time, index) =>
      reacting(undefined, { name: `at ${index}`, start: { time } }),
    );
    await using runner = createRunner(
      store,
      reactions.map(({ reaction }) => reaction),
    );
    await runner.start();
    for (const { reaction } of reactions) await runner.whenCaughtUp(reaction);
    expect(reactions.map(({ effects }) => effects)).toEqual([[1], [1], [], []]);
  });

  test('that fails holds up its later events, also those of the batch that is prepared meanwhile', async ({
    store,
  }) => {
    guarantee('reactions-in-order');
    const gate = new Gate();
    const effects: string[] = [];
    const reaction = defineReaction({
      name: 'mails',
      start: 'beginning',
      events: [counterEvents],
      concurrency: 1,
      onFailure: 'park',
      retry: { attempts: 2, firstDelayMs: 5 },
      // A key is parked: the keys of a batch are asked for when it is prepared.
      key: ({ streamId, data }) => {
        if ('amount' in data && data.amount === 2) gate.open();
        return streamId;
      },
      on: {
        'counter.added': async ({ data: { amount } }, { attempt }) => {
          if (amount === 0) throw new Error('parked');
          if (amount === 1) await gate.pass();
          if (amount === 1 && attempt === 1) throw new Error('busy');
          effects.push(`${amount}`);
        },
      },
    });
    await append(store, 'parked', 0);
    await using runner = createRunner(store, [reaction], { batchSize: 4 });
    await runner.start();
    await until(async () => (await runner.status())[0]?.parked?.keys === 1);
    await runner.stop();
    await append(store, 'a', 1);
    await append(store, 'b', 10, 11, 12);
    await append(store, 'a', 2);
    await using next = createRunner(store, [reaction], { batchSize: 4 });
    await next.start();
    await until(() => effects.length === 5);
    expect(effects.filter((amount) => amount.length === 1)).toEqual(['1', '2']);
  });

  test('stops at an event that fails again and again, and goes on with it when it is resumed', async ({
    store,
  }) => {
    guarantee('reactions-in-order');
    let broken = true;
    const { reaction, effects } = reacting(async (amount) => {
      if (amount === 1 && broken) throw new Error('refused');
    });
    await append(store, 'a', 1, 2);
    await append(store, 'b', 10);
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [reaction], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await until(async () => (await runner.status())[0]?.state === 'stopped');
    expect(await failureOf(runner.whenCaughtUp(reaction))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      kind: 'reaction',
      position: 1,
    });
    expect(incidents.filter(({ stopped }) => stopped)).toHaveLength(1);
    await append(store, 'b', 11);
    broken = false;
    await runner.resume(reaction);
    await runner.whenCaughtUp(reaction);
    expect(effects.filter((amount) => amount < 10)).toEqual([1, 2]);
    expect(effects.toSorted((one, other) => one - other)).toEqual([1, 2, 10, 11]);
  });

  test('that parks sets the key aside, and processes it in order when it is resumed', async ({ store }) => {
    let broken = true;
    const { reaction, effects } = reacting(
      async (amount) => {
        if (amount === 1 && broken) throw new Error('refused');
      },
      { onFailure: 'park' },
    );
    const { events } = await append(store, 'a', 1, 2);
    await append(store, 'b', 10);
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [reaction], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([10]);
    expect(await runner.parked.list(reaction)).toMatchObject([
      { key: 'counter-a', events: 2, resumeAt: undefined, failure: { attempts: 3, message: 'refused' } },
    ]);
    const attempt = { error: { message: 'refused' }, stopped: false };
    const parked = { error: { code: 'EVENT_PARKED', key: 'counter-a' }, stopped: false };
    expect(incidents).toMatchObject([attempt, attempt, parked]);
    expect(await failureOf(runner.waitFor(reaction, tokenOf(events[1])))).toMatchObject({
      code: 'EVENT_PARKED',
    });
    broken = false;
    await append(store, 'a', 3);
    await runner.parked.resume(reaction, 'counter-a');
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([10, 1, 2, 3]);
  });

  test('ends a call that takes too long, and tells the handler by its signal', async ({ store }) => {
    let aborted = false;
    const { reaction, effects } = reacting(
      async (_amount, { attempt, signal }) => {
        if (attempt > 1) return;
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve();
          });
        });
        throw new Error('aborted');
      },
      { timeoutMs: 50 },
    );
    await append(store, 'a', 1);
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(aborted).toBe(true);
    expect(effects).toEqual([1]);
  });

  test('that is stopped ends its handlers, and the next process repeats their events', async ({
    store,
    processUrl,
  }) => {
    guarantee('reactions-at-least-once');
    const gate = new Gate();
    const reasons: unknown[] = [];
    const first = reacting(async (amount, { signal }) => {
      if (amount !== 2) return;
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      await gate.pass();
    });
    await append(store, 'a', 1, 2, 3);
    await append(store, 'b', 10);
    const runner = createRunner(store, [first.reaction]);
    await runner.start();
    await gate.reached();
    await runner.stop();
    expect(reasons).toHaveLength(1);
    expect(first.effects).toEqual([1, 10]);
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const second = reacting();
    await using next = createRunner(elsewhere, [second.reaction]);
    await next.start();
    await next.whenCaughtUp(second.reaction);
    expect(second.effects).toEqual([2, 3]);
    gate.open();
  });

  test('that loses its lease records nothing; the next owner repeats what was not recorded', async ({
    adminStore: store,
    connectionString,
  }) => {
    guarantee('reactions-at-least-once');
    const gate = new Gate();
    const first = reacting((amount) => (amount === 2 ? gate.pass() : Promise.resolve()));
    await append(store, 'a', 1, 2);
    await using one = createRunner(store, [first.reaction], { leaseMs: 60_000 });
    await one.start();
    await gate.reached();
    await using elsewhere = openStore(connectionString, { schema: store.schema });
    const second = reacting();
    await using two = createRunner(elsewhere, [second.reaction], { owner: 'two' });
    await two.start();
    await takeOver(store, { name: 'mails', owner: 'two' }, two.whenCaughtUp(second.reaction));
    gate.open();
    expect(second.effects).toEqual([1, 2]);
    await until(() => first.effects.length === 2);
    expect(await two.status()).toMatchObject([{ position: 2, parked: { keys: 0 } }]);
  });

  test('fails an event whose handler does not await a command, and says so', async ({ store }) => {
    const command = { aggregate: 'counter', id: 'b', name: 'add', input: {} } as const;
    let failing = true;
    const execute: ExecuteCommand = () =>
      new Promise((_, reject) => setImmediate(() => reject(new Error('no'))));
    const { reaction, effects } = reacting(async (_amount, context) => {
      if (failing) void context.execute(command as never);
    });
    await append(store, 'a', 1);
    await using runner = createRunner(store, [reaction], { execute });
    await runner.start();
    await until(async () => (await runner.status())[0]?.state === 'stopped');
    const [status] = await runner.status();
    expect(status?.failure?.message).toContain('await the promise of execute');
    failing = false;
    await runner.resume(reaction);
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([1, 1, 1, 1]); // three attempts, and the one after the fix
  });

  test('gives its commands and keys ids that are the same when an event is processed again', async ({
    store,
  }) => {
    guarantee('commands-of-reactions-once');
    const executed: (string | undefined)[] = [];
    const keys: string[] = [];
    const execute: ExecuteCommand = async (_command, { commandId, causedBy }) => {
      executed.push(`${commandId} ${causedBy.position}`);
      return { outcome: 'rejected', command: 'counter.add', reason: 'no', token: tokenOf(causedBy) };
    };
    const command = { aggregate: 'counter', id: 'x', name: 'add', input: {} };
    const { reaction } = reacting(async (_amount, context) => {
      keys.push(context.idempotencyKey);
      const result = await context.execute(command);
      if (result.outcome === 'rejected') expect(result.reason).toBe('no');
      await context.execute(command);
      if (context.attempt === 1) throw new Error('after the commands');
    });
    await append(store, 'a', 1);
    await append(store, 'b', 2);
    await using runner = createRunner(store, [reaction], { execute });
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(executed).toHaveLength(8);
    expect(new Set(executed).size).toBe(4);
    expect(new Set(keys).size).toBe(2);
  });
});

describe('where a reaction begins', () => {
  test('is the end of the log by default, once for all processes', async ({ store, processUrl }) => {
    guarantee('no-effects-of-the-past');
    await append(store, 'a', 1, 2);
    const { reaction, effects } = reacting(undefined, { start: 'end' });
    await createRunner(store, [reaction]).migrate();
    await append(store, 'a', 3);
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    await createRunner(elsewhere, [reaction]).migrate();
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([3]);
  });

  test('can be a position or a time', async ({ store }) => {
    await append(store, 'a', 1, 2);
    const { events } = await append(store, 'a', 3);
    await append(store, 'a', 4);
    const starts = [
      [{ position: 2 }, [3, 4]],
      [{ time: events[0]!.recordedAt }, [3, 4]],
      [{ time: new Date(0) }, [1, 2, 3, 4]],
      [{ time: new Date(Date.now() + 60_000) }, []],
      [{ position: 1_000 }, []],
    ] as const;
    for (const [index, [start, expected]] of starts.entries()) {
      const { reaction, effects } = reacting(undefined, { name: `from-${index}`, start });
      await using runner = createRunner(store, [reaction]);
      await runner.start();
      await runner.whenCaughtUp(reaction);
      expect(effects, JSON.stringify(start)).toEqual(expected);
    }
  });

  test('is for a raised version where the older one is, which ends', async ({ store, processUrl }) => {
    guarantee('no-effects-of-the-past');
    const old = reacting(
      async (amount) => {
        if (amount === 2) throw new Error('refused');
      },
      { onFailure: 'park' },
    );
    await append(store, 'a', 1, 2);
    await using first = createRunner(store, [old.reaction], { leaseMs: 300 });
    await first.start();
    await first.whenCaughtUp(old.reaction);
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const raised = reacting(undefined, { version: 2 });
    await using second = createRunner(elsewhere, [raised.reaction], { leaseMs: 300 });
    await second.start();
    await append(store, 'b', 10);
    await second.whenCaughtUp(raised.reaction);
    expect(raised.effects).toEqual([10]);
    await until(async () => (await first.status())[0]?.state === 'outdated');
    expect(old.effects).toEqual([1]);
    // What was parked is parked in the new version.
    expect(await second.parked.list(raised.reaction)).toMatchObject([{ key: 'counter-a', events: 1 }]);
    await second.parked.resume(raised.reaction, 'counter-a');
    await second.whenCaughtUp(raised.reaction);
    expect(raised.effects).toEqual([10, 2]);
  });

  test('is the beginning after a reset, which has to be asked for', async ({ store }) => {
    guarantee('no-effects-of-the-past');
    const { reaction, effects } = reacting();
    await append(store, 'a', 1);
    await using runner = createRunner(store, [reaction]);
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(await failureOf(runner.reset(reaction, {} as never))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await runner.reset(reaction, { repeatEffects: true });
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([1, 1]);
  });
});
