import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { message, sequence, type Shop, test } from './consumer-test.ts';

const first = { lineage: 'first' };
const second = { lineage: 'second' };

describe('a message that came before', () => {
  test('changes nothing, and is acknowledged', async ({ shop }) => {
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3]));
    const before = await shop.row('a');
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3]));
    expect(await shop.row('a')).toEqual(before);
    expect(await shop.effects('a')).toEqual([1, 2, 3]);
  });

  test('with a lineage that is new makes the key unsure, until the last message is seen with it', async ({
    shop,
  }) => {
    const consumer = await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 1, second)));
    expect(await shop.row('a')).toMatchObject({ unsure: true, lineage: 'first' });
    expect(await consumer.status()).toMatchObject({ unsureKeys: 1, parkedKeys: 0 });
    await shop.acknowledged(shop.broker.send(message('a', 2, { ...second, previous: 1 })));
    expect(await shop.row('a')).toMatchObject({
      unsure: false,
      lineage: 'second',
      former_lineages: ['first'],
    });
    await shop.acknowledged(shop.broker.send(message('a', 3, { ...second, previous: 2 })));
    expect(await shop.effects('a')).toEqual([1, 2, 3]);
    expect(shop.incidents).toEqual([]);
  });

  test('with the lineage before the present one does not make the key unsure', async ({ shop }) => {
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 3, { ...second, previous: 2 })));
    await shop.acknowledged(shop.broker.send(message('a', 1, first)));
    expect(await shop.row('a')).toMatchObject({ unsure: false, lineage: 'second' });
    await shop.acknowledged(shop.broker.send(message('a', 4, { ...second, previous: 3 })));
    expect(await shop.effects('a')).toEqual([1, 2, 3, 4]);
  });
});

describe('a message that is set aside twice, by two lineages of its source', () => {
  const suspected = async ({ broker }: Shop) => [
    broker.send(message('a', 1, second)), // late
    broker.send(message('a', 5, { ...second, previous: 4 })),
  ];

  test.for([
    ['the newer one last', first, second],
    ['the newer one first', second, first],
  ] as const)('is known by both of them: %s', async ([, one, other], { shop }) => {
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 4, { ...one, previous: 3 })));
    await shop.acknowledged(shop.broker.send(message('a', 4, { ...other, previous: 3 })));
    await shop.acknowledged(shop.broker.send(message('a', 3, { ...first, previous: 2 })));
    await shop.untilEffects('a', [1, 2, 3, 4]);
    await shop.acknowledged(...(await suspected(shop)));
    await shop.untilEffects('a', [1, 2, 3, 4, 5]);
    expect(await shop.row('a')).toMatchObject({ blocked: null, unsure: false, lineage: 'second' });
  });

  test('is known by both of them when another process has handled it meanwhile', async ({ shop }) => {
    const consumer = await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 4, { ...second, previous: 3 })));
    await consumer.stop();
    for (const position of [3, 4])
      await shop.pool.query(
        `select "${shop.schema}".receive('shipping', '/shop/orders', 'a', $1, $2, $3, 'first')`,
        [sequence(position), `event-${position}`, sequence(position - 1)],
      );
    await shop.started();
    await until(async () => (await shop.row('a'))?.['blocked'] === null);
    await shop.acknowledged(...(await suspected(shop)));
    await shop.untilEffects('a', [1, 2, 5]);
  });
});

