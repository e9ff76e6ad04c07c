import { setTimeout as delay } from 'node:timers/promises';
import assert from 'node:assert/strict';
import { type Guarantee, idsOf, messageOf, until } from '../trial.ts';

const five = [1, 2, 3, 4, 5].map((number) => messageOf('a', number));
/** Time in which what must not come would have come. */
const SILENCE_MS = 300;

export const receivingGuarantees = {
  'no more than prefetch are in flight, and more come as they are acknowledged': async (trial) => {
    await trial.publish(five);
    const { deliveries } = await trial.receive({ prefetch: 2, acknowledge: false });
    await until(() => assert.equal(deliveries.length, 2));
    await delay(SILENCE_MS);
    assert.deepEqual(idsOf(deliveries), ['a-1', 'a-2']);
    deliveries[0]!.acknowledge();
    deliveries[0]!.acknowledge(); // once more does nothing
    await until(() => assert.equal(deliveries.length, 3));
    await delay(SILENCE_MS);
    assert.deepEqual(idsOf(deliveries), ['a-1', 'a-2', 'a-3']);
  },

  'messages of one key are received before the ones before them are acknowledged, in order': async (
    trial,
  ) => {
    await trial.publish(five);
    const { deliveries } = await trial.receive({ acknowledge: false });
    await until(() => assert.equal(deliveries.length, 5));
    assert.deepEqual(
      idsOf(deliveries),
      five.map(({ id }) => id),
    );
  },

  'what is not acknowledged is delivered again, in order and marked': async (trial) => {
    await trial.publish(five);
    const first = await trial.receive({ acknowledge: false });
    await until(() => assert.equal(first.deliveries.length, 5));
    first.deliveries[0]!.acknowledge();
    await first.close();
    first.deliveries[1]!.acknowledge(); // too late
    const { deliveries } = await trial.receive();
    await until(() => assert.ok(idsOf(deliveries).includes('a-5')));
    // An acknowledgement may be lost with the connection.
    const again = deliveries.filter(({ attributes }) => attributes['id'] !== 'a-1');
    assert.deepEqual(idsOf(again), ['a-2', 'a-3', 'a-4', 'a-5']);
    assert.deepEqual(
      again.map(({ redelivered }) => redelivered),
      [true, true, true, true],
    );
    assert.deepEqual(first.lost, []);
  },

  'what is acknowledged is not delivered again': async (trial) => {
    await trial.publish(five);
    const first = await trial.receive();
    await until(() => assert.equal(first.deliveries.length, 5));
    await first.close();
    const second = await trial.receive();
    await trial.publish([messageOf('a', 6)]);
    await until(() => assert.ok(idsOf(second.deliveries).includes('a-6')));
    assert.deepEqual(idsOf(second.deliveries), ['a-6']);
  },

  'acknowledged out of order, only what was not acknowledged comes again': async (trial) => {
    await trial.publish(five);
    const first = await trial.receive({ acknowledge: false });
    await until(() => assert.equal(first.deliveries.length, 5));
    for (const place of [4, 2, 0]) first.deliveries[place]!.acknowledge();
    await trial.publish([messageOf('b', 6)]);
    await until(() => assert.equal(first.deliveries.length, 6)); // the acknowledgements went before it
    first.deliveries[5]!.acknowledge();
    await first.close();
    const second = await trial.receive();
    await until(() => assert.ok(idsOf(second.deliveries).includes('a-4')));
    const ids = idsOf(second.deliveries).filter((id) => id === 'a-2' || id === 'a-4');
    assert.deepEqual(ids, ['a-2', 'a-4']);
  },

  'a receiver is closed once, while it has messages in flight': async (trial) => {
    await trial.publish(five);
    const first = await trial.receive({ acknowledge: false });
    await until(() => assert.equal(first.deliveries.length, 5));
    await first.close();
    await first.close();
    await delay(SILENCE_MS);
    assert.equal(first.deliveries.length, 5);
  },
} satisfies Readonly<Record<string, Guarantee>>;
