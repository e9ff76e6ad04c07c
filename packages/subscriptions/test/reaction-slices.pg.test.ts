import { type AnyReaction, defineReaction, type ReactionContext } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { createReactionRunner, type ReactionRunner, type ReactionRunnerOptions } from '../src/index.ts';
import { sliceOf } from '../src/subscription/slice-of.ts';
import { test } from './engine-test.ts';
import { added, counterEvents, openStore } from './recorder.ts';

type Handle = (amount: number, context: ReactionContext) => Promise<unknown>;
type Options = Partial<Omit<Parameters<typeof defineReaction>[0], 'on' | 'events' | 'key' | 'metadata'>>;

/** A reaction from the beginning of the log, and `key amount` of each call that succeeded. */
function reacting(handle: Handle = async () => {}, options: Options = {}) {
  const effects: string[] = [];
  const reaction = defineReaction({
    name: 'mails',
    start: 'beginning',
    retry: { attempts: 3, firstDelayMs: 5, maxDelayMs: 10 },
    ...options,
    events: [counterEvents],
    on: {
      'counter.added': async ({ data, streamId }, context) => {
        await handle(data.amount, context);
        effects.push(`${streamId} ${data.amount}`);
      },
    },
  });
  return { reaction, effects };
}

function createRunner(
  store: PostgresEventStore,
  reaction: AnyReaction,
  options: Partial<ReactionRunnerOptions> = {},
): ReactionRunner {
  const execute = () => Promise.reject(new Error('no commands here'));
  const quiet = { leaseMs: 2_000, onIncident: () => {}, execute };
  return createReactionRunner({ ...quiet, store, reactions: [reaction], ...options });
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Streams whose events are in a slice of so many. */
const streamsIn = (slice: number, slices: number) =>
  range(50)
    .map((number) => `counter-${number}`)
    .filter((stream) => sliceOf(stream, slices) === slice);
const [inFirst = ''] = streamsIn(0, 2);
const [inSecond = ''] = streamsIn(1, 2);

/** How many keys are parked in each slice. */
async function parkedIn({ db, schema }: PostgresEventStore): Promise<readonly number[]> {
  const { rows } = await sql<{ parked: number }>`
    select (select count(*)::integer from ${sql.id(schema, 'parked_keys')} as parked
             where (parked.name, parked.version, parked.slice) = (one.name, one.version, one.slice)) as parked
      from ${sql.id(schema, 'subscriptions')} as one
     order by slice`.execute(db);
  return rows.map(({ parked }) => parked);
}

describe('a reaction with slices', () => {
  test('is run by several processes, each event once, those of a key in order', async ({
    store,
    processUrl,
  }) => {
    guarantee('reactions-in-order', 'slices', 'even-shares');
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const one = reacting(undefined, { slices: 4 });
    const other = reacting(undefined, { slices: 4 });
    await using first = createRunner(store, one.reaction, { owner: 'first' });
    await using second = createRunner(elsewhere, other.reaction, { owner: 'second' });
    await first.start();
    await second.start();
    const leads = async (owner: string) =>
      (await first.status())[0]?.slices.filter((slice) => slice.owner?.startsWith(owner)).length;
    await until(async () => (await leads('first')) === 2 && (await leads('second')) === 2);
    for (const round of range(3))
      await Promise.all(range(20).map((id) => store.append(`counter-${id}`, [added(round)])));
    await first.whenCaughtUp(one.reaction);
    const effects = [...one.effects, ...other.effects];
    expect(effects).toHaveLength(60);
    for (const id of range(20))
      expect(effects.filter((effect) => effect.startsWith(`counter-${id} `))).toEqual(
        range(3).map((round) => `counter-${id} ${round}`),
      );
    expect(one.effects.length).toBeGreaterThan(0);
    expect(other.effects.length).toBeGreaterThan(0);
  });

  test('waits for the next attempts of keys in each slice', async ({ store }) => {
    const { reaction, effects } = reacting(
      async (amount, { attempt }) => {
        if (amount === 2 && attempt === 1) throw new Error('busy');
      },
      { slices: 2, retry: { attempts: 2, firstDelayMs: 300 } },
    );
    await store.append(inSecond, [added(2)]);
    await using runner = createRunner(store, reaction);
    await runner.start();
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([`${inSecond} 2`]);
  });

  test('keeps what is parked when their number changes', async ({ store }) => {
    guarantee('slices', 'resumes-in-order');
    let broken = true;
    const handle = async (amount: number) => {
      if (amount === 2 && broken) throw new Error('refused');
    };
    const { reaction } = reacting(handle, { onFailure: 'park' });
    await store.append(inFirst, [added(1)]);
    await store.append(inSecond, [added(2)]);
    {
      await using runner = createRunner(store, reaction);
      await runner.start();
      await runner.whenCaughtUp(reaction);
    }
    const divided = reacting(handle, { onFailure: 'park', slices: 2 });
    await using runner = createRunner(store, divided.reaction);
    await runner.start();
    await until(async () => (await parkedIn(store)).length === 2);
    expect(await parkedIn(store)).toEqual([0, 1]);
    await store.append(inSecond, [added(3)]);
    await runner.whenCaughtUp(divided.reaction);
    expect(divided.effects).toEqual([]);
    broken = false;
    await runner.parked.resume(divided.reaction, inSecond);
    await runner.whenCaughtUp(divided.reaction);
    expect(divided.effects).toEqual([`${inSecond} 2`, `${inSecond} 3`]);
  });

  test('repeats nothing when their number changes while a batch is processed', async ({ store }) => {
    guarantee('slices');
    const gate = new Gate();
    const { reaction, effects } = reacting(
      async (amount) => {
        if (amount === 1) await gate.pass();
      },
      { slices: 2 },
    );
    await using runner = createRunner(store, reaction);
    await runner.start();
    await store.append(inFirst, [added(1)]);
    await gate.reached();
    await store.append(inSecond, [added(2)]);
    await until(() => effects.length === 1);
    // Its rows are asked to stop where the second slice is.
    await using next = createRunner(store, reacting(undefined, { slices: 1 }).reaction);
    await next.migrate();
    await store.append(inFirst, [added(3)]);
    gate.open();
    await runner.whenCaughtUp(reaction);
    expect(effects).toEqual([`${inSecond} 2`, `${inFirst} 1`, `${inFirst} 3`]);
    expect(await parkedIn(store)).toHaveLength(1);
  });
});

describe('a raised version of a reaction with slices', () => {
  test('continues where the hindmost slice is: it loses nothing, and keeps what is parked', async ({
    adminStore: store,
  }) => {
    guarantee('reactions-at-least-once');
    const old = reacting(
      async (amount) => {
        if (amount === 1 || amount === 3) throw new Error('refused');
      },
      { slices: 2, onFailure: 'park' },
    );
    await store.append(inFirst, [added(1)]);
    await store.append(inSecond, [added(2), added(3), added(4)]);
    {
      await using first = createRunner(store, old.reaction);
      await first.start();
      await first.whenCaughtUp(old.reaction);
    }
    expect(old.effects).toEqual([`${inSecond} 2`]);
    // The first slice has processed nothing, and its event is not parked.
    const table = (name: string) => sql.id(store.schema, name);
    await sql`with behind as (update ${table('subscriptions')} set position = 0 where slice = 0)
              delete from ${table('parked_keys')} where slice = 0`.execute(store.db);
    const raised = reacting(undefined, { version: 2, slices: 3, onFailure: 'park' });
    await using second = createRunner(store, raised.reaction);
    await second.start();
    await second.whenCaughtUp(raised.reaction);
    expect(raised.effects).toEqual([`${inFirst} 1`]);
    expect(await second.parked.list(raised.reaction)).toMatchObject([{ key: inSecond, events: 3 }]);
    await second.parked.resume(raised.reaction, inSecond);
    await second.whenCaughtUp(raised.reaction);
    expect(raised.effects.slice(1)).toEqual([2, 3, 4].map((amount) => `${inSecond} ${amount}`));
  });

  test('is there before the older one, which then does not begin', async ({ store }) => {
    guarantee('no-effects-of-the-past');
    await store.append(inFirst, [added(1)]);
    const raised = reacting(undefined, { version: 2 });
    await using second = createRunner(store, raised.reaction);
    await second.start();
    await second.whenCaughtUp(raised.reaction);
    const old = reacting();
    await using first = createRunner(store, old.reaction);
    await first.start();
    expect(await first.status()).toMatchObject([{ state: 'outdated' }]);
    await store.append(inFirst, [added(2)]);
    await second.whenCaughtUp(raised.reaction);
    expect(raised.effects).toEqual([`${inFirst} 1`, `${inFirst} 2`]);
    expect(old.effects).toEqual([]);
  });
});
