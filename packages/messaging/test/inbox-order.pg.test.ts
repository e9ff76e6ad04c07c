import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { message, type Shop, SOURCE, test } from './consumer-test.ts';

const at = (key: string) => ({ source: SOURCE, key });

/** As if the delays of all retries were over. */
const letDelaysEnd = ({ pool, schema }: Shop) =>
  pool.query(
    `update "${schema}".inbox set resume_at = clock_timestamp() - interval '1 second' where resume_at is not null`,
  );

describe('what the inbox has set aside', () => {
  test('is handled before newer messages of its key, also after a restart: inbox backlog first', async ({
    shop,
  }) => {
    guarantee('messages-in-order');
    let broken = true;
    const retry = { attempts: 5, firstDelayMs: 60_000 };
    const first = await shop.started(
      async () => {
        if (broken) throw new Error('no room');
      },
      { retry },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3]), ...shop.sendChain('b', [11, 12]));
    await first.stop();
    broken = false;
    // It is delivered as soon as the next process is there, which also finds the backlog then.
    const newer = [
      shop.broker.send(message('a', 4, { previous: 3 })),
      shop.broker.send(message('b', 13, { previous: 12 })),
    ];
    await letDelaysEnd(shop);
    await shop.started();
    await shop.acknowledged(...newer);
    await shop.untilEffects('a', [1, 2, 3, 4]);
    await shop.untilEffects('b', [11, 12, 13]);
  });

  test('waits for its time, and newer messages of its key behind it, after a restart', async ({ shop }) => {
    guarantee('messages-in-order');
    let broken = true;
    const retry = { attempts: 5, firstDelayMs: 60_000 };
    const first = await shop.started(
      async () => {
        if (broken) throw new Error('no room');
      },
      { retry },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await first.stop();
    broken = false;
    await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 3, { previous: 2 })));
    expect(await shop.effects('a')).toEqual([]);
    await letDelaysEnd(shop);
    await shop.untilEffects('a', [1, 2, 3]);
  });

  test('is handled in order when an operator resumes it, while newer ones come: redrive in order', async ({
    shop,
  }) => {
    guarantee('messages-in-order');
    const broken = new Set([1, 11, 12]);
    const consumer = await shop.started(
      async (amount) => {
        if (broken.has(amount)) throw new Error('no room');
      },
      { retry: { attempts: 1, firstDelayMs: 1 } },
    );
    const parkedKeys = async () => (await consumer.parked.list()).map(({ key, reason }) => [key, reason]);
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3]), ...shop.sendChain('b', [11, 12, 13]));
    expect(await parkedKeys()).toEqual([
      ['a', 'failure'],
      ['b', 'failure'],
    ]);
    broken.delete(1);
    broken.delete(11);
    const resumed = consumer.parked.resumeAll();
    const newer = [4, 5, 6].map((position) =>
      shop.broker.send(message('a', position, { previous: position - 1 })),
    );
    expect(await resumed).toBe(2);
    await shop.acknowledged(...newer, shop.broker.send(message('b', 14, { previous: 13 })));
    await shop.untilEffects('a', [1, 2, 3, 4, 5, 6]);
    // The next one of b fails now: it is parked again, with what follows it.
    await until(async () => JSON.stringify(await parkedKeys()) === JSON.stringify([['b', 'failure']]));
    expect(await shop.effects('b')).toEqual([11]);
    broken.clear();
    await consumer.parked.resume(at('b'));
    await shop.untilEffects('b', [11, 12, 13, 14]);
    // It is looked whether more is set aside after the last one is handled.
    await until(async () => (await parkedKeys()).length === 0);
  });
});
