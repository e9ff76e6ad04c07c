import type { EventQuery, NewEvent } from '@leftfold/core';
import { accountEvents, opened } from '@leftfold/testbed/bank';
import { beginTransaction, disposeAfter, type OpenTransaction } from '@leftfold/testbed/database';
import { pauseFunction } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, positionsOf, test as storeTest } from './store-test.ts';

const FAILED = { code: 'APPEND_CONDITION_FAILED' };
const tagged = (event: NewEvent, ...tags: readonly string[]): NewEvent => ({ ...event, tags });
const TAGS = ['a:1', 'b:1'];
/** The event that every form matches, and one that those with a type do not. */
const matching = tagged(opened, ...TAGS);
const deposited = accountEvents.create.deposited({ cents: 5 });
const withdrawn = accountEvents.create.withdrawn({ cents: 5 });

const test = storeTest
  .extend('other', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database.connectionString)),
  )
  .extend(
    'begin',
    ({ database }) =>
      () =>
        beginTransaction(database.connectionString),
  );

type Form = readonly [name: string, query: EventQuery | readonly EventQuery[]];

/** Queries, each of which matches the event "account.opened" with both tags in a stream of accounts. */
const forms: readonly Form[] = [
  ['a tag', { tags: ['a:1'] }],
  ['several tags', { tags: ['b:1', 'a:1'] }],
  ['a tag and types', { tags: ['a:1'], types: ['account.opened'] }],
  ['a tag, a category and a type', { tags: ['b:1'], category: 'account', types: ['account.opened'] }],
  ['several queries', [{ tags: ['none:1'] }, { tags: ['a:1', 'b:1'] }]],
  ['a type', { types: ['account.opened'] }],
  ['a category and a type', { category: 'account', types: ['account.opened'] }],
  ['two queries', [{ tags: ['none:1'] }, { types: ['account.deposited', 'account.opened'] }]],
  ['a category', { category: 'account' }],
  ['no part', {}],
];

/** Queries that exclude nothing of what those above lock, except those that lock all appends. */
const disjointForms: readonly Form[] = [
  ['a tag', { tags: ['free:1'] }],
  ['several tags', { tags: ['free:1', 'a:1'] }],
  ['a tag and types', { tags: ['free:1'], types: ['account.opened'] }],
  ['several queries', [{ tags: ['free:1'] }, { tags: ['free:2', 'b:1'] }]],
  ['a type', { types: ['account.withdrawn'] }],
  ['a category and a type', { category: 'account', types: ['account.withdrawn'] }],
];

/** The ways into the log that write one event, and what they are. */
const writers: readonly (readonly [
  string,
  (transaction: OpenTransaction, streamId: string, store: PostgresEventStore) => Promise<unknown>,
])[] = [
  [
    '_append_batch',
    ({ client }, streamId, store) => store.append(streamId, [matching], { transaction: client }),
  ],
  [
    '_append_batch of two types',
    ({ client }, streamId, store) => store.append(streamId, [deposited, matching], { transaction: client }),
  ],
  [
    '_append_one',
    ({ client }, streamId) =>
      client.query(
        `select leftfold._append_one($1, -1, $1, 'account.opened', 1, '{"owner": "Ada"}', '{}', $2)`,
        [streamId, TAGS],
      ),
  ],
  [
    'append in SQL',
    ({ client }, streamId) =>
      client.query('select leftfold.append($1, $2)', [
        streamId,
        JSON.stringify([{ type: 'account.opened', data: { owner: 'Ada' }, tags: TAGS }]),
      ]),
  ],
];