describe('a source whose log went back', () => {
  test('is found by another message in the place of the last one', async ({ shop }) => {
    guarantee('messages-of-a-log-that-went-back');
    const consumer = await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 2, { ...second, previous: 1, id: 'other' })));
    await shop.acknowledged(shop.broker.send(message('a', 3, { ...second, previous: 2 })));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect(shop.codes()).toEqual(['SOURCE_REWOUND']);
    expect(await consumer.parked.list()).toMatchObject([{ key: 'a', reason: 'fork', messages: 2 }]);
    expect(await consumer.status()).toMatchObject({ parkedKeys: 1 });
  });

  test('is found by a message that follows an earlier one than the last', async ({ shop }) => {
    guarantee('messages-of-a-log-that-went-back');
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 34, { ...second, previous: 1 })));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect(shop.codes()).toEqual(['SOURCE_REWOUND']);
  });

  test('is suspected by a message after the last one of an unsure key, and goes on when it was not', async ({
    shop,
  }) => {
    guarantee('messages-of-a-log-that-went-back');
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 1, second)));
    await shop.acknowledged(shop.broker.send(message('a', 3, { ...second, previous: 2 })));
    await shop.acknowledged(shop.broker.send(message('a', 4, { ...second, previous: 3 })));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect(shop.codes()).toEqual(['SOURCE_REWOUND']);
    // The message that was waited for was late: the log of the source has what was handled.
    await shop.acknowledged(shop.broker.send(message('a', 2, { ...second, previous: 1 })));
    await shop.untilEffects('a', [1, 2, 3, 4]);
    await until(async () => (await shop.row('a'))?.['blocked'] === null);
  });

  test('is not forgiven by the last message once another was seen in its place', async ({ shop }) => {
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await shop.acknowledged(shop.broker.send(message('a', 2, { ...second, previous: 1, id: 'other' })));
    await shop.acknowledged(shop.broker.send(message('a', 2, { ...second, previous: 1 })));
    expect(await shop.row('a')).toMatchObject({ blocked: 'fork', lineage: 'first' });
  });

  test('goes on with the log as it is when an operator says so', async ({ shop }) => {
    const consumer = await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 5]));
    await shop.acknowledged(shop.broker.send(message('a', 7, { ...second, previous: 2 })));
    await shop.acknowledged(shop.broker.send(message('a', 8, { ...second, previous: 7 })));
    const place = { source: '/shop/orders', key: 'a' };
    await expect(consumer.parked.resume(place)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await consumer.parked.resume(place, { skipMissing: true });
    await shop.untilEffects('a', [1, 2, 5, 7, 8]);
    await shop.acknowledged(shop.broker.send(message('a', 9, { ...second, previous: 8 })));
    expect(await shop.effects('a')).toEqual([1, 2, 5, 7, 8, 9]);
  });
});

