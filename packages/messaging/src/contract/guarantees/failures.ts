import assert from 'node:assert/strict';
import { assertHas, firstOf, type Guarantee, messageOf, messagesOf, never, until } from '../trial.ts';

/** The error of a promise. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail('it must fail'),
    (error: unknown) => error,
  );
}

export const failureGuarantees = {
  'a broker that is away is TRANSPORT_UNAVAILABLE, and no password is told': async ({ subject }) => {
    const transport = subject.unreachable();
    const receiver = { consumer: 'billing', prefetch: 1, onDelivery: () => {}, onLost: () => {} };
    for (const opened of [() => transport.openPublisher(), () => transport.openReceiver(receiver)]) {
      const error = await failureOf(opened());
      assertHas(error, { code: 'TRANSPORT_UNAVAILABLE', transport: transport.name });
      assert.ok(!JSON.stringify([String(error), error]).includes('secret'));
    }
    assert.ok(!transport.name.includes('secret'));
  },

  'a message that is too large is MESSAGE_REFUSED, and those beside it are taken': async (trial) => {
    const { largestBody } = trial.subject;
    if (largestBody === undefined) return;
    const { deliveries } = await trial.receive();
    const publisher = await trial.publisher();
    const messages = [
      messageOf('a', 1),
      messageOf('b', 2, { body: new Uint8Array(largestBody + 1) }),
      messageOf('c', 3),
      messageOf('d', 4, { body: new Uint8Array(largestBody) }),
    ];
    const outcomes = [...(await publisher.publish(messages, never))];
    const [refused] = outcomes.splice(1, 1);
    assertHas(refused, { code: 'MESSAGE_REFUSED', messageId: 'b-2' });
    assert.deepEqual(outcomes, [undefined, undefined, undefined]);
    await until(() => assert.equal(firstOf(deliveries).length, 3));
    assert.deepEqual(await publisher.publish([messageOf('a', 5)], never), [undefined]);
  },

  'an aborted signal ends a publish with its reason': async (trial) => {
    const publisher = await trial.publisher();
    const aborted = new AbortController();
    aborted.abort(new Error('stopped'));
    assertHas(await failureOf(publisher.publish([messageOf('a', 1)], aborted.signal)), {
      message: 'stopped',
    });
    const during = new AbortController();
    const publishing = publisher.publish(messagesOf(5_000, 5), during.signal);
    during.abort(new Error('stopped'));
    const outcome = await publishing.then(
      () => 'done',
      (error: unknown) => error,
    );
    if (outcome !== 'done') assertHas(outcome, { message: 'stopped' });
  },

  'a closed publisher takes nothing, and is closed again': async (trial) => {
    const publisher = await trial.publisher();
    await publisher.close();
    await publisher.close();
    for (const work of [publisher.publish([messageOf('a', 1)], never), publisher.check(never)])
      assertHas(await failureOf(work), { code: 'TRANSPORT_UNAVAILABLE' });
  },
} satisfies Readonly<Record<string, Guarantee>>;
