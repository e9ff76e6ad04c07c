import assert from 'node:assert/strict';
import { firstOf, type Guarantee, idsOf, messageOf, messagesOf, never, until } from '../trial.ts';

/** Texts that a header may not be able to carry as they are. */
const unusual = {
  quoted: 'a "quoted" text, 100 %',
  lines: 'one\r\ntwo\ttabbed',
  unicode: 'Grüße 你好 🦋',
  percent: '%41 %zz %',
  null: 'before\u0000after',
  spaces: ' around ',
  empty: '',
};

export const publishingGuarantees = {
  'each consumer gets each message, in the order of its key': async (trial) => {
    const transport = trial.transport(['billing', 'stock']);
    const messages = messagesOf(2_500, 7);
    assert.deepEqual(
      await trial.publish(messages, transport),
      messages.map(() => undefined),
    );
    for (const consumer of ['billing', 'stock']) {
      const { deliveries } = await trial.receive({ consumer, transport });
      await until(() => assert.equal(firstOf(deliveries).length, 2_500));
      for (let key = 0; key < 7; key += 1)
        assert.deepEqual(
          idsOf(firstOf(deliveries), `key ${key}`),
          messages.filter((message) => message.key === `key ${key}`).map(({ id }) => id),
        );
    }
  },

  'a message arrives as it was sent: attributes of any text, body and content type': async (trial) => {
    const { deliveries } = await trial.receive();
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const first = messageOf('a', 1, { body: bytes, contentType: 'application/octet-stream' });
    const sent = { ...first, attributes: { ...first.attributes, ...unusual } };
    const structured = messageOf('a', 2, {
      contentType: 'application/cloudevents+json',
      body: new TextEncoder().encode(JSON.stringify(messageOf('a', 2).attributes)),
    });
    const empty = messageOf('a', 3, { body: new Uint8Array() });
    const large = messageOf('a', 4, { body: new Uint8Array(500_000).fill(97) });
    const messages = [sent, structured, empty, large];
    assert.deepEqual(
      await trial.publish(messages),
      messages.map(() => undefined),
    );
    await until(() => assert.equal(deliveries.length, messages.length));
    for (const [place, message] of messages.entries()) {
      const delivery = deliveries[place]!;
      assert.equal(delivery.contentType, message.contentType);
      assert.equal(Buffer.from(delivery.body).equals(message.body), true);
    }
    assert.deepEqual(deliveries[0]?.attributes, sent.attributes);
    assert.equal(deliveries[0]?.redelivered, false);
  },

  'messages that are published again do not take the place of others': async (trial) => {
    const { deliveries } = await trial.receive();
    const messages = messagesOf(60, 3);
    const publisher = await trial.publisher();
    await publisher.publish(messages.slice(0, 40), never);
    // As after a crash between the confirmation and its record: from an earlier place, by another publisher.
    const successor = await trial.publisher();
    assert.deepEqual(await successor.publish(messages.slice(20, 50), never), Array(30).fill(undefined));
    // The one before it wakes up, and publishes what it had in hand.
    assert.deepEqual(await publisher.publish(messages.slice(40, 60), never), Array(20).fill(undefined));
    await until(() => assert.equal(firstOf(deliveries).length, 60));
    for (let key = 0; key < 3; key += 1)
      assert.deepEqual(
        idsOf(firstOf(deliveries), `key ${key}`),
        messages.filter((message) => message.key === `key ${key}`).map(({ id }) => id),
      );
  },

  'a call that begins when another one has sent its messages does not overtake them': async (trial) => {
    const { deliveries } = await trial.receive();
    const publisher = await trial.publisher();
    const messages = messagesOf(2_400, 3);
    const calls: Promise<unknown>[] = [];
    for (let from = 0; from < messages.length; from += 600)
      await new Promise<void>((goOn, fail) => {
        const call = publisher.publish(messages.slice(from, from + 600), never, goOn);
        calls.push(call);
        call.then(() => goOn(), fail);
      });
    for (const outcomes of await Promise.all(calls)) assert.deepEqual(outcomes, Array(600).fill(undefined));
    await until(() => assert.equal(deliveries.length, messages.length));
    for (let key = 0; key < 3; key += 1)
      assert.deepEqual(
        idsOf(deliveries, `key ${key}`),
        messages.filter((message) => message.key === `key ${key}`).map(({ id }) => id),
      );
  },

  'publishing nothing does nothing': async (trial) => {
    const publisher = await trial.publisher();
    assert.deepEqual(await publisher.publish([], never), []);
  },

  'a check is confirmed, and reaches no consumer': async (trial) => {
    const { deliveries } = await trial.receive();
    const publisher = await trial.publisher();
    await publisher.check(never);
    await publisher.check(never);
    assert.deepEqual(await publisher.publish([messageOf('a', 1)], never), [undefined]);
    await until(() => assert.equal(deliveries.length, 1));
    assert.deepEqual(idsOf(deliveries), ['a-1']);
  },

  'several publishers of one process do not disturb each other': async (trial) => {
    const { deliveries } = await trial.receive();
    const transport = trial.transport();
    const publishers = await Promise.all([1, 2, 3].map(() => trial.publisher(transport)));
    const batches = publishers.map((publisher, place) =>
      publisher.publish(
        Array.from({ length: 50 }, (_, index) => {
          const message = messageOf(`key ${place}`, index + 1);
          return { ...message, attributes: { ...message.attributes, source: `/contract/${place}` } };
        }),
        never,
      ),
    );
    for (const outcomes of await Promise.all(batches)) assert.deepEqual(outcomes, Array(50).fill(undefined));
    await until(() => assert.equal(firstOf(deliveries).length, 150));
    for (const place of [0, 1, 2])
      assert.deepEqual(
        idsOf(firstOf(deliveries), `key ${place}`),
        Array.from({ length: 50 }, (_, index) => `key ${place}-${index + 1}`),
      );
  },
} satisfies Readonly<Record<string, Guarantee>>;
