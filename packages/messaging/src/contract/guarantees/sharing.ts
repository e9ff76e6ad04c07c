import assert from 'node:assert/strict';
import { assertHas, firstOf, type Guarantee, idsOf, messageOf, messagesOf, until } from '../trial.ts';

export const sharingGuarantees = {
  'a consumer that was named before gets what was published before it received': async (trial) => {
    await trial.publish([messageOf('a', 1)]);
    const { deliveries } = await trial.receive();
    await until(() => assert.deepEqual(idsOf(deliveries), ['a-1']));
  },

  'a message is refused, or kept, while no consumer has received': async (trial) => {
    const transport = trial.transport([]);
    const [outcome] = await trial.publish([messageOf('a', 1)], transport);
    if (outcome !== undefined) assertHas(outcome, { code: 'MESSAGE_REFUSED', messageId: 'a-1' });
    const { deliveries } = await trial.receive({ transport });
    assert.deepEqual(await trial.publish([messageOf('a', 2)], transport), [undefined]);
    const expected = outcome === undefined ? ['a-1', 'a-2'] : ['a-2'];
    await until(() => assert.deepEqual(idsOf(deliveries), expected));
  },

  'receivers of one consumer share its messages, each key in order': async (trial) => {
    const receivings = await Promise.all([1, 2, 3].map(() => trial.receive({ prefetch: 20 })));
    const messages = messagesOf(600, 20);
    await trial.publish(messages);
    const all = () => receivings.flatMap(({ deliveries }) => deliveries);
    await until(() => assert.equal(firstOf(all()).length, 600));
    for (const { deliveries } of receivings)
      for (let key = 0; key < 20; key += 1) {
        const ids = idsOf(firstOf(deliveries), `key ${key}`);
        assert.deepEqual(
          ids,
          messages.filter(({ id }) => ids.includes(id)).map(({ id }) => id),
        );
      }
  },

  'a receiver that joins or leaves loses nothing': async (trial) => {
    const messages = messagesOf(400, 10);
    const first = await trial.receive({ prefetch: 10 });
    await trial.publish(messages.slice(0, 200));
    const second = await trial.receive({ prefetch: 10 });
    await trial.publish(messages.slice(200, 300));
    await first.close();
    await trial.publish(messages.slice(300));
    await until(() => assert.equal(firstOf([...first.deliveries, ...second.deliveries]).length, 400));
  },

  'what a receiver has in flight goes to the others when it is closed': async (trial) => {
    const first = await trial.receive({ acknowledge: false });
    await trial.publish(messagesOf(30, 5));
    await until(() => assert.equal(first.deliveries.length, 30));
    const second = await trial.receive();
    await first.close();
    await until(() => assert.equal(firstOf(second.deliveries).length, 30));
    for (let key = 0; key < 5; key += 1)
      assert.deepEqual(idsOf(second.deliveries, `key ${key}`), idsOf(first.deliveries, `key ${key}`));
  },
} satisfies Readonly<Record<string, Guarantee>>;