describe('a gap', () => {
  test('is waited for, and what came after it follows in order', async ({ shop }) => {
    guarantee('messages-in-order');
    const consumer = await shop.started();
    const chain = [1, 2, 3, 4, 5].map((position) =>
      message('a', position, { previous: position - 1 || undefined }),
    );
    for (const place of [0, 4, 2, 3]) await shop.acknowledged(shop.broker.send(chain[place]!));
    expect(await shop.effects('a')).toEqual([1]);
    expect(await consumer.parked.messages({ source: '/shop/orders', key: 'a' })).toHaveLength(3);
    await shop.acknowledged(shop.broker.send(chain[1]!));
    await shop.untilEffects('a', [1, 2, 3, 4, 5]);
    await until(async () => (await shop.row('a'))?.['blocked'] === null);
    expect(await consumer.parked.messages({ source: '/shop/orders', key: 'a' })).toEqual([]);
    expect(shop.incidents).toEqual([]);
  });

  test('is told, once, when the missing message is late', async ({ shop }) => {
    const consumer = await shop.started(undefined, { gapTimeoutMs: 50 });
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    await shop.acknowledged(shop.broker.send(message('a', 3, { previous: 2 })));
    await until(() => shop.incidents.length > 0);
    expect(shop.incidents[0]?.error).toMatchObject({
      code: 'MESSAGE_MISSING',
      sequence: sequence(3),
      last: sequence(1),
    });
    expect(await consumer.status()).toMatchObject({ gaps: 1, parkedKeys: 0 });
    // That of another key is told later, and the first one not again.
    await shop.acknowledged(shop.broker.send(message('b', 11)));
    await shop.acknowledged(shop.broker.send(message('b', 13, { previous: 12 })));
    await until(() => shop.incidents.some(({ error }) => (error as { key?: string }).key === 'b'));
    await shop.acknowledged(shop.broker.send(message('a', 2, { previous: 1 })));
    await shop.untilEffects('a', [1, 2, 3]);
    expect(await consumer.status()).toMatchObject({ gaps: 1 });
    expect(shop.incidents).toHaveLength(2);
  });

  test('is one too when a message after others names none before it', async ({ shop }) => {
    const consumer = await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1)), shop.broker.send(message('a', 3)));
    expect(await consumer.parked.list()).toMatchObject([{ key: 'a', reason: 'gap', last: sequence(1) }]);
    await consumer.parked.resume({ source: '/shop/orders', key: 'a' }, { skipMissing: true });
    await shop.untilEffects('a', [1, 3]);
  });

  test('of one key does not hold up others', async ({ shop }) => {
    await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    await shop.acknowledged(shop.broker.send(message('a', 5, { previous: 3 })));
    await shop.acknowledged(...shop.sendChain('b', [2, 4]));
    expect(await shop.effects()).toEqual([1, 2, 4]);
  });

  test('that is filled is continued by another process, when the one that filled it ends at once', async ({
    shop,
  }) => {
    const consumer = await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    await shop.acknowledged(shop.broker.send(message('a', 3, { previous: 2 })));
    await consumer.stop();
    // As a process leaves it that is killed after the commit of the missing message.
    await shop.pool.query(
      `select * from "${shop.schema}".receive('shipping', '/shop/orders', 'a', $1, 'event-2', $2, 'first')`,
      [sequence(2), sequence(1)],
    );
    await shop.started();
    await shop.untilEffects('a', [1, 3]);
  });
});

describe('what is no message', () => {
  test('is kept once and acknowledged, and the rest goes on', async ({ shop }) => {
    guarantee('messages-never-lost');
    const consumer = await shop.started();
    const body = new TextEncoder().encode('secret\u0000');
    const rubbish = { attributes: { any: 'secret\u0000\ud800' }, body, contentType: undefined };
    const foreign = message('a', 1, { source: '/other' });
    await shop.acknowledged(
      ...[rubbish, rubbish, foreign, message('a', 2)].map((one) => shop.broker.send(one)),
    );
    expect(await shop.effects()).toEqual([2]);
    const unplaced = await consumer.parked.unplaced();
    expect(unplaced.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('attribute "specversion" is missing'),
      expect.stringContaining('names none of the sources'),
    ]);
    expect(Buffer.from(unplaced[0]!.body).equals(Buffer.from(body))).toBe(true);
    expect(shop.codes()).toEqual(['INVALID_MESSAGE', 'INVALID_MESSAGE', 'INVALID_MESSAGE']);
    expect(JSON.stringify(shop.incidents.map(({ error }) => (error as Error).message))).not.toContain(
      'secret',
    );
    expect(await consumer.status()).toMatchObject({ unplaced: 2, parkedKeys: 0 });
    const { key } = unplaced[0]!;
    expect(await consumer.parked.giveUp({ source: '', key }, { by: 'ada', reason: 'a test' })).toBe(1);
    expect(await consumer.parked.unplaced()).toHaveLength(1);
    expect(await consumer.parked.givenUp()).toMatchObject([
      { key, givenUp: { by: 'ada', reason: 'a test' } },
    ]);
  });

  test('is handled when its source is added', async ({ shop }) => {
    const consumer = await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1, { source: '/other' })));
    await consumer.stop();
    const next = await shop.started(undefined, { sources: ['/shop/orders', '/other'] });
    expect(await next.parked.resumeUnplaced()).toBe(1);
    expect(await shop.effects('a')).toEqual([1]);
    expect(await next.parked.unplaced()).toEqual([]);
  });
});