describe.for(forms)('a condition of %s', ([form, failIfMatch]) => {
  test.for(writers)(
    'waits for an open append (%s), and fails when that commits',
    async ([name, write], { store, other, begin }) => {
      guarantee('conditions-wait-for-appends-in-flight');
      const after = await store.highWaterMark();
      await using writer = await begin();
      await write(writer, `account-first ${form} ${name}`, store);
      const attempt = other.append(`account-second ${form} ${name}`, [], {
        condition: { failIfMatch, after },
      });
      const waiting = failureOf(attempt);
      await untilBlocked(store.pool);
      await writer.commit();
      const { position } = (await collect(store.readStream(`account-first ${form} ${name}`))).at(-1)!;
      expect(await waiting).toMatchObject({ ...FAILED, position, after });
    },
  );

  test('holds when an open append rolls back', async ({ store, other, begin }) => {
    guarantee('conditions-wait-for-appends-in-flight');
    const condition = { failIfMatch, after: await store.highWaterMark() };
    await using writer = await begin();
    await store.append(`account-undone ${form}`, [matching], { transaction: writer.client });
    const waiting = other.append(`account-made ${form}`, [matching], { condition });
    await untilBlocked(store.pool);
    await writer.rollback();
    expect(await waiting).toMatchObject({ streamVersion: 1, duplicate: false });
  });

  test('makes later appends of its events wait and follow it in the log', async ({ store, other, begin }) => {
    guarantee('conditions-hold-until-commit');
    const condition = { failIfMatch, after: await store.highWaterMark() };
    await using first = await begin();
    const { position } = await store.append(`account-decided ${form}`, [matching], {
      condition,
      transaction: first.client,
    });
    const waiting = [
      other.append(`account-later ${form}`, [matching]),
      other.append(`account-later ${form} 2`, [deposited, matching]),
    ];
    await untilBlocked(store.pool);
    await first.commit();
    for (const { events } of await Promise.all(waiting))
      for (const event of events) expect(event.position).toBeGreaterThan(position);
  });

  test('and another one do not both hold when each writes what the other excludes', async ({
    store,
    other,
    begin,
  }) => {
    guarantee('no-write-skew');
    const condition = { failIfMatch, after: await store.highWaterMark() };
    await using first = await begin();
    const { position } = await store.append(`account-left ${form}`, [matching], {
      condition,
      transaction: first.client,
    });
    const lost = failureOf(other.append(`account-right ${form}`, [matching], { condition }));
    await untilBlocked(store.pool);
    await first.commit();
    expect(await lost).toMatchObject({ ...FAILED, position });
  });

  test('holds for one of 16 transactions that wait for it at the same time', async ({ store, begin }) => {
    guarantee('no-write-skew');
    const condition = { failIfMatch, after: await store.highWaterMark() };
    await using holder = await begin();
    await store.append(`account-held ${form}`, [matching], { transaction: holder.client });
    const rivals = await Promise.all(Array.from({ length: 16 }, begin));
    const outcomes = rivals.map(async (rival, number) => {
      try {
        const { client: transaction } = rival;
        const streamId = `account-rival ${form} ${number}`;
        const { position } = await store.append(streamId, [matching], { condition, transaction });
        await rival.commit();
        return position;
      } catch (error) {
        await rival.rollback();
        return error;
      }
    });
    await untilBlocked(store.pool, { count: 16 });
    await holder.rollback();
    const [won, ...others] = (await Promise.all(outcomes)).toSorted((a) => (typeof a === 'number' ? -1 : 1));
    expect(won).toBeTypeOf('number');
    expect(others).toHaveLength(15);
    for (const lost of others) expect(lost).toMatchObject({ ...FAILED, position: won });
  });

  test('read for a decision does not wait for an append, and the decision is made after it', async ({
    store,
    begin,
  }) => {
    guarantee('decision-reads', 'conditions-wait-for-appends-in-flight');
    const { position: before } = await store.append(`account-a ${form}`, [matching]);
    await using open = await begin();
    await store.append(`account-a ${form}`, [matching], { transaction: open.client });
    const second = await store.append(`account-b ${form}`, [matching]);
    const { events, condition, era } = await store.readForDecision(failIfMatch);
    expect(positionsOf(await collect(events)).at(-1)).toBe(before);
    const waiting = failureOf(store.append(`account-decided-2 ${form}`, [deposited], { condition, era }));
    await untilBlocked(store.pool);
    await open.commit();
    expect(await waiting).toMatchObject({ ...FAILED, position: second.position });
    const again = await store.readForDecision(failIfMatch);
    expect(positionsOf(await collect(again.events)).at(-1)).toBe(second.position);
    await store.append(`account-decided-2 ${form}`, [deposited], {
      condition: again.condition,
      era: again.era,
    });
  });

  // The statements of the mark: the sequence, the locks, the newest event below both.
  test.for([2, 3])(
    'read for a decision and paused before statement %d misses no append',
    async (before, { database, store, begin }) => {
      guarantee('decision-reads');
      const ending = await begin();
      await store.append(`account-ending ${form} ${before}`, [matching], { transaction: ending.client });
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', before);
      await using reader = openStore(database.connectionString);
      const reading = reader.readForDecision(failIfMatch);
      await pause.reached();
      await ending.commit();
      const beginning = await begin();
      const late = await store.append(`account-late ${form} ${before}`, [matching], {
        transaction: beginning.client,
      });
      await store.append(`account-quick ${form} ${before}`, [matching]);
      await pause.resume();
      const { condition, events, era } = await reading;
      const seen = positionsOf(await collect(events));
      expect(condition.after).toBeLessThan(late.position);
      await beginning.commit();
      const all = positionsOf(await collect((await store.readForDecision(failIfMatch)).events));
      expect(seen).toEqual(all.filter((position) => position <= (condition.after ?? 0)));
      expect(
        await failureOf(store.append(`account-late ${form}`, [deposited], { condition, era })),
      ).toMatchObject(FAILED);
    },
  );
});

