import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { inboxSql } from '../src/index.ts';
import { sequence, SOURCE, test } from './consumer-test.ts';

describe('the SQL of an inbox', () => {
  test('is applied by any client, again and again, and is what a consumer finds', async ({ shop }) => {
    guarantee('inbox-from-sql');
    const { schema } = shop;
    await shop.pool.query(inboxSql({ schema }));
    const applied = 'select component, number, checksum, applied_at from "' + schema + '".migrations';
    const { rows: before } = await shop.pool.query(applied);
    await shop.pool.query(inboxSql({ schema }));
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect((await shop.pool.query(applied)).rows).toEqual(before);
    expect(before).toMatchObject([{ component: 'inbox', number: 1 }]);
  });

  test('creates the inbox that has no other name by default', () => {
    expect(inboxSql()).toContain('create schema "leftfold_inbox"');
    expect(inboxSql()).not.toContain(':schema');
  });

  test('is not made for what is no schema', () => {
    expect(() => inboxSql({ schema: 'a"; drop' })).toThrow('schema name');
    expect(() => inboxSql({ scheme: 'a' } as object)).toThrow('has no member "scheme"');
    expect(() => inboxSql('a' as unknown as object)).toThrow(/^options must be/);
  });
});

describe('take_due', () => {
  test('gives the next message of a key that is due, to one process, until none is', async ({ shop }) => {
    const { pool, schema } = shop;
    await pool.query(inboxSql({ schema }));
    const take = async (claimMs: number) => {
      const { rows } = await pool.query<{ key: string; sequence: string; attempts: number }>(
        `select key, sequence, attempts from "${schema}".take_due('shipping', $1)`,
        [claimMs],
      );
      return rows.map(({ key, sequence: at, attempts }) => [key, Number(at), attempts]);
    };
    const aside = (key: string, position: number, previous: number | null, retryMs: number | null) =>
      pool.query(
        `select "${schema}".record_failure('shipping', $1, $2, $3, $4, $5, 'first', '{}', '', null,
                                           'orders.placed', null, 'failed', 1, $6)`,
        [SOURCE, key, sequence(position), `event-${position}`, previous && sequence(previous), retryMs],
      );
    await aside('parked', 1, null, null);
    await aside('later', 2, null, 60_000);
    await aside('due', 3, null, 0);
    await aside('other', 4, null, 0);
    expect(await take(60_000)).toEqual([['due', 3, 2]]);
    expect(await take(0)).toEqual([['other', 4, 2]]);
    expect(await take(60_000)).toEqual([['other', 4, 3]]);
    expect(await take(60_000)).toEqual([]);
  });

  test('passes by a key that another process is at', async ({ shop }) => {
    const { pool, schema } = shop;
    await pool.query(inboxSql({ schema }));
    await pool.query(
      `insert into "${schema}".inbox (consumer, source, key, sequence, blocked, blocked_at, resume_at)
       select 'shipping', $1, key, $2, 'gap', now(), now() from unnest(array['a', 'b']) as key`,
      [SOURCE, sequence(1)],
    );
    await pool.query(
      `insert into "${schema}".inbox_messages (consumer, source, key, sequence, message_id, previous, lineage, attributes, body)
       select 'shipping', $1, key, $2, 'event-2', $3, 'first', '{}', '' from unnest(array['a', 'b']) as key`,
      [SOURCE, sequence(2), sequence(1)],
    );
    const client = await pool.connect();
    await client.query('begin');
    const take = `select key from "${schema}".take_due('shipping')`;
    const { rows: first } = await client.query(take);
    const { rows: second } = await pool.query(take);
    expect((await pool.query(take)).rows).toEqual([]);
    await client.query('commit');
    client.release();
    expect([first, second].flat().map(({ key }) => key as string)).toEqual(
      expect.arrayContaining(['a', 'b']),
    );
  });
});

describe('a program that calls the inbox by hand', () => {
  test('is refused when its message lacks a part', async ({ shop }) => {
    guarantee('messages-once');
    const { pool, schema } = shop;
    await pool.query(inboxSql({ schema }));
    const whole = ['shipping', SOURCE, 'a', sequence(2), 'event-2', sequence(1), 'first'] as const;
    const receive = async (parts: readonly (string | null)[]) =>
      (
        await pool.query<{ verdict: string }>(
          `select verdict from "${schema}".receive($1, $2, $3, $4, $5, $6, $7)`,
          [...parts],
        )
      ).rows[0]?.verdict;
    expect(await receive([...whole.slice(0, 3), sequence(1), 'event-1', null, 'first'])).toBe('apply');
    const without = whole.flatMap((_, place) =>
      [null, ''].flatMap((none) => (place === 5 && none === null ? [] : [whole.with(place, none as string)])),
    );
    for (const parts of [...without, whole.with(5, sequence(2))])
      await expect(receive(parts)).rejects.toMatchObject({ code: '22023' });
    await expect(receive(whole.with(3, '2'))).rejects.toMatchObject({ constraint: 'inbox_sequence_form' });
    expect(await receive(whole)).toBe('apply');
    expect(await receive(whole)).toBe('duplicate');
    await expect(pool.query(`select "${schema}".begin_source('shipping', 'b', null)`)).rejects.toMatchObject({
      constraint: 'inbox_source_row',
    });
    await expect(
      pool.query(`select * from "${schema}".take_next('shipping', $1, 'a', null)`, [SOURCE]),
    ).rejects.toMatchObject({ code: '22023' });
  });

  test('has its message looked at when nothing blocks the key any more', async ({ shop }) => {
    guarantee('messages-never-lost');
    const { pool, schema } = shop;
    await pool.query(inboxSql({ schema }));
    const setAside = (key: string, verdict: string | null) =>
      pool.query(
        `select "${schema}".set_aside('shipping', $1, $2, $3, 'event-1', null, 'first', $4, '{}', '', null)`,
        [SOURCE, key, sequence(1), verdict],
      );
    for (const verdict of [null, 'apply', 'duplicate'])
      await expect(setAside('a', verdict)).rejects.toMatchObject({ code: '22023' });
    await setAside('a', 'wait');
    await setAside('b', 'gap');
    const { rows } = await pool.query(`select key from "${schema}".take_due('shipping')`);
    expect(rows).toEqual([{ key: 'a' }]);
    const { rows: blocked } = await pool.query(
      `select key, blocked from "${schema}".inbox where blocked is not null order by key`,
    );
    expect(blocked).toEqual([
      { key: 'a', blocked: 'gap' },
      { key: 'b', blocked: 'gap' },
    ]);
  });
});
