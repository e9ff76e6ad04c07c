import type { AppendCondition, NewEvent } from '@leftfold/core';
import { opened } from '@leftfold/testbed/bank';
import { beginTransaction, disposeAfter, type OpenTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

const tagged = (...tags: readonly string[]): NewEvent => ({ ...opened, tags });

const unless = (...tags: readonly [string, ...string[]]): { readonly condition: AppendCondition } => ({
  condition: { failIfMatch: { tags } },
});

const test = storeTest
  .extend('other', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database.connectionString)),
  )
  .extend(
    'begin',
    ({ database }) =>
      () =>
        beginTransaction(database.connectionString),
  )
  .extend(
    'lengthOf',
    ({ versionsOf }) =>
      async (streamId: string) =>
        (await versionsOf(streamId)).length,
  );

describe('a condition on tags', () => {
  /** The ways into the log that write one event with the tag, and what they are. */
  const writers: readonly [
    string,
    (
      transaction: OpenTransaction,
      tag: string,
      streamId: string,
      store: PostgresEventStore,
    ) => Promise<unknown>,
  ][] = [
    [
      '_append_batch',
      ({ client }, tag, streamId, store) =>
        store.append(streamId, [tagged('x', tag)], { transaction: client }),
    ],
    [
      '_append_one',
      ({ client }, tag, streamId) =>
        client.query(
          `select leftfold._append_one($1, -1, $1, 'account.opened', 1, '{"owner": "Ada"}', '{}', $2)`,
          [streamId, ['x', tag]],
        ),
    ],
    [
      'append in SQL',
      ({ client }, tag, streamId) =>
        client.query('select leftfold.append($1, $2)', [
          streamId,
          JSON.stringify([{ type: 'account.opened', data: { owner: 'Ada' }, tags: ['x', tag] }]),
        ]),
    ],
    [
      'several streams',
      ({ client }, tag, streamId, store) =>
        store.appendToStreams(
          [
            { streamId: `${streamId}-beside`, events: [opened] },
            { streamId, events: [opened, tagged('x', tag)] },
          ],
          { transaction: client },
        ),
    ],
  ];

  test.for(writers)(
    'waits for an open append of its tag (%s), and fails when that commits',
    async ([name, write], { store, other, begin, lengthOf }) => {
      guarantee('conditions-wait-for-appends-in-flight');
      const tag = `committed:${name}`;
      await using writer = await begin();
      await write(writer, tag, `account-first ${name}`, store);
      const waiting = failureOf(other.append(`account-second ${name}`, [opened], unless(tag)));
      await untilBlocked(store.pool);
      await writer.commit();
      const { position } = (await collect(store.readStream(`account-first ${name}`))).at(-1)!;
      expect(await waiting).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position, after: 0 });
      expect(await lengthOf(`account-second ${name}`)).toBe(0);
    },
  );

  test.for(writers)(
    'waits for an open append of its tag (%s), and holds when that rolls back',
    async ([name, write], { store, other, begin }) => {
      guarantee('conditions-wait-for-appends-in-flight');
      const tag = `undone:${name}`;
      await using writer = await begin();
      await write(writer, tag, `account-undone ${name}`, store);
      const waiting = other.append(`account-made ${name}`, [opened], unless(tag));
      await untilBlocked(store.pool);
      await writer.rollback();
      expect(await waiting).toMatchObject({ streamVersion: 1, duplicate: false });
    },
  );

  test.for([1, 2])(
    'makes later appends of its tag wait and follow it in the log: %d events',
    async (amount, { store, other, begin }) => {
      guarantee('conditions-hold-until-commit');
      const tag = `held:${amount}`;
      await using first = await begin();
      const { position } = await store.append(`account-decided-${amount}`, [opened], {
        ...unless(tag),
        transaction: first.client,
      });
      const events = Array.from({ length: amount }, () => tagged('y', tag));
      const waiting = other.append(`account-later-${amount}`, events);
      await untilBlocked(store.pool);
      await first.commit();
      for (const event of (await waiting).events) expect(event.position).toBeGreaterThan(position);
    },
  );

  test.for([
    ['of one tag', unless('rival:1'), unless('rival:1')],
    ['of which one has more tags', unless('rival:2', 'rival:3'), unless('rival:2')],
    [
      'of which one has several queries',
      { condition: { failIfMatch: [{ tags: ['rival:9'] as const }, { tags: ['rival:4'] as const }] } },
      unless('rival:4'),
    ],
  ] as const)(
    'and another one %s do not both hold when each writes what the other excludes',
    async ([name, left, right], { store, other, begin, lengthOf }) => {
      guarantee('no-write-skew');
      const event = tagged('rival:1', 'rival:2', 'rival:3', 'rival:4');
      const after = await store.highWaterMark();
      const behind = ({ condition }: typeof left) => ({ condition: { ...condition, after } });
      await using first = await begin();
      const won = await store.append(`account-left ${name}`, [event], {
        ...behind(left),
        transaction: first.client,
      });
      await using second = await begin();
      const lost = failureOf(
        other.append(`account-right ${name}`, [event], { ...behind(right), transaction: second.client }),
      );
      await untilBlocked(store.pool);
      await first.commit();
      const { position } = won;
      expect(await lost).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position, after });
      // The transaction is as it was: it goes on, and its next decision rests on what it now knows.
      await store.append(`account-right ${name}`, [event], {
        condition: { ...right.condition, after: position },
        transaction: second.client,
      });
      await second.commit();
      expect(await lengthOf(`account-right ${name}`)).toBe(1);
    },
  );

  test('waits for a tag of each of its queries, whichever of several streams is written', async ({
    store,
    other,
    begin,
    lengthOf,
  }) => {
    guarantee('conditions-wait-for-appends-in-flight');
    await using writer = await begin();
    await store.append('account-several', [tagged('several:b')], { transaction: writer.client });
    const waiting = failureOf(
      other.appendToStreams(
        [
          { streamId: 'account-one', events: [opened], expectedVersion: 'no-stream' },
          { streamId: 'account-checked', events: [], expectedVersion: 'no-stream' },
        ],
        { condition: { failIfMatch: [{ tags: ['several:a'] }, { tags: ['several:b'] }] } },
      ),
    );
    await untilBlocked(store.pool);
    await writer.commit();
    expect(await waiting).toMatchObject({ code: 'APPEND_CONDITION_FAILED' });
    expect(await lengthOf('account-one')).toBe(0);
  });

  test('on several tags and streams in opposite orders waits without a deadlock', async ({
    store,
    begin,
  }) => {
    guarantee('no-deadlocks');
    const tags = Array.from({ length: 8 }, (_, index) => `order:${index}`);
    const queries = tags.map((tag) => ({ tags: [tag] as const }));
    const checks = ['account-order-a', 'account-order-b'].map((streamId) => ({ streamId, events: [] }));
    await using holder = await begin();
    await store.appendToStreams(checks, { condition: { failIfMatch: queries }, transaction: holder.client });
    const rivals = await Promise.all([begin(), begin(), begin()]);
    const written = [tags, tags.toReversed(), [...tags.slice(4), ...tags.slice(0, 4)]];
    const outcomes = rivals.map(async ({ client }, index) => {
      const order = written[index]!;
      const streams = index === 1 ? checks.toReversed() : checks;
      const write = { streamId: `account-order-${index}`, events: order.map((tag) => tagged(tag)) };
      const failIfMatch = order.map((tag) => ({ tags: [tag] as const }));
      const made = store.appendToStreams([...streams, write], {
        condition: { failIfMatch },
        transaction: client,
      });
      const outcome = await made.then(
        () => 'made',
        (error: { code?: string }) => error.code,
      );
      await client.query('commit');
      return outcome;
    });
    await untilBlocked(store.pool, { count: 3 });
    await holder.commit();
    const ended = await Promise.all(outcomes);
    expect(ended.filter((outcome) => outcome === 'made')).toHaveLength(1);
    expect(ended.filter((outcome) => outcome === 'APPEND_CONDITION_FAILED')).toHaveLength(2);
    for (const { client } of rivals) await client.end();
  });

  test('does not delay appends of other tags or none, nor do appends of one tag', async ({
    store,
    other,
    begin,
    lengthOf,
  }) => {
    const { rows } = await store.pool.query<{ tag: string }>(
      `select 'free:' || number as tag from generate_series(1, 9) as number
        where hashtext('free:' || number) & 511 <> hashtext('asked:1') & 511`,
    );
    const free = rows[0]!.tag;
    await using holder = await begin();
    await store.append('account-asking', [opened], { ...unless('asked:1'), transaction: holder.client });
    await using writer = await begin();
    await store.append('account-free', [tagged(free)], { transaction: writer.client });
    await other.append('account-untagged', [opened]);
    await other.append('account-free-too', [tagged(free)]);
    await other.append('account-free-three', [tagged(free), tagged(free)]);
    await holder.commit();
    await writer.commit();
    expect(await lengthOf('account-free-three')).toBe(2);
  });

  test('that waits delays neither the rest of its batch nor readers', async ({ store, other, begin }) => {
    guarantee('isolated-failures', 'slow-appends-block-little');
    await using holder = await begin();
    // The lock alone, without an append behind it that would hold up readers by itself.
    await holder.client.query(`select leftfold._lock_tags_and_types(array['company:1'], null)`);
    const waiting = store.append('account-patient', [opened], unless('company:1'));
    const mates = await Promise.all(
      Array.from({ length: 5 }, (_, index) => store.append(`account-company-${index}`, [opened])),
    );
    await untilBlocked(other.pool);
    const { position } = await store.append('account-company-last', [opened]);
    expect(mates).toHaveLength(5);
    expect(await store.highWaterMark()).toBeGreaterThanOrEqual(position);
    await holder.commit();
    expect(await waiting).toMatchObject({ streamVersion: 1 });
  });

  test('sees earlier appends of its own process, and no later ones', async ({ store }) => {
    guarantee('conditions-hold-until-commit');
    const outcomes = await Promise.allSettled([
      store.append('account-batch-a', [opened], unless('batch:1')),
      store.append('account-batch-b', [tagged('batch:1')]),
      store.append('account-batch-c', [opened], unless('batch:1')),
      store.append('account-batch-d', [tagged('batch:2')]),
      store.append('account-batch-e', [tagged('batch:1')], unless('batch:2')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    const [asked, written, refused] = outcomes;
    const position = written.status === 'fulfilled' && written.value.position;
    expect(asked.status === 'fulfilled' && asked.value.position).toBeLessThan(Number(position));
    expect(refused).toMatchObject({ reason: { code: 'APPEND_CONDITION_FAILED', position } });
  });

  test('sees what its own transaction has appended, and can be repeated there', async ({
    store,
    other,
    begin,
  }) => {
    guarantee('idempotent-appends');
    await using open = await begin();
    const once = { ...unless('own:1'), commandId: 'own', transaction: open.client };
    const first = await store.append('account-own', [tagged('own:1')], once);
    expect(await store.append('account-own', [tagged('own:1')], once)).toEqual({ ...first, duplicate: true });
    const next = store.append('account-own-2', [opened], { ...unless('own:1'), transaction: open.client });
    expect(await failureOf(next)).toMatchObject({
      code: 'APPEND_CONDITION_FAILED',
      position: first.position,
    });
    await open.commit();
    expect(
      await other.append('account-own', [tagged('own:1')], { ...unless('own:1'), commandId: 'own' }),
    ).toEqual({
      ...first,
      duplicate: true,
    });
  });
});