test.for(disjointForms)(
  'a condition of %s does not wait for conditions that exclude something else',
  async ([form, failIfMatch], { store, other, begin }) => {
    guarantee('isolated-failures');
    const after = await store.highWaterMark();
    await using holder = await begin();
    const others = forms.slice(0, -2).flatMap(([, query]) => query);
    await store.append(`account-asking ${form}`, [], {
      condition: { failIfMatch: others, after },
      transaction: holder.client,
    });
    const { duplicate } = await other.append(`account-free ${form}`, [withdrawn], {
      condition: { failIfMatch, after },
    });
    expect(duplicate).toBe(false);
    await holder.commit();
  },
);

describe('a condition of types', () => {
  test('does not delay appends of other types, with tags or without', async ({ store, other, begin }) => {
    guarantee('isolated-failures');
    const condition = {
      failIfMatch: { types: ['account.opened'] as const },
      after: await store.highWaterMark(),
    };
    await using holder = await begin();
    await store.append('account-asking', [deposited], { condition, transaction: holder.client });
    await other.append('account-free', [deposited]);
    await other.append('account-free', [deposited, tagged(deposited, 'x:1')]);
    const { condition: disjoint } = await other.readForDecision({
      types: ['account.deposited'],
      tags: ['y:1'],
    });
    expect(await other.append('account-free', [deposited], { condition: disjoint })).toMatchObject({
      streamVersion: 4,
    });
  });

  test('sees what its read saw, while an append of another type is in flight', async ({ store, begin }) => {
    guarantee('decision-reads');
    await using open = await begin();
    await store.append('account-import', [deposited], { transaction: open.client });
    let last = 0;
    for (let number = 1; number <= 3; number += 1) {
      const { events, condition, era } = await store.readForDecision({ types: ['account.opened'] });
      const seen = positionsOf(await collect(events));
      if (number > 1) expect(seen.at(-1)).toBe(last);
      last = (await store.append('account-course', [opened], { condition, era })).position;
    }
    expect(await store.highWaterMark()).toBeLessThan(last);
  });
});

test('one append takes at most 512 locks on tags and 64 on types', async ({ store, begin }) => {
  guarantee('bounded-tag-locks');
  const locksOf = async ({ client }: OpenTransaction) => {
    const { rows } = await client.query<{ locks: number }>(
      `select count(*)::integer as locks from pg_locks
        where locktype = 'advisory' and objsubid = 1 and classid = 'leftfold.events'::regclass
          and pid = pg_backend_pid()`,
    );
    return rows[0]!.locks;
  };
  await using tags = await begin();
  const events = Array.from({ length: 100 }, (_, index) =>
    tagged(opened, ...Array.from({ length: 64 }, (_unused, tag) => `many:${index * 64 + tag}`)),
  );
  await store.append('account-many', events, { transaction: tags.client });
  expect(await locksOf(tags)).toBe(512 + 1);
  await tags.rollback();
  await using types = await begin();
  const ofTypes = Array.from({ length: 1000 }, (_, index) => ({ type: `many.of${index}`, data: {} }));
  await types.client.query('select leftfold.append($1, $2)', ['many-types', JSON.stringify(ofTypes)]);
  expect(await locksOf(types)).toBe(64);
});
